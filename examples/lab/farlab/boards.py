"""Asks a Prometheus every question of Grafana's dashboards, as Grafana would, and judges the answers.

Prometheus remembers: a moment of the past is asked afterwards, so that the asking disturbs nothing that is measured."""

import copy
import http.client
import json
import math
import os
import re
import time
import urllib.parse

from .silences import SILENCES

SCRAPE_SECONDS = 1
OPTIONAL = ("cluster", "server", "candidate")  # an alert may be about neither; a run has not chosen at first
MAX_SERIES = 49  # of one panel's query: more cannot be read
NOTHING = {"wrong": [], "silent": [], "excused": 0, "queries": 0}


class Asker:
    """One connection to a Prometheus, kept."""

    def __init__(self, url, timeout=10.0):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        self._prefix = parts.path.rstrip("/")

    def ask(self, path, **parameters):
        """The field data of the answer; ValueError with Prometheus' own words when it says no."""
        body = urllib.parse.urlencode(parameters, doseq=True)
        self._connection.request("GET", f"{self._prefix}/api/v1/{path}?{body}")
        answer = json.loads(self._connection.getresponse().read())
        if answer.get("status") != "success":
            raise ValueError(answer.get("error", "no success and no reason"))
        return answer["data"]

    def close(self):
        self._connection.close()


def load(folder):
    """The dashboards of a folder, by file name."""
    boards = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                boards.append(json.load(file))
    return boards


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def _natural(text):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def _choices(asker, variable, known, start, end):
    """The values that Grafana would offer."""
    metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
    found = asker.ask(f"label/{label}/values", start=start, end=end, **{"match[]": expand(metric, known)})
    return sorted(found, key=_natural, reverse=variable["sort"] == 8)


def variables(asker, board, start, end):
    """{name: value} with what is preselected: everything where that can be, else the first choice."""
    span = max(1, round(end - start))
    step = max(SCRAPE_SECONDS, math.ceil(span / 1000))
    known = {"__interval": f"{step}s", "__interval_ms": str(step * 1000), "__range": f"{span}s", "__range_s": str(span)}
    for variable in board["templating"]["list"]:
        if variable["type"] == "datasource":
            continue
        if variable["includeAll"]:
            known[variable["name"]] = variable["allValue"]
            continue
        choices = _choices(asker, variable, known, start, end)
        known[variable["name"]] = choices[0] if choices else ""
    return known


def _of_panel(panel, known):
    """With $__rate_interval: four scrapes, or a step and a scrape."""
    scrape, step = int(panel.get("interval", f"{SCRAPE_SECONDS}s")[:-1]), int(known["__interval"][:-1])
    return {**known, "__rate_interval": f"{max(step + scrape, 4 * scrape)}s"}


