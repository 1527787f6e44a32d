"""The whole of it: Farshore brings the service back from a lost region, and every account agrees."""

import json
import os
import unittest

from lab_runner import SOURCE, LabTest  # first: it finds farlab
from farlab import chromium


class LabFailover(LabTest):
    """run_lab fails when the lab finds a problem; what is asserted here are the figures that must be in the report."""

    def test_a_killed_region_is_failed_over(self):
        record = self.run_lab("--fault", "kill", "--dashboards", "check")
        self.assertEqual((record["outcome"], record["epoch"], record["problems"]), ("succeeded", 2, []))
        self.assertLessEqual({"write_outage_seconds", "detection_seconds", "quorum_wait_seconds", "actuator_seconds",
                              "acked_writes", "acked_writes_lost", "predicted_loss_bytes", "bare_promotion_seconds",
                              "acked_by_old_primary_after_resume", "steps"}, set(record))

        self.dashboards_had_answers(record["dashboards"])

    def dashboards_had_answers(self, dashboards):
        """check made a problem of everything wrong; here: that all moments were asked, marked and drawn."""
        folder = os.path.join(os.path.dirname(self.report), "dashboards")
        boards = [name for name in os.listdir(os.path.join(SOURCE, "grafana/dashboards")) if name.endswith(".json")]
        self.assertEqual((dashboards["wrong"], dashboards["moments"]), ([], "BDA"))
        self.assertGreater(dashboards["queries"], 3 * 100)
        self.assertEqual(dashboards["drawn"], len(boards) if chromium.there() else 0)
        with open(os.path.join(folder, "answers-A.json"), encoding="utf-8") as file:
            marks = {title for board in json.load(file).values() for _, title, _ in board["marks"]}
        self.assertLessEqual({"shop-us is silent", "Run shop-1 accepted", "Run shop-1 succeeded"}, marks)

    @unittest.skipIf(os.getuid() != 0, "needs namespaces")
    def test_a_healed_region_starts_nothing_and_acknowledges_nothing(self):
        record = self.run_lab("--fault", "partition")
        self.assertEqual((record["epoch"], record["acked_by_old_primary_after_resume"]), (2, 0))
        self.assertLessEqual(set(record["late_webhooks"]), {"refused", "duplicate", "noted"})

    def test_a_killed_actuator_takes_its_run_up_again(self):
        record = self.run_lab("--fault", "actuator-kill")
        self.assertEqual((record["outcome"], record["epoch"]), ("succeeded", 2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
