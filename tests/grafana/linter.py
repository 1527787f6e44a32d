"""What Grafana's dashboard-linter asks of a dashboard, and what we ask beyond it, without a Grafana. Each rule is a function
that yields what is wrong with one board; RULES names them all.

The linter's rules that do not apply, with the reason:
  template-job-rule, target-job-rule            series name their cluster, server and vantage; the job is the same for all
                                                and is in the query where it matters (farshore-exporter, farshore-actuator)
  template-instance-rule, target-instance-rule  as above, but for the board about the exporters, which must have it
  target-logql-rule, target-logql-auto-rule     there is no Loki
  panel-job-instance-rule                       as target-job-rule
"""

import itertools
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KINDS = {"timeseries", "stat", "table", "state-timeline", "status-history", "bargauge"}  # none of them needs Angular
UNITS = {"none", "short", "bytes", "Bps", "s", "percentunit", "ops", "reqps", "dateTimeFromNow", "dateTimeAsIso"}
BUILT_IN = {"datasource", "__interval", "__interval_ms", "__range", "__range_s", "__rate_interval"}

# Made by Prometheus and Alertmanager themselves, with the labels that are asked for.
FOREIGN = {
    "ALERTS": "alertname alertstate severity cluster server", "ALERTS_FOR_STATE": "alertname cluster server",
    "up": "job instance", "scrape_duration_seconds": "job instance", "scrape_samples_scraped": "job instance",
    "prometheus_rule_group_last_duration_seconds": "job instance rule_group",
    "prometheus_notifications_errors_total": "job instance", "prometheus_notifications_dropped_total": "job instance",
    "alertmanager_notifications_failed_total": "job instance integration",
}
WORDS_OF_PROMQL = set("""
    abs and avg avg_over_time bool by clamp_min count deriv group_left group_right last_over_time max max_over_time min
    min_over_time on or rate increase sort_desc sum sum_over_time time timestamp topk unless vector without ignoring""".split())


def known_metrics():
    """{name: its labels} of docs/metrics.md, of the recording rules and of what Prometheus makes itself."""
    found = {name: set(labels.split()) for name, labels in FOREIGN.items()}
    with open(os.path.join(ROOT, "docs/metrics.md"), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) > 5 and cells[1].startswith("`"):
                found[cells[1].strip("`")] = set(cells[4].split()) | {"job", "instance"}
    folder = os.path.join(ROOT, "alerting/rules")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for record in re.findall(r"^\s*(?:- )?record: (\S+)", file.read(), re.M):
                found[record] = None  # its labels are not looked at
    return found


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board):
    return [(panel, target) for panel in panels(board) for target in panel["targets"]]


def queries(board):
    """(where, PromQL) of panels and of marks on the time axis."""
    yield from ((panel["title"], target["expr"]) for panel, target in targets(board))
    yield from ((mark["name"], mark["expr"]) for mark in board["annotations"]["list"] if "expr" in mark)


def without_strings(expr):
    return re.sub(r'"(\\.|[^"\\])*"', '""', expr)


# ---- rules of the linter ----

def data_source(board):
    """template-datasource-rule, panel-datasource-rule"""
    sources = [each for each in board["templating"]["list"] if each["type"] == "datasource"]
    if [(each["name"], each["label"], each["query"]) for each in sources] != [("datasource", "Data source", "prometheus")]:
        yield "the variable of the data source is not exactly one named datasource"
    wanted = {"type": "prometheus", "uid": "${datasource}"}
    for panel, target in targets(board):
        if panel["datasource"] != wanted or target["datasource"] != wanted:
            yield f"{panel['title']}: not the data source of the variable"


def variables_follow_the_time(board):
    """template-on-time-change-reload-rule, template-label-promql-rule"""
    for each in board["templating"]["list"]:
        if each["type"] != "query":
            continue
        if each["refresh"] != 2:
            yield f"${each['name']} is not asked again when the time range changes"
        if not re.fullmatch(r"label_values\([^()]+, \w+\)", each["query"]["query"]):
            yield f"${each['name']} does not ask for the values of a label"


def titles_and_descriptions(board):
    """panel-title-description-rule; ours: a sentence, and no title twice, because silences.py goes by it"""
    if not board["description"].endswith("."):
        yield "the board has no description"
    for panel in panels(board):
        if not panel["title"] or not re.match(r"[A-Z].*\.$", panel["description"], re.S):
            yield f"{panel['title'] or panel['id']}: no title, or no description that is a sentence"
    titles = [panel["title"] for panel in panels(board)]
    yield from (f"{title}: two panels have this title" for title in sorted({t for t in titles if titles.count(t) > 1}))


def units(board):
    """panel-units-rule"""
    for panel in panels(board):
        told = [panel["fieldConfig"]["defaults"].get("unit")] + [
            each["value"] for override in panel["fieldConfig"]["overrides"] for each in override["properties"]
            if each["id"] == "unit"]
        yield from (f"{panel['title']}: the unit {unit} is none that we use" for unit in told if unit not in UNITS)