def expand(expr, known):
    """$name and ${name} replaced; KeyError for one that is not known."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: known[found[1] or found[2]], expr)


def _annotations(asker, board, known, start, end):
    """The marks on the time axis: (time, title)."""
    marks = []
    for annotation in board["annotations"]["list"]:
        if "expr" not in annotation:
            continue
        for series in asker.ask("query_range", query=expand(annotation["expr"], known), start=start, end=end, step=1)["result"]:
            title = re.sub(r"\{\{(\w+)\}\}", lambda found, of=series: of["metric"].get(found[1], ""), annotation["titleFormat"])
            marks += sorted({(float(value) / 1000, title, annotation["iconColor"]) for _, value in series["values"]})
    return [mark for mark in marks if start <= mark[0] <= end]


def ask_board(asker, board, start, end):
    """{"variables", "marks", "panels": {id: {refId: {"instant", "range", "error"}}}} of one dashboard at `end`."""
    known = variables(asker, board, start, end)
    answers = {}
    for panel in panels(board):
        answers[panel["id"]] = {}
        for target in panel["targets"]:
            answer = {"error": "", "instant": [], "range": []}
            try:
                query = expand(target["expr"], _of_panel(panel, known))
                answer["instant"] = asker.ask("query", query=query, time=end)["result"]
                answer["range"] = asker.ask("query_range", query=query, start=start, end=end, step=1)["result"]
            except ValueError as error:
                answer["error"] = str(error)
            answers[panel["id"]][target["refId"]] = answer
    return {"variables": known, "marks": _annotations(asker, board, known, start, end), "panels": answers,
            "start": start, "end": end}


def ask_all(url, boards, start, end):
    """{uid: answers} of every dashboard as it was at `end`, which is the last step of every range too: what was scraped in
    the last second would be in the instant answers only."""
    start = end - math.floor(end - start)
    asker = Asker(url)
    try:
        return {board["uid"]: ask_board(asker, board, start, end) for board in boards}
    finally:
        asker.close()


# ---- judging ----

def _used(target, answer):
    return answer["instant"] if target["instant"] else answer["range"]


def _columns(panel):
    """The labels that a table shows."""
    for transformation in panel.get("transformations", ()):
        if transformation["id"] == "filterFieldsByName":
            return [name for name in transformation["options"]["include"]["names"] if not name.startswith("Value")]
        if transformation["id"] == "groupingToMatrix":
            return [transformation["options"]["rowField"], transformation["options"]["columnField"]]
    return []


def _faults(panel, answers):
    shown = {name for target in panel["targets"] for series in answers[target["refId"]]["instant"] for name in series["metric"]}
    if shown:
        yield from (f"the column {name} is in no answer" for name in _columns(panel)
                    if name not in shown and name not in OPTIONAL)
    for target in panel["targets"]:
        answer = answers[target["refId"]]
        if answer["error"]:
            yield f"{target['refId']}: {answer['error']}"
        if max(len(answer["instant"]), len(answer["range"])) > MAX_SERIES:
            yield f"{target['refId']}: {len(answer['range'])} series"
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
            if any(label not in series["metric"] for series in _used(target, answer)):
                yield f"{target['refId']}: the legend's label {label} is not in every series"


def judge(boards, answers, moment):
    """{"wrong", "silent", "excused", "queries"}: what is wrong, which queries had no answer without being listed in
    silences.py and how many that are listed there. `moment`: B, D or A."""
    found = copy.deepcopy(NOTHING)
    for board in boards:
        for panel in panels(board):
            here = answers[board["uid"]]["panels"][panel["id"]]
            where = f"{moment}: {board['uid']}, {panel['title']}"
            found["wrong"] += [f"{where}: {fault}" for fault in _faults(panel, here)]
            for target in panel["targets"]:
                found["queries"] += 1
                if _used(target, here[target["refId"]]) or here[target["refId"]]["error"]:
                    continue
                moments, _ = SILENCES.get((board["uid"], panel["title"], target["refId"]), ("", ""))
                if moment in moments:
                    found["excused"] += 1
                else:
                    found["silent"].append(f"{where}: {target['refId']}")
    return found


def examine(url, folder, moments, save_to=None, must_answer=True):
    """Asks every dashboard of the folder at each of the moments {letter: (start, end)}; a record for the report. Without
    `must_answer` a silence is told and not wrong."""
    boards, began = load(folder), time.monotonic()
    record = {**copy.deepcopy(NOTHING), "moments": "".join(moments)}
    for letter, (start, end) in moments.items():
        answers = ask_all(url, boards, start, end)
        for key, value in judge(boards, answers, letter).items():
            record[key] += value
        if save_to:
            os.makedirs(save_to, exist_ok=True)
            with open(os.path.join(save_to, f"answers-{letter}.json"), "w", encoding="utf-8") as file:
                json.dump(answers, file)
    if must_answer:
        record["wrong"] += [f"{where} has no answer" for where in record["silent"]]
    record["seconds"] = round(time.monotonic() - began, 2)
    return record
