"""What --traffic and --fence choose: topologies that Farshore takes, tables that are the README's, and who may prove what."""

import argparse
import base64
import contextlib
import io
import json
import os
import re
import stat
import sys
import tempfile
import types
import unittest
from unittest import mock

SOURCE, BINARIES = os.environ["FARSHORE_SOURCE_DIR"], os.environ["FARSHORE_BINARY_DIR"]
sys.path.insert(0, os.path.join(SOURCE, "examples/lab"))
import lab  # noqa: E402
from farlab import clouds, faults, fences, plan, secrets, services, sshd, traffic  # noqa: E402

PROVING = [name for name in fences.FENCES if name != fences.NONE]


class Rendered(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="farshore-test.")
        self.addCleanup(folder.cleanup)
        self.plan = plan.Plan(state=folder.name, source=SOURCE, binaries=BINARIES, root=os.getuid() == 0)
        self.secrets = secrets.Secrets(self.plan)
        self.services = services.Services(types.SimpleNamespace(plan=self.plan), self.secrets)

    def check(self, chosen_traffic, chosen_fences):
        """Renders it and has Farshore read it; the text."""
        path = self.services.write_topology(chosen_traffic, chosen_fences)
        self.services.farshorectl("--config.file", path, "check-config")  # Trouble unless it is content
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(re.findall(r"@[A-Z_]+@", text), [])
        return text

    def test_every_way_to_move_the_name(self):
        for name, row in traffic.TRAFFIC.items():
            with self.subTest(name):
                self.assertIn(f'- kind: "{row.kind}"', self.check(name, (fences.DEFAULT,)))

    def test_every_fence(self):
        kinds = {"command": "command", "linode": "linode_power", "ssh": "ssh", "none": "command"}
        for name in fences.FENCES:
            with self.subTest(name):
                text = self.check(traffic.DEFAULT, (name,))
                self.assertEqual(text.count(f'- kind: "{kinds[name]}"'), 2)
                self.assertEqual("/bin/false" in text, name == "none")

    def test_all_fences_side_by_side(self):
        text = self.check(traffic.DEFAULT, tuple(PROVING))
        self.assertEqual(re.findall(r'server: "([a-z-]+)"', text), ["shop-us"] * 3 + ["shop-eu"] * 3)

    def test_the_files_that_it_names_are_there_and_nobody_elses(self):
        named = set()
        for name in traffic.TRAFFIC:
            named |= set(re.findall(r'(?:token|key|credentials|identity|known_hosts)_file: "([^"]+)"',
                                    self.check(name, tuple(PROVING))))
        self.assertEqual(len(named), 9)
        for path in named:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)

    def test_no_secret_is_in_it(self):
        for name in traffic.TRAFFIC:
            text = self.check(name, tuple(PROVING))
            made = [*self.secrets._made.values(), traffic.update_secret(self.secrets)]
            self.assertEqual([secret for secret in made if secret in text], [], name)


class Clouds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="farshore-test.")
        self.addCleanup(folder.cleanup)
        self.plan = plan.Plan(state=folder.name, source=SOURCE, binaries=BINARIES)
        self.secrets = secrets.Secrets(self.plan)

    def test_hold_the_name_that_the_topology_means(self):
        target = self.plan.address(plan.PRIMARY, plan.APPLICATION)
        for name, row in traffic.TRAFFIC.items():
            if row.cloud:
                state = json.dumps(clouds.CLOUDS[row.cloud].state((target, row.ttl)))
                self.assertEqual(state.count(target), 1, name)
                self.assertIn(f": {row.ttl}", state)

    def test_a_linode_that_is_only_a_fence_publishes_nothing(self):
        self.assertNotIn("domains", clouds.linode_state(None))
        self.assertIn("domains", clouds.linode_state(("10.1.0.10", 30)))

    def test_a_token_can_do_one_duty(self):
        lines = [line.split() for line in clouds.linode_tokens(self.secrets).splitlines()]
        self.assertEqual([scopes for _, *scopes in lines], [["domains:read_write"], ["linodes:read_write"]])
        self.assertEqual(len({token for token, *_ in lines}), 2)

    def test_the_power_of_an_instance_is_the_switch_of_its_machine(self):
        arguments = list(clouds.linode_power(self.plan))
        self.assertEqual(len(arguments), 4)
        for server, number in clouds.LINODE_IDS.items():
            off = f"{SOURCE}/examples/lab/fence {self.plan.power_socket()} off {server}"
            self.assertIn(f"{number}={off},/bin/false", arguments)

    def test_the_update_key_is_base64_of_256_bits(self):
        self.assertEqual(len(base64.b64decode(traffic.update_secret(self.secrets), validate=True)), 32)

    def test_without_botocore_route_53_says_what_to_install(self):
        with mock.patch.object(clouds.importlib.util, "find_spec", lambda name: None):
            self.assertIn("apt install python3-botocore", refused("--traffic", "route53"))


