#!/usr/bin/python3
"""Outages by their names (outages.yml): at each moment exactly the alerts that it names fire, and no other.

FARSHORECTL renders the rules of outages with a topology of their own. With words as arguments only the outages whose
names hold all of them are run.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import pack_cases as cases

HERE = pathlib.Path(__file__).resolve().parent
TABLE = yaml.safe_load((HERE / "outages.yml").read_text(encoding="utf-8"))
MACROS = {f"exporter_{each}": f'instance="{each}:10187",job="farshore-exporter"' for each in cases.VANTAGES}


def one_by_one(series, phases):
    """series with macros -> values for each phase, one entry per series."""
    made = {}
    for name, value in series.items():
        for one in cases.expand(re.sub(r"\$(exporter_\w+)", lambda found: MACROS[found.group(1)], name)):
            made[one] = value if isinstance(value, list) else [value] * len(phases)
    return made


def timeline(values, phases):
    at, pieces = 0, []
    for value, length in zip(values, phases):
        pieces.append(cases.piece(value, at, length, 1))
        at += length
    return " ".join(pieces)


def vantage_is_known(series, topology):
    return topology is None or 'vantage="eu-central"' not in series


def promtool_test(name, outage):
    phases = outage["phases"]
    world = one_by_one(TABLE["well"], phases)
    changes = one_by_one(outage["series"], phases)
    world.update(changes)
    for series, values in changes.items():
        if len(values) != len(phases):
            raise ValueError(f"{name}: {series} has {len(values)} values for {len(phases)} phases")
    checks = []
    for at, alerts in outage["firing"].items():
        samples = [{"labels": f'{{alertname="Farshore{alert}"}}', "value": 1} for alert in [*alerts, "Watchdog"]]
        checks.append({"expr": 'group by (alertname) (ALERTS{alertstate="firing"})', "eval_time": f"{at}s",
                       "exp_samples": samples})
    return {"name": name, "interval": "1s", "promql_expr_test": checks,
            "input_series": [{"series": series, "values": timeline(values, phases)} for series, values in world.items()
                             if vantage_is_known(series, outage.get("topology"))]}


def rules_of(topology, folder):
    if topology is None:
        return str(cases.ALERTING / "rules/farshore.yml")
    file = folder / f"rules_of_{topology}"
    done = subprocess.run([os.environ["FARSHORECTL"], "--config.file", str(HERE / topology), "generate", "rules"],
                          stdout=subprocess.PIPE, check=True, timeout=60)
    file.write_bytes(done.stdout)
    return str(file)


def promtool_says(name, outage):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tests = {"rule_files": [rules_of(outage.get("topology"), folder)], "evaluation_interval": "1s",
                 "tests": [promtool_test(name, outage)]}
        (folder / "tests.yml").write_text(json.dumps(tests), encoding="utf-8")
        done = subprocess.run(["promtool", "test", "rules", str(folder / "tests.yml")], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        return done.stdout if done.returncode else ""


class Outages(unittest.TestCase):
    def test_exactly_the_named_alerts_fire(self):
        for name, outage in TABLE["outages"].items():
            if all(word in name for word in CHOSEN):
                with self.subTest(name):
                    self.assertEqual(promtool_says(name, outage), "")

    def test_every_outage_that_must_be_there_is(self):
        names = " ".join(TABLE["outages"])
        for outage in ("region loss", "partition seen from the majority", "partition seen from the minority", "slow link",
                       "target removed from discovery", "two regions without a witness", "roles swapped", "maintenance"):
            self.assertIn(outage, names)

    def test_an_alert_too_many_or_too_few_is_found(self):
        loss = TABLE["outages"]["partition seen from the majority"]
        for firing in ({64: []}, {50: ["PrimaryDown"]}):
            self.assertIn("FAILED", promtool_says("wrong", dict(loss, firing=firing)))


CHOSEN = sys.argv[1:]

if __name__ == "__main__":
    del sys.argv[1:]
    unittest.main()
