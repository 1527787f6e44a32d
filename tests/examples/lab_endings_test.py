"""What is no reason for a failover, or none for a machine alone, ends as the lab's table says; else run_lab fails."""

import os
import unittest

from lab_runner import LabTest


@unittest.skipIf(os.getuid() != 0, "needs namespaces")
class LabEndings(LabTest):
    def test_losing_the_monitoring_of_a_region_moves_nothing_and_interrupts_nobody(self):
        record = self.run_lab("--fault", "monitoring-only")
        self.assertEqual((record["outcome"], record["acked_writes_lost"]), ("no failover", 0))

    def test_a_primary_with_a_full_disk_is_left_alone_and_writes_again_when_there_is_room(self):
        record = self.run_lab("--fault", "disk-full")
        self.assertEqual((record["outcome"], record["acked_writes_lost"]), ("no failover", 0))
        self.assertGreater(record["client"]["refused"], 0)

    def test_losing_more_than_allowed_is_asked_of_a_person(self):
        record = self.run_lab("--fault", "slow-link")
        self.assertEqual(record["outcome"], "held")
        self.assertIn("bytes were missing", record["reason"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