class Host(unittest.TestCase):
    @unittest.skipIf(not os.path.exists("/usr/bin/ssh-keygen"), "needs OpenSSH")
    def test_the_known_host_is_the_one_whose_key_it_is(self):
        with tempfile.TemporaryDirectory(prefix="farshore-test.") as folder:
            world = plan.Plan(state=folder, source=SOURCE, binaries=BINARIES)
            made = {region: sshd.fence_fields(world, secrets.Secrets(world), region)
                    for region in (plan.PRIMARY, plan.STANDBY)}
            for region, fields in made.items():
                with open(fields["known_hosts_file"], encoding="utf-8") as file:
                    address, *key = file.read().split()
                self.assertEqual(address, f"[{world.address(region, plan.POSTGRES)}]:{sshd.PORT}")
                with open(sshd.host_key(world, region) + ".pub", encoding="utf-8") as file:
                    self.assertEqual(file.read().split()[:2], key)
            self.assertEqual(len({fields["identity_file"] for fields in made.values()}), 1)


def refused(*arguments):
    """What the lab says when it does not take these options; empty when it does."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            lab.parse(arguments)
        except SystemExit as end:
            return said.getvalue() if end.code == 2 else "another end"
    return ""


class Options(unittest.TestCase):
    def test_are_powerdns_and_command_unless_told_otherwise(self):
        options = lab.parse([])
        self.assertEqual((options.traffic, options.fence, options.fault), ("powerdns", ("command",), "kill"))

    def test_a_fence_over_ssh_alone_is_shown_with_a_host_that_answers(self):
        self.assertEqual(lab.parse(["--fence", "ssh"]).fault, "pgfreeze")
        self.assertEqual(lab.parse(["--fence", "ssh,command"]).fault, "kill")
        self.assertEqual(lab.parse(["--fence", "ssh", "--fault", "kill"]).fault, "kill")

    def test_fences_stand_side_by_side_once_each(self):
        self.assertEqual(fences.parse("ssh,linode"), ("ssh", "linode"))
        for text in ("ssh,ssh", "none,ssh", "ipmi", "", "ssh,"):
            with self.assertRaises(argparse.ArgumentTypeError, msg=text):
                fences.parse(text)

    def test_what_does_not_go_together_is_refused(self):
        for arguments in (("--by-hand", "--traffic", "rfc2136"), ("--by-hand", "--fence", "ssh"),
                          ("--chaos", "1", "--fence", "linode"),
                          ("--fault", "dns-down", "--fence", "ssh"), ("--fault", "monitoring-only", "--fence", "none"),
                          ("--cloud-delay", "31"), ("--cloud-delay", "nan")):
            self.assertNotEqual(refused(*arguments), "", arguments)

    def test_what_goes_together_is_taken(self):
        for arguments in (("--by-hand", "--fence", "none"), ("--chaos", "1", "--traffic", "rfc2136"),
                          ("--fault", "dns-down", "--fence", "ssh,linode"), ("--fault", "monitoring-only", "--fence", "ssh"),
                          ("--fault", "partition", "--fence", "ssh")):
            self.assertEqual(refused(*arguments), "", arguments)


class Proof(unittest.TestCase):
    def test_over_ssh_needs_a_host_that_answers(self):
        can = {name for name, fault in faults.FAULTS.items() if fault.promotes and fences.proven(("ssh",), fault)}
        self.assertEqual(can, {"pgkill", "pgfreeze", "disk-full-wal"})

    def test_by_power_is_had_of_every_fault_and_without_a_fence_of_none(self):
        for fault in faults.FAULTS.values():
            for chosen in (("command",), ("linode",), ("ssh", "command"), ("linode", "ssh")):
                self.assertTrue(fences.proven(chosen, fault))
            self.assertFalse(fences.proven((fences.NONE,), fault))


class Tables(unittest.TestCase):
    """The README has the rows that --help has."""

    def shown(self, column):
        with open(os.path.join(SOURCE, "examples/lab/README.md"), encoding="utf-8") as file:
            section = file.read().partition(f"| `{column}` |")[2].partition("\n\n")[0]
        return re.findall(r"^\| `([a-z0-9]+)` \| (.+?) \|", section, re.MULTILINE)

    def test_traffic(self):
        self.assertEqual(self.shown("--traffic"), [(name, row.words) for name, row in traffic.TRAFFIC.items()])

    def test_fences(self):
        self.assertEqual(self.shown("--fence"), [(name, row.words) for name, row in fences.FENCES.items()])


if __name__ == "__main__":
    unittest.main(verbosity=2)
