"""The lab's faults: their table, what they tell the network, and judges that can say no."""

import os
import sys
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.join(os.environ["FARSHORE_SOURCE_DIR"], "examples/lab"))
from farlab import endings, faults, injections, network, plan, writers  # noqa: E402


class Table(unittest.TestCase):
    def test_is_the_one_of_the_readme(self):
        with open(os.path.join(os.environ["FARSHORE_SOURCE_DIR"], "examples/lab/README.md"), encoding="utf-8") as file:
            section = file.read().partition("| `--fault` |")[2].partition("\n\n")[0]
        shown = [line for line in section.splitlines() if line.startswith("| `")]
        self.assertEqual(shown, [f"| `{name}` | {words} | {ending} |" for name, words, ending in faults.table()])

    def test_is_made_of_known_injections_and_uses_them_all(self):
        used = {name for fault in faults.FAULTS.values() for name in fault.strikes}
        self.assertEqual(used, set(injections.INJECTIONS))


class Filter(unittest.TestCase):
    """What nft is told. A bridge's own packets pass output and input, which know one interface only."""

    def setUp(self):
        self.told = []
        patch = mock.patch.object(network, "feed", lambda program, lines, pid=None: self.told.append(lines))
        patch.start()
        self.addCleanup(patch.stop)
        self.wire = network.Wire(None)

    def chains(self):
        chains, name = {}, None
        for line in self.told[-1][3:]:
            if line.startswith("chain"):
                name = line.split()[1]
                chains[name] = []
            elif line.endswith("drop"):
                chains[name].append(line)
        return chains

    def test_one_way_is_dropped_for_other_regions_and_for_the_lab_itself(self):
        self.wire.drop("none-in", [(None, plan.PRIMARY)])
        self.assertEqual(self.chains(), {"forward": ['oifname "to-1" drop'], "output": ['oifname "to-1" drop'],
                                         "input": []})

    def test_a_cut_between_two_regions_drops_nothing_else(self):
        self.wire.drop("wan", injections.CUT_WAN)
        self.assertEqual(self.chains(), {"forward": ['iifname "to-2" oifname "to-3" drop',
                                                     'iifname "to-3" oifname "to-2" drop'], "output": [], "input": []})

    def test_healing_one_leaves_the_other(self):
        self.wire.drop("none-in", [(None, plan.PRIMARY)])
        self.wire.drop("none-out", [(plan.PRIMARY, None)])
        self.wire.allow("none-in")
        self.assertEqual(self.chains(), {"forward": ['iifname "to-1" drop'], "output": [],
                                         "input": ['iifname "to-1" drop']})


class Gap(unittest.TestCase):
    def customer(self, times):
        customer = writers.Customer.__new__(writers.Customer)
        customer.acked = {str(t): (t, 0, "us-east") for t in times}
        customer._stopped_at = 10.0
        return customer

    def test_is_the_longest(self):
        self.assertEqual(self.customer([1.0, 2.0, 5.0, 9.0]).longest_gap(), 4.0)

    def test_that_has_not_ended_counts(self):
        self.assertEqual(self.customer([1.0, 2.0, 3.0]).longest_gap(), 7.0)


CONNINFO = "host=10.1.0.5"


def lab(runs=(), reign=("shop-us", 1), standby="t|host=10.1.0.5|1", switched_off=(), present=("a",), gap=0.1,
        claim=None, first_ack=None, needs="loss"):
    """A run that ended; by default one in which nothing happened."""
    detail = {"reason": "because", "facts": {"needs": needs}}
    open_run = next((run for run in runs if run["state"] == "held"), None)
    return types.SimpleNamespace(
        fenced=lambda: list(switched_off),
        all_runs=lambda: list(runs), open_run=lambda: open_run,
        cluster=lambda: {"reign": {"server": reign[0], "epoch": reign[1]}, "claim": claim},
        customer=types.SimpleNamespace(acked={"a": (1.0, 1, "us-east")}, first_ack=lambda region: first_ack,
                                       longest_gap=lambda: gap),
        services=types.SimpleNamespace(actuator=lambda path: detail),
        database=types.SimpleNamespace(sql=lambda region, text: standby, conninfo_of_standby=lambda: CONNINFO),
        order_ids=lambda region: set(present))


def run(state, promoting=False):
    return {"id": "shop-1", "state": state, "reason": "because", "promoting": promoting}


class NoFailover(unittest.TestCase):
    def problems(self, interrupted=False, **what):
        return endings.no_failover(interrupted)(lab(**what), {})

    def test_is_content_when_nothing_happened_or_all_was_refused(self):
        self.assertEqual(self.problems(), [])
        self.assertEqual(self.problems(runs=[run("refused")]), [])

    def test_sees_everything_that_moved(self):
        for what in ({"runs": [run("succeeded")]}, {"runs": [run("held")]}, {"reign": ("shop-eu", 2)},
                     {"switched_off": ["shop-us"]}, {"first_ack": 5.0}, {"standby": "f|host=10.1.0.5|0"},
                     {"standby": "t||1"}, {"standby": "t|host=10.1.0.5|0"}, {"present": ["b"]}):
            self.assertEqual(len(self.problems(**what)), 2 if what.get("standby", "").startswith("f") else 1, what)

    def test_sees_an_interruption_unless_there_may_be_one(self):
        self.assertIn("no order was acknowledged", self.problems(gap=2.0)[0])
        self.assertEqual(self.problems(gap=2.0, interrupted=True), [])


class Held(unittest.TestCase):
    def problems(self, **what):
        return endings.held("loss")(lab(**({"runs": [run("held")], "standby": "t|host=10.1.0.5|0"} | what)), {})

    def test_is_content_when_a_person_is_asked_and_nothing_was_touched(self):
        self.assertEqual(self.problems(), [])

    def test_sees_another_ending(self):
        for what in ({"runs": []}, {"runs": [run("succeeded")]}, {"runs": [run("held", promoting=True)]},
                     {"needs": "proof"}, {"claim": {"epoch": 2}}, {"switched_off": ["shop-us"]},
                     {"standby": "f|host=10.1.0.5|0"}, {"standby": "t||0"}):
            self.assertEqual(len(self.problems(**what)), 1, what)


class SmallDisk(unittest.TestCase):
    @unittest.skipIf(os.getuid() != 0, "needs namespaces")
    def test_is_full_to_the_last_page_and_has_room_again(self):
        child = os.fork()  # the mount namespace of this process stays as it is
        if child == 0:
            os._exit(0 if self.filled_and_emptied() else 1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    @staticmethod
    def filled_and_emptied():
        if not network.leave_host():
            return False
        folder = "/mnt"
        network.small_disk(folder, 1 << 20)
        one = types.SimpleNamespace(plan=types.SimpleNamespace(data_folder=lambda region: folder))

        def can_write():
            try:
                with open(os.path.join(folder, "page"), "wb", buffering=0) as page:
                    return page.write(bytes(8192)) == 8192
            except OSError:
                return False

        before = can_write()
        os.unlink(os.path.join(folder, "page"))
        injections.fill_disk(one)
        full = can_write()
        injections.make_room(one)
        return before and not full and can_write()


if __name__ == "__main__":
    unittest.main(verbosity=2)
