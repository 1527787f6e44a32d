#!/usr/bin/python3
"""The bench of the exporter runs and names its figures. Nothing is claimed about what they are."""
import json
import os
import pathlib
import subprocess
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "exporter.sh"


class ExporterBench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([SCRIPT, "--quick"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=os.environ, timeout=240)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert len(lines) == 1, done.stdout
        cls.result = json.loads(lines[0])

    def test_it_says_what_was_compared(self):
        self.assertIn("farshore-exporter", self.result["versions"]["ours"])
        self.assertIn("postgres_exporter", self.result["versions"]["theirs"])
        self.assertRegex(self.result["versions"]["postgresql"], r"^1[3-9]\.")

    def test_both_were_measured_with_and_without_authentication(self):
        for part in ("open", "authenticated"):
            for name in ("ours", "theirs"):
                figures = self.result[part][name]
                for key in ("scrape_ms_p50", "scrape_bytes", "rss_anon_bytes", "vm_rss_bytes", "statements_per_second_at_one_scrape",
                            "cpu_seconds_per_1000_scrapes_and_their_polling"):
                    self.assertGreater(figures[key], 0, f"{part} {name} {key}")

    def test_ours_answered_whatever_the_server_did(self):
        for state in ("frozen", "down"):
            ours = self.result["lost"][state]["ours"]
            self.assertEqual((ours["answered"], ours["status"]), (ours["asked"], 200), state)

    def test_the_servers_were_really_watched(self):
        self.assertEqual([row["servers"] for row in self.result["scaling"]], [1, 4])
        for row in self.result["scaling"]:
            self.assertTrue(row["all_up"])
            self.assertGreaterEqual(row["sockets"], row["servers"])

    def test_every_goal_has_its_value_and_its_limit(self):
        goals = self.result["goals"]
        for name in ("scrape_time_ratio", "cpu_ratio", "rss_anon_ratio", "vm_rss_ratio", "cpu_percent_at_4_servers",
                     "vm_rss_mib_at_4_servers", "threads_more_than_at_one_server"):
            self.assertEqual(goals[name]["met"], goals[name]["value"] <= goals[name]["limit"], name)
        self.assertEqual(self.result["met"], all(one["met"] for one in goals.values()))


if __name__ == "__main__":
    unittest.main()
