"""Runs a hook of examples/hooks as the actuator runs it."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from sshd import BECOME, USER

SOURCE = pathlib.Path(os.environ["FARSHORE_SOURCE_DIR"])
EXAMPLE = SOURCE / "examples" / "hooks"
FAR_END = EXAMPLE / "far-end"


def hook(command, epoch, host, port, become=()):
    """As the actuator runs it: no HOME, no locale, no file but the three streams."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                   "FARSHORE_CLUSTER": "shop", "FARSHORE_EPOCH": str(epoch), "FARSHORE_REGION": "eu-west",
                   "FARSHORE_OLD_PRIMARY": "shop-us", "FARSHORE_OLD_HOST": "10.1.0.5", "FARSHORE_OLD_PORT": "5432",
                   "FARSHORE_NEW_PRIMARY": "shop-eu", "FARSHORE_NEW_HOST": host, "FARSHORE_NEW_PORT": str(port),
                   "FARSHORE_HOOK": "test"}
    return subprocess.run([*become, *map(str, command)], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=120, cwd="/")


class Folder(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="farshore-test.", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.root.chmod(0o755)
        self.own(self.root)

    def own(self, *paths):
        for path in paths:
            if BECOME:
                shutil.chown(path, USER)

    def folder(self, name):
        (self.root / name).mkdir()
        self.own(self.root / name)
        return self.root / name

    def file(self, name, text, mode=0o644):
        path = self.root / name
        path.write_text(text)
        path.chmod(mode)
        self.own(path)
        return path

    def assert_done(self, done):
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
