"""The lab's own arithmetic: what it would get wrong without anybody noticing."""

import os
import signal
import struct
import subprocess
import sys
import types
import unittest

sys.path.insert(0, os.path.join(os.environ["FARSHORE_SOURCE_DIR"], "examples/lab"))
from farlab import endings, names, plan, postgres, processes, report, timeline  # noqa: E402


class Names(unittest.TestCase):
    def answer(self, identifier, flags=0x8400, ttl=1):
        asked = names.question("orders.farshore.test", identifier)
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, ttl, 4) + bytes([10, 2, 0, 10])
        return struct.pack(">HHHHHH", identifier, flags, 1, 1, 0, 0) + asked[12:] + record

    def test_reads_the_address_and_its_ttl(self):
        self.assertEqual(names.first_address(self.answer(7, ttl=3), 7), ("10.2.0.10", 3))

    def test_takes_no_answer_to_another_question(self):
        self.assertIsNone(names.first_address(self.answer(7), 8))

    def test_takes_no_error_and_no_cut_off_answer(self):
        self.assertIsNone(names.first_address(self.answer(7, flags=0x8402), 7))
        for length in range(len(self.answer(7))):
            self.assertIsNone(names.first_address(self.answer(7)[:length], 7))


class Positions(unittest.TestCase):
    def test_keep_the_high_half(self):
        self.assertEqual(postgres.lsn_bytes("1/2"), (1 << 32) + 2)
        self.assertEqual(postgres.lsn_bytes(postgres.lsn_text(0x123456789A)), 0x123456789A)


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


class ProcessGroup(unittest.TestCase):
    def tree(self):
        process = subprocess.Popen(["/bin/sh", "-c", "sleep 1000 & sleep 1000"])
        self.addCleanup(process.wait)
        self.addCleanup(processes.Group.of_tree(process.pid).kill)
        # Not only forked: a child that is stopped before its exec keeps the shell in the kernel.
        processes.wait_until(lambda: [name_of(pid) for pid in processes.descendants(process.pid)] == ["sleep"] * 2,
                             "the tree is there", 10)
        return processes.Group.of_tree(process.pid)

    def test_freezes_and_resumes_all(self):
        group = self.tree()
        group.freeze()
        self.assertEqual({processes.state(pid) for pid in group.pids()}, {"T"})
        group.resume()
        processes.wait_until(lambda: "T" not in {processes.state(pid) for pid in group.pids()}, "they run again", 10)

    def test_kills_all_though_they_are_frozen(self):
        group = self.tree()
        members = group.pids()
        group.freeze()
        group.kill()
        self.assertEqual(processes.alive(members), [])


def settle(run):
    record = {"acked_by_old_primary_after_resume": 0}
    record["problems"] = endings.failover(run, record)
    return record


def experiment(acked, present, fork, runs=(), fault="kill"):
    """A run as the accounts see it: acked is {id: position}."""
    line = timeline.Timeline(open(os.devnull, "w", encoding="utf-8"))
    line.fault_at = 100.0
    customer = types.SimpleNamespace(
        acked={order: (99.0, position, "us-east") for order, position in acked.items()}, counts={"acked": len(acked)},
        first_ack=lambda region: 104.0 if region is plan.STANDBY else 90.0)
    services = types.SimpleNamespace(actuator=lambda path: {"runs": list(runs)} if path.endswith("/runs") else runs[0])
    return types.SimpleNamespace(
        timeline=line, customer=customer, services=services, order_ids=lambda: set(present),
        database=types.SimpleNamespace(fork_position=lambda: fork),
        clinging=None, direct=None, undone_at=None, lost_at=100.0, proven=True,
        options=types.SimpleNamespace(fault=fault, fence=("command",), by_hand=not runs))


class Accounts(unittest.TestCase):
    def test_a_lost_order_beyond_the_fork_is_a_loss_and_no_fault(self):
        record = settle(experiment({"a": 100, "b": 250}, {"a"}, fork=200))
        self.assertEqual((record["acked_writes_lost"], record["lost_bytes"], record["problems"]), (1, 50, []))
        self.assertEqual(record["write_outage_seconds"], 4.0)

    def test_a_lost_order_before_the_fork_is_a_fault(self):
        record = settle(experiment({"a": 100, "b": 250}, {"b"}, fork=200))
        self.assertIn("before the fork", record["problems"][0])

    def test_a_service_that_stays_away_is_a_fault(self):
        away = experiment({"a": 100}, set(), fork=None)
        away.customer.first_ack = lambda region: None
        self.assertEqual(settle(away)["problems"], ["the service did not come back"])


class CutOff(unittest.TestCase):
    def setUp(self):
        self.run = experiment({"a": 100}, {"a"}, fork=200, fault="partition")
        self.run.customer.acked_after = lambda when, region: 0
        self.run.clinging = types.SimpleNamespace(
            acked={"c-1": (103.0, 260, "us-east"), "c-2": (105.0, 300, "us-east")},
            acked_after=lambda when, region: 1)
        self.run.direct = types.SimpleNamespace(acked={"d-1": 103.5}, acked_after=lambda when: 0)

    def test_what_the_isolated_primary_promised_before_the_new_one_wrote_is_lost(self):
        record = settle(self.run)
        self.assertEqual((record["acked_writes"], record["acked_writes_lost"], record["lost_bytes"]), (3, 2, 60))

    def test_what_it_promised_later_is_a_second_writer(self):
        record = settle(self.run)
        self.assertEqual(record["acked_by_old_primary_after_resume"], 1)
        self.assertEqual(record["problems"], ["the old primary acknowledged writes after the new one did"])

    def test_without_a_fence_a_second_writer_is_what_must_be_seen(self):
        self.run.options.fence, self.run.proven = ("none",), False
        self.assertEqual(settle(self.run)["problems"], [])
        self.run.clinging.acked_after = lambda when, region: 0
        self.assertIn("nobody saw it", settle(self.run)["problems"][0])

    def test_a_fence_that_proved_nothing_may_have_worked_later_or_not(self):
        self.run.options.fence, self.run.proven = ("ssh",), False
        self.assertEqual(settle(self.run)["problems"], [])
        self.run.clinging.acked_after = lambda when, region: 0
        self.assertEqual(settle(self.run)["problems"], [])


class Report(unittest.TestCase):
    def test_medians_leave_out_what_is_not_known(self):
        runs = [{"write_outage_seconds": value} for value in (5.0, None, 3.0, 4.0)]
        self.assertEqual(report.medians(runs), {"write_outage_seconds": 4.0})


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(60)  # a test that waits for ever would leave its processes
    unittest.main(verbosity=2)
