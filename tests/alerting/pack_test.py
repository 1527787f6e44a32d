#!/usr/bin/python3
"""The pack of alerts as a whole: its form, its runbooks, its routes, and five cases for each alert.

What is committed in alerting/ is judged; that it is what farshorectl renders is another test's matter. With the name of
an alert as argument (`pack_test.py FarshoreRunHeld`) only the cases of that alert are run.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import pack_cases as cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTING = ROOT / "alerting"
GROUPS = cases.load_rules()
ALERTS = cases.alerts_of(GROUPS)
TABLES = cases.load_tables()
HEADINGS = ["## What it means", "## What to look at", "## What to do", "## What Farshore does by itself"]
FOREIGN = ("prometheus_", "alertmanager_")  # metrics of programs that are not ours


def run(*words, folder=None):
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    return done.returncode, done.stdout


def recordings():
    return {rule["record"]: rule for group in GROUPS for rule in group["rules"] if "record" in rule}


def documented_metrics():
    return set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.M))


def metrics_in(expr):
    """Every word of an expression that names a metric of ours or of the programs beside us."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expr)
    return set(re.findall(r"(?<![\w:])(?:farshore|prometheus|alertmanager)_\w+(?![\w:])", bare))


def form_faults(alert, rule):
    """What a mixin's linter would object to; and what would reset an alert's `for`."""
    notes, severity = rule["annotations"], rule["labels"].get("severity")
    if not re.fullmatch(r"Farshore[A-Z][A-Za-z]+", alert) or len(alert) > 40:
        yield "its name is not CamelCase of at most 40 letters"
    if severity not in ("critical", "warning", "info") and not (alert == "FarshoreWatchdog" and severity == "none"):
        yield f"its severity is {severity}"
    if set(notes) != {"summary", "description", "runbook_url"}:
        yield f"its annotations are {sorted(notes)}"
    if not re.fullmatch(r"[A-Z][^{}]*\.", notes.get("summary", "")):
        yield "its summary is no sentence without templates"
    description = notes.get("description", "")
    if "{{" not in description and severity != "none":
        yield "its description says nothing of this one"
    if not description.endswith((".", "{{ end }}.")):
        yield "its description is no sentence"
    if not notes.get("runbook_url", "").endswith(f"/{alert}.md"):
        yield "its runbook is another's"
    if any("{{" in str(value) for value in rule["labels"].values()):
        yield "a label has a template"


class Form(unittest.TestCase):
    def test_every_alert_has_the_form_of_a_mixin(self):
        faults = [f"{alert}: {fault}" for alert, rule in ALERTS.items() for fault in form_faults(alert, rule)]
        self.assertEqual(faults, [])

    def test_a_fault_of_form_is_found(self):
        rule = {"labels": {"severity": "page", "x": "{{ $value }}"}, "annotations": {"summary": "no {{ $value }}"}}
        self.assertEqual(len(list(form_faults("Farshore_bad", rule))), 8)

    def test_groups_are_small_and_named(self):
        for group in GROUPS:
            self.assertRegex(group["name"], r"^farshore-[a-z-]{1,31}$")
            self.assertLessEqual(len(group["rules"]), 20, group["name"])

    def test_promtool_finds_nothing(self):
        code, output = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", str(ALERTING / "rules/farshore.yml"))
        self.assertEqual(code, 0, output)

    def test_no_two_rules_ask_the_same(self):
        seen = {}
        for name, rule in {**ALERTS, **recordings()}.items():
            self.assertNotIn(rule["expr"], seen, name)
            seen[rule["expr"]] = name

    def test_only_failover_and_watchdog_carry_an_action(self):
        actions = {alert: rule["labels"]["farshore_action"] for alert, rule in ALERTS.items()
                   if "farshore_action" in rule["labels"]}
        self.assertEqual(actions, {"FarshorePrimaryDown": "failover", "FarshoreWatchdog": "watchdog"})


