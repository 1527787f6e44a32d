#!/usr/bin/python3
"""examples/hooks/ansible with the real Ansible over a real ssh."""

import unittest

from hook_world import EXAMPLE, Folder, hook
from postgres_fixture import read
from sshd import BECOME, USER, Sshd


class Ansible(Folder):
    """The playbook against two hosts that are loopback, each with files of its own."""

    def setUp(self):
        super().setUp()
        self.sshd = Sshd(self.folder("ssh"), "")
        self.addCleanup(self.sshd.stop)
        hosts = ""
        for name in ("app-1", "app-2"):
            home = self.folder(name)
            self.file(f"{name}/restart", f"#!/bin/sh\n[ ! -e {home}/broken ] || exit 1\necho x >> {home}/restarts\n", 0o755)
            hosts += (f"    {name}:\n      env_file: {home}/env\n      restart: [{home}/restart]\n"
                      f"      ansible_remote_tmp: {home}/tmp\n")
        self.inventory = self.file("inventory.yml", (
            f"applications:\n  hosts:\n{hosts}  vars:\n    ansible_host: 127.0.0.1\n    ansible_port: {self.sshd.port}\n"
            f"    ansible_user: {USER}\n    ansible_ssh_private_key_file: {self.sshd.folder}/client.key\n"
            f"    ansible_python_interpreter: /usr/bin/python3\n"
            # An sshd that is not root gives no terminal away.
            f"    ansible_ssh_use_tty: false\n"
            f"    ansible_ssh_common_args: -F none -o UserKnownHostsFile={self.sshd.folder}/known_hosts\n"))

    def play(self, action, epoch=2, host="10.2.0.5"):
        return hook([EXAMPLE / "ansible" / "reconfigure", action, self.inventory], epoch, host, 5432, BECOME)

    def restarts(self, name):
        path = self.root / name / "restarts"
        return len(read(path).splitlines()) if path.exists() else 0

    # A play takes seconds, so each test goes a long way.
    def test_tells_and_restarts_once_and_a_look_changes_nothing_and_a_late_epoch_is_refused(self):
        self.assertNotEqual(self.play("check").returncode, 0)
        self.assertFalse((self.root / "app-1" / "env").exists(), "a look wrote something")
        self.assert_done(self.play("apply"))
        self.assert_done(self.play("check"))
        for name in ("app-1", "app-2"):
            self.assertEqual(read(self.root / name / "env"), "# epoch 2\nDATABASE_HOST=10.2.0.5\nDATABASE_PORT=5432")
            self.assertEqual(self.restarts(name), 1)
        late = self.play("apply", epoch=1, host="10.1.0.5")
        self.assertNotEqual(late.returncode, 0)
        self.assertIn("told of a later epoch", late.stdout)
        self.assertIn("10.2.0.5", read(self.root / "app-1" / "env"))

    def test_a_restart_that_failed_is_not_in_force_and_holds_up_no_other_host(self):
        (self.root / "app-1" / "broken").touch()
        self.assertNotEqual(self.play("apply").returncode, 0)
        self.assertEqual(self.restarts("app-2"), 1)
        look = self.play("check")
        self.assertNotEqual(look.returncode, 0)
        self.assertIn("fatal: [app-1]", look.stdout)
        self.assertNotIn("fatal: [app-2]", look.stdout)


if __name__ == "__main__":
    unittest.main()
