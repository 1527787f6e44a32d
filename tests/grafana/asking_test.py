#!/usr/bin/python3
"""How the lab asks the dashboards' questions, judges the answers and draws them: against a Prometheus that is made up here."""

import http.server
import json
import os
import re
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "examples/lab"))
from farlab import boards, dashboards, preview, preview_values, timeline  # noqa: E402

BOARDS = boards.load(os.path.join(ROOT, "grafana/dashboards"))
START, END = 1764000000.0, 1764000060.0
LABELS = ("cluster server vantage region application application_name instance job alertname severity record type nameserver run state "
          "reason verdict step outcome epoch version revision part kind slot sync_state parameter class tier rule_group integration "
          "bound old_primary candidate").split()


class MadeUp(http.server.BaseHTTPRequestHandler):
    """Answers every query with `series` series that have every label; remembers what was asked."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer, sent in two parts, waits for the client

    def do_GET(self):
        path, _, query = self.path.partition("?")
        asked = {name: values[0] for name, values in urllib.parse.parse_qs(query).items()}
        self.server.asked.append((path, asked))
        if "broken" in asked.get("query", ""):
            return self.answer({"status": "error", "error": "parse error"}, 400)
        if path.endswith("/values"):
            return self.answer({"status": "success", "data": ["shop-9", "shop-10", "shop-2"]})
        metric = {label: f"{label}-x" for label in LABELS}
        each = {"values": [[START + second, "1"] for second in range(60)]} if "range" in path else {"value": [END, "1"]}
        series = [{"metric": {**metric, "server": f"server-{number}"}, **each} for number in range(self.server.series)]
        return self.answer({"status": "success", "data": {"result": series}})

    def answer(self, body, status=200):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Asking(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), MadeUp)
        self.server.daemon_threads, self.server.asked, self.server.series = True, [], 2
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def test_all_boards_are_asked_and_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            record = boards.examine(self.url, os.path.join(ROOT, "grafana/dashboards"), {"A": (START, END)}, folder)
            self.assertEqual((record["wrong"], record["silent"], record["excused"]), ([], [], 0))
            self.assertEqual(record["queries"], sum(len(panel["targets"]) for board in BOARDS for panel in boards.panels(board)))
            preview.draw(BOARDS, os.path.join(folder, "answers-A.json"), folder, pictures=False)
            for board in BOARDS:
                with open(os.path.join(folder, board["uid"] + ".html"), encoding="utf-8") as file:
                    page = file.read()
                self.assertIn("Layout preview, not Grafana.", page)
                for panel in boards.panels(board):
                    self.assertIn(f"<h2>{preview.html.escape(panel['title'])}</h2>", page)

    def test_nothing_that_grafana_would_fill_in_is_left(self):
        boards.ask_all(self.url, BOARDS, START, END)
        queries = [asked["query"] for _, asked in self.server.asked if "query" in asked]
        self.assertTrue(any('cluster=~".+"' in query for query in queries))
        self.assertTrue(any('run="shop-10"' in query for query in queries), "the newest run is chosen")
        self.assertTrue(any("[4s]" in query for query in queries) and any("[60s]" in query for query in queries))
        self.assertEqual([query for query in queries if re.search(r"\$\w", query)], [])

    def test_a_range_ends_with_the_moment_itself(self):
        """Else what was scraped in the last second would be missing from ranges alone."""
        boards.ask_all(self.url, BOARDS[:1], START + 0.3, END)
        ranges = [asked for path, asked in self.server.asked if path.endswith("query_range")]
        self.assertTrue(ranges)
        for asked in ranges:
            steps = (float(asked["end"]) - float(asked["start"])) / float(asked["step"])
            self.assertAlmostEqual(steps, round(steps), places=6)

    def panel_asked(self, expr, legend="{{server}}", instant=False):
        """What is wrong with a board of one panel."""
        target = {"refId": "A", "expr": expr, "legendFormat": legend, "instant": instant}
        board = {"uid": "farshore-x", "annotations": {"list": []}, "templating": {"list": []},
                 "panels": [{"id": 1, "type": "stat", "title": "It", "targets": [target]}]}
        answers = boards.ask_all(self.url, [board], START, END)
        found = boards.judge([board], answers, "B")
        return found["wrong"] + found["silent"]

    def test_a_good_answer_is_good(self):
        self.assertEqual(self.panel_asked("up"), [])

    def test_an_error_is_wrong(self):
        self.assertEqual(self.panel_asked("broken("), ["B: farshore-x, It: A: parse error"])

    def test_too_many_series_are_wrong(self):
        self.server.series = 50
        self.assertIn("50 series", self.panel_asked("up")[0])
        self.server.series = 49
        self.assertEqual(self.panel_asked("up"), [])

    def test_a_legend_with_a_label_that_is_not_there_is_wrong(self):
        self.assertIn("label sever is not in every series", self.panel_asked("up", "{{sever}}")[0])

    def test_no_answer_is_told(self):
        self.server.series = 0
        self.assertEqual(self.panel_asked("up"), ["B: farshore-x, It: A"])


class Moments(unittest.TestCase):
    def test_are_before_during_and_after(self):
        with open(os.devnull, "w", encoding="ascii") as nowhere:
            events = timeline.Timeline(nowhere)
            events.fault("kill")
            self.assertEqual(list(dashboards.moments(events)), ["B", "A"], "no alert fired")
            events.event("alert firing")
        found = dashboards.moments(events)
        self.assertEqual(len({start for start, _ in found.values()}), 1)
        self.assertLess(found["B"][1], found["D"][1])


class Words(unittest.TestCase):
    def test_say_values_with_their_unit(self):
        for value, unit, text in ((1536, "bytes", "1.5 KiB"), (0.25, "s", "250 ms"), (7200, "s", "2 hours"), (0.5, "percentunit", "50 %"),
                                  (3, "none", "3"), (2, "reqps", "2 /s")):
            self.assertEqual(preview_values.say(value, unit), text)
        self.assertEqual(preview_values.say((END - 90) * 1000, "dateTimeFromNow", END), "90 s ago")

    def test_take_the_colour_of_the_last_threshold_reached(self):
        steps = [{"value": None, "color": "green"}, {"value": 5, "color": "red"}]
        self.assertEqual([preview_values.threshold(value, steps) for value in (-1, 5)],
                         [preview_values.COLORS["green"], preview_values.COLORS["red"]])


if __name__ == "__main__":
    unittest.main(verbosity=2)