class Names(unittest.TestCase):
    def test_every_metric_is_documented(self):
        known = documented_metrics()
        self.assertGreater(len(known), 100)
        for name, rule in {**ALERTS, **recordings()}.items():
            ours = {each for each in metrics_in(rule["expr"]) if not each.startswith(FOREIGN)}
            self.assertEqual(set(), ours - known, name)

    def test_a_metric_that_nobody_exports_is_found(self):
        self.assertEqual(metrics_in('sum(farshore_pg_upp{a="farshore_b"}) > x:farshore_pg_up:sum'), {"farshore_pg_upp"})

    def test_recordings_are_named_by_the_convention_and_asked_for_exist(self):
        for name in recordings():
            self.assertRegex(name, r"^[a-z_]+:farshore_[a-z_]+:[a-z_]+$")
            self.assertIn(name.split(":")[1], documented_metrics())
        for name, rule in {**ALERTS, **recordings()}.items():
            self.assertLessEqual(cases.recorded_in(rule["expr"]), set(recordings()), name)

    def test_every_recording_is_asked_for(self):
        asked = {each for rule in [*ALERTS.values(), *recordings().values()] for each in cases.recorded_in(rule["expr"])}
        self.assertEqual(asked, set(recordings()))

    def test_a_recording_stands_before_those_that_ask_for_it(self):
        seen = set()
        for name, rule in recordings().items():
            self.assertLessEqual(cases.recorded_in(rule["expr"]), seen, name)
            seen.add(name)

    def test_a_level_is_the_labels_that_are_left(self):
        for name, rule in recordings().items():
            level = name.split(":")[0]
            by = re.match(r'\w+ by \(([^)]*)\) \((?:"(\w+)",)?', rule["expr"])  # count_values names one more label
            if by and "topk" not in rule["expr"]:
                self.assertEqual(level, "_".join([*by.group(1).split(", "), *filter(None, [by.group(2)])]), name)


class Runbooks(unittest.TestCase):
    def pages(self):
        return {path.stem: path.read_text(encoding="utf-8") for path in (ALERTING / "runbooks").glob("Farshore*.md")}

    def test_every_alert_has_a_page_and_every_page_its_alert(self):
        self.assertEqual(sorted(self.pages()), sorted(ALERTS))

    def test_every_page_has_the_four_headings_in_order_and_says_something_under_each(self):
        for name, page in self.pages().items():
            self.assertTrue(page.startswith(f"# {name}\n"), name)
            self.assertEqual(re.findall(r"^## .*$", page, re.M), HEADINGS, name)
            for part in re.split(r"^## .*$", page, flags=re.M)[1:]:
                self.assertGreater(len(part.strip()), 8, name)
            self.assertLessEqual(len(page.splitlines()), 60, f"{name}: nobody reads that at night")

    def test_what_to_look_at_can_be_copied(self):
        """Code is indented and stands apart: else a query and all that follow it are shown as one paragraph."""
        for name, page in self.pages().items():
            lines = page.split(HEADINGS[1])[1].split(HEADINGS[2])[0].splitlines()
            for before, line in zip(lines, lines[1:]):
                if line.startswith("    "):
                    self.assertRegex(before, r"^(?:    |$)", name)
                elif line:
                    self.assertRegex(line, r"[.:?]$", f"{name}: neither code nor a sentence")

    def test_pages_ask_for_metrics_and_recordings_that_exist(self):
        for name, page in self.pages().items():
            for word in re.findall(r"`([^`\n]+)`", page) + re.findall(r"^    (.+)$", page, re.M):
                ours = {each for each in metrics_in(word) if not each.startswith(FOREIGN)}
                self.assertEqual(set(), ours - documented_metrics() - {"farshore_action", "farshore_actuator"}, name)
                self.assertLessEqual(cases.recorded_in(word), set(recordings()), name)

    def test_pages_name_only_verbs_that_farshorectl_has(self):
        verbs = set(re.findall(r'verb\((?:root|generate), "([a-z-]+)"',
                               (ROOT / "actuator/ctl/ctl.cc").read_text(encoding="utf-8"))) | {"generate"}
        self.assertIn("why", verbs)
        for name, page in self.pages().items():
            self.assertLessEqual(set(re.findall(r"farshorectl ([a-z][a-z-]+)", page)), verbs, name)