def has_targets(board):
    """panel-no-targets-rule; ours: each with a name of its own, and a legend"""
    for panel in panels(board):
        names = [target["refId"] for target in panel["targets"]]
        if not names or len(set(names)) != len(names):
            yield f"{panel['title']}: no query, or two of one name"
        if panel["type"] != "table":
            yield from (f"{panel['title']}: {target['refId']} has no legend" for target in panel["targets"]
                        if target["legendFormat"] == "__auto")


def rates(board):
    """target-rate-interval-rule, target-counter-agg-rule; ours: rate only of counters, and counters only under rate"""
    for where, expr in queries(board):
        for function, counter, window in re.findall(r"\b(rate|increase|irate)\((\w+)(?:\{[^}]*\})?\[([^\]]+)\]", expr):
            if window != "$__rate_interval":
                yield f"{where}: {function} over {window}"
            if not counter.endswith("_total"):
                yield f"{where}: {function} of {counter}, which is no counter"
        text = without_strings(expr)
        for counter in re.findall(r"\b\w+_total\b", text):
            if not re.search(rf"\b(sum|max)( by \([^)]*\))? ?\((rate\()?{counter}", text):
                yield f"{where}: the counter {counter} is not aggregated"


def not_editable(board):
    """uneditable-dashboard-rule"""
    if board["editable"]:
        yield "can be edited in the browser, where it cannot be saved"


def instances(board):
    """template-instance-rule and target-instance-rule for the board that is about instances"""
    if board["uid"] != "farshore-exporters":
        return
    found = [each for each in board["templating"]["list"] if each["name"] == "instance"]
    if [(each["multi"], each["allValue"]) for each in found] != [(True, ".+")]:
        yield "no variable for several instances"
    for panel, target in targets(board):
        if 'instance=~"$instance"' not in target["expr"]:
            yield f"{panel['title']}: does not ask for the instances that were chosen"


# ---- ours ----

def form(board):
    if (board["schemaVersion"], board["id"], board["graphTooltip"], board["timezone"]) != (39, None, 1, "utc"):
        yield "not schemaVersion 39, or with an id, without the shared crosshair, or not in UTC"
    if "farshore" not in board["tags"] or [(link["type"], link["tags"]) for link in board["links"]] != [("dashboards", ["farshore"])]:
        yield "not linked with the other boards by the tag farshore"
    yield from (f"{panel['title']}: {panel['type']} is no kind that we use" for panel in panels(board) if panel["type"] not in KINDS)


def grid(board):
    """Within 24 columns, no two at one place, every panel under a row, ids of their own."""
    ids = [panel["id"] for panel in board["panels"]]
    if len(set(ids)) != len(ids):
        yield "two panels have one id"
    if board["panels"][0]["type"] != "row":
        yield "does not begin with a row"
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > 24:
            yield f"{panel['title']}: not within 24 columns"
    for one, other in itertools.combinations(board["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]:
            yield f"{one['title']} and {other['title']} overlap"


def names(board, known=None):
    """Every metric is one that exists, every label one of the metrics that are asked for."""
    known = known or known_metrics()
    variables = BUILT_IN | {each["name"] for each in board["templating"]["list"]}
    for where, expr in queries(board):
        yield from (f"{where}: ${name} is no variable" for name in re.findall(r"\$\{?(\w+)", expr) if name not in variables)
        text = re.sub(r"\[[^\]]*\]", "", without_strings(re.sub(r"\$\w+", "1", expr)))
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=(?!=))", "".join(re.findall(r"\{[^}]*\}", text))))
        for some in re.findall(r"\b(?:by|on|group_left|group_right) \(([^)]*)\)", text):
            labels |= {label.strip() for label in some.split(",") if label.strip()}
        text = re.sub(r"\{[^}]*\}|\b(?:by|on|group_left|group_right) \([^)]*\)", " ", text)
        asked = {word for word in re.findall(r"[a-zA-Z_][\w:]*", text) if word not in WORDS_OF_PROMQL}
        yield from (f"{where}: no metric is called {name}" for name in sorted(asked - known.keys()))
        there = set().union(*(known.get(name) or set() for name in asked)) if asked else set()
        if all(known.get(name) is not None for name in asked & known.keys()):
            yield from (f"{where}: none of its metrics has the label {label}" for label in sorted(labels - there))


def marks(board):
    found = {mark["name"] for mark in board["annotations"]["list"]}
    if not {"Run accepted", "Run ended", "Primary silent", "Notes by people"} <= found:
        yield "runs and people's notes are not marked on the time axis"


RULES = (data_source, variables_follow_the_time, titles_and_descriptions, units, has_targets, rates, not_editable, instances, form,
         grid, names, marks)


def faults(board):
    return [f"{board['uid']}: {rule.__name__}: {fault}" for rule in RULES for fault in rule(board)]
