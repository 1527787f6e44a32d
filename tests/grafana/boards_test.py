#!/usr/bin/python3
"""The committed dashboards: made from their source, and by the rules of linter.py. Each rule is shown a violation too."""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import linter  # noqa: E402

sys.path.insert(0, os.path.join(linter.ROOT, "examples/lab"))
sys.path.insert(0, os.path.join(linter.ROOT, "grafana"))
import dashboards  # noqa: E402
from farlab import boards  # noqa: E402
from farlab.silences import SILENCES  # noqa: E402

BOARDS = boards.load(dashboards.FOLDER)


class Boards(unittest.TestCase):
    def test_are_what_their_source_gives(self):
        self.assertEqual(dashboards.rendered(), dashboards.on_disk(), "run grafana/dashboards.py")

    def test_are_six_with_names_of_their_own(self):
        self.assertEqual(len({board["uid"] for board in BOARDS}), 6)
        self.assertEqual({board["uid"] + ".json" for board in BOARDS}, set(os.listdir(dashboards.FOLDER)))
        self.assertEqual(len({board["title"] for board in BOARDS}), 6)

    def test_keep_the_rules(self):
        self.assertEqual([fault for board in BOARDS for fault in linter.faults(board)], [])

    def test_answer_the_first_question_first(self):
        for uid in ("farshore-overview", "farshore-cluster"):
            board = next(board for board in BOARDS if board["uid"] == uid)
            self.assertEqual(board["panels"][0]["title"], "Can we fail over now, and what would we lose")
            self.assertEqual(board["panels"][1]["title"], "Can we fail over now")

    def test_link_to_boards_that_exist(self):
        known = {board["uid"] for board in BOARDS}
        text = "".join(dashboards.on_disk().values())
        linked = set(re.findall(r'"/d/([\w-]+)', text))
        self.assertTrue(linked)
        self.assertLessEqual(linked, known)

    def test_ask_what_prometheus_can_parse(self):
        """As recording rules of one file, because that is what promtool reads without a server."""
        rules = []
        known = {name: "1s" for name in linter.BUILT_IN} | {"__interval_ms": "1000", "__range_s": "60"}
        known |= {name: "x" for name in ("cluster", "server", "vantage", "instance", "run")}
        for board in BOARDS:
            for number, (_, expr) in enumerate(linter.queries(board)):
                rules.append({"record": f"{board['uid'].replace('-', '_')}:{number}", "expr": boards.expand(expr, known)})
        self.assertGreater(len(rules), 150)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "boards", "rules": rules}]}, file)  # JSON is YAML
            file.flush()
            checked = subprocess.run(["promtool", "check", "rules", "--lint=none", file.name], text=True, timeout=60,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn(f"{len(rules)} rules found", checked.stdout)

    def test_every_silence_is_of_a_query_that_exists(self):
        there = {(board["uid"], panel["title"], target["refId"]) for board in BOARDS for panel, target in linter.targets(board)}
        self.assertLessEqual(set(SILENCES), there)
        for moments, why in SILENCES.values():
            self.assertLessEqual(set(moments), set("BDA"))
            self.assertTrue(moments and why)


class Provisioning(unittest.TestCase):
    def read(self, kind):
        with open(os.path.join(linter.ROOT, "grafana/provisioning", kind, "farshore.yml"), encoding="utf-8") as file:
            return file.read()

    def test_has_a_source_for_each_prometheus_of_the_example(self):
        with open(os.path.join(linter.ROOT, "alerting/example-topology.yml"), encoding="utf-8") as file:
            servers = set(re.findall(r"\{region: ([\w-]+), url: \"(http://[\d.]+:9090)\"\}", file.read()))
        text = self.read("datasources")
        self.assertEqual(set(re.findall(r"uid: farshore-([\w-]+)\n.*\n.*\n    url: (\S+)", text)), servers)
        self.assertEqual(len(servers), 3)
        self.assertEqual(text.count("isDefault: true"), 1)

    def test_puts_the_boards_where_the_readme_does(self):
        path = re.search(r"path: (\S+)", self.read("dashboards"))[1]
        with open(os.path.join(linter.ROOT, "grafana/README.md"), encoding="utf-8") as file:
            self.assertIn(f"grafana/dashboards/*.json {path}/", file.read())


def spoil(change):
    """A good board after `change`."""
    board = copy.deepcopy(next(board for board in BOARDS if board["uid"] == "farshore-exporters"))
    change(board, next(panel for panel in board["panels"] if panel["type"] == "timeseries"))
    return board


def asks(expr):
    return lambda board, panel: panel["targets"][0].update(expr=expr)


VIOLATIONS = (
    (linter.data_source, lambda board, panel: panel.update(datasource={"type": "prometheus", "uid": "abc"})),
    (linter.data_source, lambda board, panel: board["templating"]["list"].pop(0)),
    (linter.variables_follow_the_time, lambda board, panel: board["templating"]["list"][1].update(refresh=1)),
    (linter.titles_and_descriptions, lambda board, panel: panel.update(description="")),
    (linter.titles_and_descriptions, lambda board, panel: panel.update(title="Scraped")),
    (linter.units, lambda board, panel: panel["fieldConfig"]["defaults"].update(unit="furlongs")),
    (linter.has_targets, lambda board, panel: panel.update(targets=[])),
    (linter.has_targets, lambda board, panel: panel["targets"][0].update(legendFormat="__auto")),
    (linter.rates, asks("max(rate(process_cpu_seconds_total[5m]))")),
    (linter.rates, asks("max(rate(farshore_pg_up[$__rate_interval]))")),
    (linter.rates, asks("rate(process_cpu_seconds_total[$__rate_interval])")),
    (linter.not_editable, lambda board, panel: board.update(editable=True)),
    (linter.instances, asks("max(farshore_pg_up)")),
    (linter.form, lambda board, panel: board.update(schemaVersion=42)),
    (linter.form, lambda board, panel: panel.update(type="graph")),
    (linter.form, lambda board, panel: board.update(links=[])),
    (linter.grid, lambda board, panel: panel["gridPos"].update(x=20)),
    (linter.grid, lambda board, panel: panel.update(gridPos=board["panels"][1]["gridPos"])),
    (linter.grid, lambda board, panel: panel.update(id=1)),
    (linter.names, asks("max by (server) (farshore_pg_upp)")),
    (linter.names, asks("max by (sever) (farshore_pg_up)")),
    (linter.names, asks('max by (server) (farshore_pg_up{regoin="x"})')),
    (linter.names, asks('max by (server) (farshore_pg_up{server="$sever"})')),
    (linter.marks, lambda board, panel: board["annotations"]["list"].pop(1)),
)


class Rules(unittest.TestCase):
    def test_find_what_they_are_for(self):
        for number, (rule, change) in enumerate(VIOLATIONS):
            with self.subTest(rule=rule.__name__, number=number):
                self.assertEqual(list(rule(spoil(lambda *_: None))), [])
                self.assertNotEqual(list(rule(spoil(change))), [])

    def test_are_all_shown_a_violation(self):
        self.assertEqual({rule for rule, _ in VIOLATIONS}, set(linter.RULES))


if __name__ == "__main__":
    unittest.main(verbosity=2)