class Alertmanager(unittest.TestCase):
    def routed(self, *labels):
        code, output = run("amtool", "config", "routes", "test", "--config.file", str(ALERTING / "alertmanager.yml"), *labels)
        self.assertEqual(code, 0, output)
        return output.strip().splitlines()[-1]  # a warning about its own flags comes first

    def test_every_alert_goes_where_it_belongs(self):
        people = {"critical": "pager", "warning": "humans", "info": "humans"}
        actions = {"failover": "actuator_1,pager", "watchdog": "actuator_1,dead_man"}
        for alert, rule in ALERTS.items():
            labels = dict(rule["labels"], alertname=alert, cluster="shop")
            expected = actions.get(labels.get("farshore_action")) or people[labels["severity"]]
            self.assertEqual(self.routed(*(f"{key}={value}" for key, value in labels.items())), expected, alert)

    def test_what_is_not_ours_goes_to_people(self):
        self.assertEqual(self.routed("alertname=Other"), "humans")

    def config(self, name="alertmanager.yml"):
        return yaml.safe_load((ALERTING / name).read_text(encoding="utf-8"))

    def test_nothing_mutes_an_alert_with_an_action(self):
        for rule in self.config()["inhibit_rules"]:
            self.assertIn('farshore_action=""', rule["target_matchers"])
            self.assertEqual(rule["equal"], ["cluster"])

    def test_whoever_mutes_exists_and_is_at_least_as_severe(self):
        order = ["info", "warning", "critical"]
        for rule in self.config()["inhibit_rules"]:
            source = re.fullmatch(r'alertname="(\w+)"', rule["source_matchers"][0]).group(1)
            for target in re.fullmatch(r'alertname=~"([\w|]+)"', rule["target_matchers"][0]).group(1).split("|"):
                self.assertGreaterEqual(order.index(ALERTS[source]["labels"]["severity"]),
                                        order.index(ALERTS[target]["labels"]["severity"]), f"{source} mutes {target}")

    def test_an_actuator_hears_at_once_and_again_and_is_never_redirected(self):
        for name in ("alertmanager.yml", "alertmanager-mutual-tls.yml"):
            config = self.config(name)
            first = config["route"]["routes"][0]
            self.assertEqual((first["group_wait"], first["group_interval"], first["repeat_interval"], first["continue"]),
                             ("0s", "5s", "1m", True))
            receivers = {each["name"]: each for each in config["receivers"]}
            for hook in receivers[first["receiver"]]["webhook_configs"]:
                self.assertIs(hook["http_config"]["follow_redirects"], False)
                self.assertTrue(hook["http_config"]["authorization"]["credentials_file"].startswith("/"))
                self.assertEqual("tls_config" in hook["http_config"], name != "alertmanager.yml")
                self.assertEqual(hook["max_alerts"], 0)


class FiveCases(unittest.TestCase):
    def test_every_alert_has_a_table_and_every_table_its_alert(self):
        self.assertEqual(sorted(TABLES), sorted(ALERTS))

    def test_a_case_is_absent_only_with_a_reason(self):
        for alert, entry in TABLES.items():
            self.assertLessEqual(set(entry), {"labels", "series", "missing", "window", "absent", "also"}, alert)
            for kind, reason in entry.get("absent", {}).items():
                self.assertIn(kind, cases.KINDS, alert)
                self.assertGreaterEqual(len(reason.split()), 3, alert)

    def test_a_description_names_only_labels_that_the_alert_has(self):
        for alert, entry in TABLES.items():
            description = re.sub(r"\{\{ if .*?\{\{ end \}\}", "", ALERTS[alert]["annotations"]["description"])
            used = set(re.findall(r"\$labels\.(\w+)", description))
            self.assertLessEqual(used, set(entry["labels"]), alert)

    def test_the_cases_hold(self):
        wanted = CHOSEN or list(TABLES)
        with tempfile.TemporaryDirectory() as name:
            for alert in wanted:
                with self.subTest(alert):
                    self.assertEqual(promtool_says(pathlib.Path(name), alert, ALERTS[alert]), "")

    def test_a_rule_that_never_fires_or_always_does_is_found(self):
        with tempfile.TemporaryDirectory() as name:
            for expr in ("vector(0) > 1", 'label_replace(vector(1), "cluster", "shop", "", "")'):
                broken = dict(ALERTS["FarshoreReplayPaused"], expr=expr)
                said = promtool_says(pathlib.Path(name), "FarshoreReplayPaused", broken)
                self.assertIn("FAILED", said, expr)


def promtool_says(folder, alert, rule):
    """What promtool objects to in the cases of one alert."""
    groups = [dict(group, rules=[rule if each.get("alert") == alert else each for each in group["rules"]])
              for group in GROUPS]
    rules, tests = cases.promtool_file(groups, alert, rule, TABLES[alert])
    if not tests["tests"]:
        return ""
    # JSON is YAML.
    (folder / "rules.yml").write_text(json.dumps(rules), encoding="utf-8")
    (folder / "tests.yml").write_text(json.dumps(dict(tests, rule_files=["rules.yml"])), encoding="utf-8")
    code, output = run("promtool", "test", "rules", "tests.yml", folder=folder)
    return output if code else ""


CHOSEN = [word for word in sys.argv[1:] if word.startswith("Farshore")]

if __name__ == "__main__":
    if CHOSEN:
        sys.argv[1:] = ["FiveCases.test_the_cases_hold"]
    unittest.main()
