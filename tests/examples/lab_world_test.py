"""The world without Farshore: it loses a region, a hand brings the service back, and nothing is left behind."""

import os
import signal
import unittest

from lab_runner import LabTest, mentions, processes


class LabWorld(LabTest):
    def test_a_killed_region_comes_back_elsewhere(self):
        record = self.run_lab("--by-hand", "--fault", "kill")
        self.assertGreater(record["acked_writes"], 60)
        self.assertEqual(record["problems"], [])

    @unittest.skipIf(os.getuid() != 0, "needs namespaces")
    def test_a_fenced_primary_never_acknowledges_after_a_partition(self):
        record = self.run_lab("--by-hand", "--fault", "partition")
        self.assertEqual(record["acked_by_old_primary_after_resume"], 0)

    def test_an_unfenced_primary_acknowledges_after_a_freeze(self):
        """The negative control of the lab's second writer: it must be able to see two writers at all."""
        record = self.run_lab("--by-hand", "--fault", "freeze", "--fence", "none")
        self.assertGreater(record["acked_by_old_primary_after_resume"], 0)

    def test_an_interrupted_lab_leaves_nothing(self):
        lab = self.start("--by-hand")
        state = self.until_building(lab)
        processes.wait_until(lambda: len(mentions(state)) > 3, "some of the world is there", 30)
        lab.send_signal(signal.SIGINT)
        self.assertEqual(lab.wait(60), 130)
        self.assert_nothing_left(state)

    def test_a_killed_lab_leaves_no_process_and_the_next_removes_its_files(self):
        lab = self.start("--by-hand")
        state = self.until_building(lab)
        processes.wait_until(lambda: len(mentions(state)) > 3, "some of the world is there", 30)
        lab.kill()
        lab.wait()
        processes.wait_until(lambda: not mentions(state), "its processes end", 20)
        self.assertTrue(os.path.exists(state))
        following = self.start("--by-hand")
        self.until_building(following)
        self.assertFalse(os.path.exists(state))
        following.send_signal(signal.SIGINT)
        self.assertEqual(following.wait(60), 130)


if __name__ == "__main__":
    unittest.main(verbosity=2)
