"""The world without Farshore: it loses a region, a hand brings the service back, and nothing is left behind."""

import json
import os
import re
import signal
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


class LabWorld(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="farshore-test.")
        self.addCleanup(folder.cleanup)
        self.report = os.path.join(folder.name, "report.json")

    def start(self, *arguments):
        program = [sys.executable, os.path.join(SOURCE, "examples/lab/lab.py")]
        lab = subprocess.Popen([*program, "--build", BINARIES, "--report", self.report, "--by-hand", *arguments],
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

    def test_a_killed_region_comes_back_elsewhere(self):
        record = self.run_lab("--fault", "kill")
        self.assertGreater(record["acked_writes"], 60)
        self.assertEqual(record["problems"], [])

    @unittest.skipIf(os.getuid() != 0, "needs namespaces")
    def test_a_fenced_primary_never_acknowledges_after_a_partition(self):
        record = self.run_lab("--fault", "partition")
        self.assertEqual(record["acked_by_old_primary_after_resume"], 0)

    def test_an_unfenced_primary_acknowledges_after_a_freeze(self):
        """The negative control of the lab's second writer: it must be able to see two writers at all."""
        record = self.run_lab("--fault", "freeze", "--fence", "none")
        self.assertGreater(record["acked_by_old_primary_after_resume"], 0)

    def until_building(self, lab):
        for line in lab.stdout:
            found = re.search(r"building the world in (\S+)/run-1", line)
            if found:
                return found.group(1)
        raise AssertionError("the lab ended before it built a world")

    def test_an_interrupted_lab_leaves_nothing(self):
        lab = self.start()
        state = self.until_building(lab)
        processes.wait_until(lambda: len(mentions(state)) > 3, "some of the world is there", 30)
        lab.send_signal(signal.SIGINT)
        self.assertEqual(lab.wait(60), 130)
        self.assert_nothing_left(state)

    def test_a_killed_lab_leaves_no_process_and_the_next_removes_its_files(self):
        lab = self.start()
        state = self.until_building(lab)
        processes.wait_until(lambda: len(mentions(state)) > 3, "some of the world is there", 30)
        lab.kill()
        lab.wait()
        processes.wait_until(lambda: not mentions(state), "its processes end", 20)
        self.assertTrue(os.path.exists(state))
        following = self.start()
        self.until_building(following)
        self.assertFalse(os.path.exists(state))
        following.send_signal(signal.SIGINT)
        self.assertEqual(following.wait(60), 130)


if __name__ == "__main__":
    unittest.main(verbosity=2)
