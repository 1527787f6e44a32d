#!/usr/bin/python3
"""Holds rules.sh to running, to naming its figures, and to a world that the rules understand. Asserts no time."""
import json
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class RulesBench(unittest.TestCase):
    def test_a_quick_run_prints_its_figures_and_no_rule_fails(self):
        done = subprocess.run([sys.executable, "-B", str(HERE / "rules_bench.py"), "--quick"], stdout=subprocess.PIPE,
                              text=True, timeout=280, check=True)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1)
        figures = json.loads(lines[0])
        self.assertEqual((figures["clusters"], figures["vantages"], figures["primaries_down"]), (5, 3, 3))
        self.assertGreater(figures["series"], 1000)
        for state in ("well", "region_lost"):
            self.assertEqual(figures[state]["broken_rules"], [])
            self.assertEqual(len(figures[state]["groups_ms_median"]), 5)
            self.assertGreater(figures[state]["pack_ms_least"], 0)
            self.assertLessEqual(figures[state]["longest_group_ms_median"], figures[state]["pack_ms_max"])
            self.assertEqual(len(figures[state]["slowest_rules_ms_median"]), 10)
            self.assertGreater(figures[state]["cpu_share"], 0)
        self.assertEqual(figures["well"]["firing"], ["FarshoreWatchdog"])
        self.assertIn("FarshorePrimaryDown", figures["region_lost"]["firing"])
        self.assertEqual(set(figures["goals"]["pack_ms_median"]), {"at_most", "well", "region_lost", "met"})


if __name__ == "__main__":
    unittest.main()
