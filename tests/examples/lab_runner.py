"""Runs the lab for a test, and makes sure that nothing of it is left."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, BINARIES = os.environ["FARSHORE_SOURCE_DIR"], os.environ["FARSHORE_BINARY_DIR"]
sys.path.insert(0, os.path.join(SOURCE, "examples/lab"))
from farlab import processes  # noqa: E402


def mentions(state):
    """Processes whose command line or environment names the folder of a world."""
    found = []
    for pid in processes.all_pids():
        for part in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{part}", "rb") as file:
                    if state.encode() in file.read():
                        found.append(pid)
            except OSError:
                pass  # it ended meanwhile
    return processes.alive(found)


class LabTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="farshore-test.")
        self.addCleanup(folder.cleanup)
        self.report = os.path.join(folder.name, "report.json")

    def start(self, *arguments):
        program = [sys.executable, os.path.join(SOURCE, "examples/lab/lab.py")]
        lab = subprocess.Popen([*program, "--build", BINARIES, "--report", self.report, "--dashboards", "never", *arguments],
                               stdout=subprocess.PIPE, text=True)
        self.addCleanup(lab.stdout.close)
        self.addCleanup(lab.wait)
        self.addCleanup(lambda: lab.poll() is None and lab.kill())
        return lab

    def run_lab(self, *arguments):
        lab = self.start(*arguments)
        text = lab.stdout.read()
        self.assertEqual(lab.wait(), 0, text)
        self.assert_nothing_left(re.search(r"building the world in (\S+)/run-1", text).group(1))
        with open(self.report, encoding="utf-8") as file:
            return json.load(file)["runs"][0]

    def assert_nothing_left(self, state):
        processes.wait_until(lambda: not mentions(state), "the processes of the lab end", 20)
        self.assertFalse(os.path.exists(state))

    def until_building(self, lab):
        for line in lab.stdout:
            found = re.search(r"building the world in (\S+)/run-1", line)
            if found:
                return found.group(1)
        raise AssertionError("the lab ended before it built a world")
