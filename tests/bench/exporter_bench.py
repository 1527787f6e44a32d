"""farshore-exporter beside Debian's prometheus-postgres-exporter, and farshore-exporter alone with more and more servers.

Called by exporter.sh, which says how. Ours watches the primary and its standby, as it does in life; theirs watches the
primary, which is all that it is asked for. Both are asked over one kept connection without compression, in turn, so
that whatever else the machine does falls on both.
"""

import argparse
import base64
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

from bench_world import Exporter, free_port, replayed, wait_until, world

THEIRS = "/usr/bin/prometheus-postgres-exporter"
OURS = os.environ["FARSHORE_EXPORTER"]
PASSWORD = "bench-only"
PASSWORD_HASH = "$2b$10$abcdefghijklmnopqrstuu175FW4Y/uIH4Zxu/coaiHl5t.YyEBga"
MIB = 1 << 20


def say(text):
    print(text, file=sys.stderr, flush=True)


def output_of(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def topology(servers, timeout):
    """servers: (host, port) of primary and standby in turn; two make a cluster."""
    text = f"""vantages: {{names: [a, b, c]}}
prometheus: {{servers: [{{region: a, url: "http://127.0.0.1:9"}}, {{region: b, url: "http://127.0.0.2:9"}},
                       {{region: c, url: "http://127.0.0.3:9"}}]}}
alertmanagers: [{{region: a, url: "http://127.0.0.1:8"}}, {{region: b, url: "http://127.0.0.2:8"}}]
exporters: [{{vantage: a, address: "127.0.0.1:9"}}, {{vantage: b, address: "127.0.0.2:9"}}, {{vantage: c, address: "127.0.0.3:9"}}]
actuators: [{{address: "127.0.0.1:10"}}]
observe: {{interval: 1s, timeout: {timeout}}}
clusters:
"""
    for first in range(0, len(servers), 2):
        pair = list(zip("ab", servers[first:first + 2]))
        text += f"  - name: cluster-{first // 2}\n    failover: {{mode: off}}\n    servers:\n"
        for region, (host, port) in pair:
            text += (f"      - {{name: pg-{first // 2}-{region}, region: {region}, admin: {{user: a, passfile: /x}},\n"
                     f"         conninfo: \"host={host} port={port} dbname=postgres user=ours\"}}\n")
        text += "    fence:\n"
        for region, _ in pair:
            text += f"      - {{kind: command, server: pg-{first // 2}-{region}, act: [/bin/false], proof: [/bin/false]}}\n"
        targets = ", ".join(f"{region}: 127.0.0.1" for region, _ in pair)
        text += f"    traffic: [{{kind: command, name: t-{first // 2}, act: [/bin/false], read: [/bin/false], targets: {{{targets}}}}}]\n"
    return text


class Bench:
    def __init__(self, primary, standby, folder, quick):
        self.primary, self.standby, self.folder, self.quick = primary, standby, folder, quick
        self.web_config = os.path.join(folder, "web.yml")
        pathlib.Path(self.web_config).write_text(f"basic_auth_users:\n  bench: {PASSWORD_HASH}\n")
        self.authorization = "Basic " + base64.b64encode(f"bench:{PASSWORD}".encode()).decode()

    def web(self, authenticated):
        return (["--web.config.file", self.web_config], self.authorization) if authenticated else ([], None)

    def ours(self, servers, authenticated=False, timeout="1s"):
        port = free_port()
        file = os.path.join(self.folder, f"farshore-{port}.yml")
        pathlib.Path(file).write_text(topology(servers, timeout))
        flags, authorization = self.web(authenticated)
        return Exporter([OURS, "--config.file", file, "--vantage", "a", "--web.listen-address", f"127.0.0.1:{port}",
                         "--log.level", "error", *flags], port, self.folder, authorization=authorization)

    def theirs(self, authenticated=False):
        port = free_port()
        flags, authorization = self.web(authenticated)
        source = f"host=127.0.0.1 port={self.primary.port} user=theirs dbname=postgres sslmode=disable"
        return Exporter([THEIRS, "--web.listen-address", f"127.0.0.1:{port}", "--log.level", "error", *flags], port,
                        self.folder, environment={"DATA_SOURCE_NAME": source, "PATH": "/usr/bin"},
                        authorization=authorization)

    def pair(self):
        return [("127.0.0.1", self.primary.port), ("127.0.0.1", self.standby.port)]


def up(exporter, count):
    body = exporter.scrape(5)["body"].decode()
    return sum(line.startswith("farshore_pg_up{") and line.endswith(" 1") for line in body.splitlines()) == count


def scrape_in_turn(exporters, count):
    """Name -> median and p99 of the time, bytes of the last body. Each scrape has to succeed."""
    times = {name: [] for name in exporters}
    sizes = {}
    for _ in range(count):
        for name, exporter in exporters.items():
            answer = exporter.scrape(20)
            if answer["status"] != 200:
                raise RuntimeError(f"{name} answers {answer['status']}")
            times[name].append(answer["ms"])
            sizes[name] = answer["bytes"]
    return {name: {"scrape_ms_p50": round(statistics.median(values), 3),
                   "scrape_ms_p99": round(sorted(values)[int(len(values) * 0.99)], 3),
                   "scrape_bytes": sizes[name]} for name, values in times.items()}


def burst_cost(exporters, primary, scrapes):
    """CPU and statements of so many scrapes, in turns of 50. What an exporter does by itself meanwhile is in it."""
    cpu = dict.fromkeys(exporters, 0.0)
    statements = dict.fromkeys(exporters, 0)
    wall = dict.fromkeys(exporters, 0.0)
    for _ in range(max(1, scrapes // 50)):
        for name, exporter in exporters.items():
            before, calls, begin = exporter.cpu_seconds(), primary.statements_of(name), time.monotonic()
            for _ in range(50):
                exporter.scrape(20)
            wall[name] += time.monotonic() - begin
            cpu[name] += exporter.cpu_seconds() - before
            statements[name] += primary.statements_of(name) - calls
    done = max(1, scrapes // 50) * 50
    return {name: {"cpu": cpu[name] / done, "statements": statements[name] / done, "wall": wall[name] / done}
            for name in exporters}


def idle_cost(exporters, primary, seconds):
    """CPU and statements per second while nobody asks: an exporter's own polling."""
    before = {name: (one.cpu_seconds(), primary.statements_of(name)) for name, one in exporters.items()}
    begin = time.monotonic()
    time.sleep(seconds)
    after = {name: (one.cpu_seconds(), primary.statements_of(name)) for name, one in exporters.items()}
    took = time.monotonic() - begin
    return {name: {"cpu": (after[name][0] - before[name][0]) / took,
                   "statements": (after[name][1] - before[name][1]) / took} for name in exporters}


def side_by_side(bench, authenticated):
    count, scrapes, seconds = (10, 50, 1) if bench.quick else (300, 1000, 20)
    with bench.ours(bench.pair(), authenticated) as ours, bench.theirs(authenticated) as theirs:
        exporters = {"ours": ours, "theirs": theirs}
        wait_until(lambda: up(ours, 2), "ours sees both servers")
        scrape_in_turn(exporters, 5 if bench.quick else 30)  # warm
        figures = scrape_in_turn(exporters, count)
        idle = idle_cost(exporters, bench.primary, seconds)
        burst = burst_cost(exporters, bench.primary, scrapes)
        for name, exporter in exporters.items():
            # Only what the scrapes cost, then the polling of as long as 1000 scrapes take at one a second.
            scrape = max(0.0, burst[name]["cpu"] - idle[name]["cpu"] * burst[name]["wall"])
            calls = max(0.0, burst[name]["statements"] - idle[name]["statements"] * burst[name]["wall"])
            memory = exporter.memory()
            figures[name] |= {
                "cpu_ms_per_scrape": round(scrape * 1000, 3),
                "cpu_ms_per_second_of_polling": round(idle[name]["cpu"] * 1000, 3),
                "cpu_seconds_per_1000_scrapes_and_their_polling": round((scrape + idle[name]["cpu"]) * 1000, 3),
                "statements_per_scrape": round(calls, 2),
                "statements_per_second_at_one_scrape": round(calls + idle[name]["statements"], 2),
                "rss_anon_bytes": memory["RssAnon"], "vm_rss_bytes": memory["VmRSS"], "threads": memory["threads"]}
        return figures


def when_lost(bench, limit):
    """Answers while the primary is frozen, then while it is down: status and milliseconds, null = none within the limit."""
    def ask(exporter, times):
        answers = [exporter.scrape(limit) for _ in range(times)]
        given = sorted(one["ms"] for one in answers if one["status"] is not None)
        return {"asked": times, "answered": len(given), "status": answers[-1]["status"],
                "ms_p50": round(statistics.median(given), 3) if given else None,
                "ms_max": round(given[-1], 3) if given else None}

    figures = {"limit_seconds": limit}
    with bench.ours(bench.pair()) as ours, bench.theirs() as theirs:
        wait_until(lambda: up(ours, 2), "ours sees both servers")
        bench.primary.freeze()
        try:
            wait_until(lambda: up(ours, 1), "ours sees the freeze")
            figures["frozen"] = {"ours": ask(ours, 20 if bench.quick else 200), "theirs": ask(theirs, 1)}
        finally:
            bench.primary.thaw()
        wait_until(lambda: up(ours, 2), "ours sees the thaw")
        bench.primary.stop()
        wait_until(lambda: up(ours, 1), "ours sees the loss")
        figures["down"] = {"ours": ask(ours, 20 if bench.quick else 200), "theirs": ask(theirs, 1 if bench.quick else 5)}
    bench.primary.start()
    return figures


def addresses(bench, count, replayed_ports):
    """The pair itself, then distinct places at which the same two servers are replayed."""
    places = [(f"127.0.{1 + index // 200}.{1 + index % 200}", replayed_ports[index % 2]) for index in range(2, count)]
    return (bench.pair() + places)[:count]


def scaling(bench, sizes):
    with replayed(bench.primary, bench.folder) as primary, replayed(bench.standby, bench.folder) as standby:
        return [scaled_to(bench, size, addresses(bench, size, (primary, standby))) for size in sizes]


def scaled_to(bench, size, servers):
    seconds = 1 if bench.quick else 20
    with bench.ours(servers) as ours:
        wait_until(lambda: up(ours, size), f"ours sees {size} servers", 60)
        cpu, begin = ours.cpu_seconds(), time.monotonic()
        answers = []
        while time.monotonic() < begin + seconds:  # as one Prometheus would
            answers.append(ours.scrape(5))
            time.sleep(max(0.0, begin + len(answers) - time.monotonic()))
        took = time.monotonic() - begin
        cpu = ours.cpu_seconds() - cpu
        memory = ours.memory()
        row = {"servers": size, "all_up": up(ours, size), "cpu_percent_of_a_core": round(cpu / took * 100, 2),
               "vm_rss_bytes": memory["VmRSS"], "rss_anon_bytes": memory["RssAnon"], "threads": memory["threads"],
               "sockets": ours.sockets(),
               "scrape_ms_p50": round(statistics.median(one["ms"] for one in answers), 3),
               "scrape_bytes": answers[-1]["bytes"]}
    say(f"   {row}")
    return row


def goal(goals, name, value, limit):
    goals[name] = {"value": round(value, 4), "limit": limit, "met": value <= limit}


def side_goals(goals, suffix, figures):
    ours, theirs = figures["ours"], figures["theirs"]
    for name, key, limit in (("scrape_time_ratio", "scrape_ms_p50", 0.2),
                             ("cpu_ratio", "cpu_seconds_per_1000_scrapes_and_their_polling", 0.5),
                             ("rss_anon_ratio", "rss_anon_bytes", 0.5), ("vm_rss_ratio", "vm_rss_bytes", 1.0)):
        goal(goals, name + suffix, ours[key] / theirs[key], limit)


def scaling_goals(goals, rows):
    last, first = rows[-1], rows[0]
    at = f"_at_{last['servers']}_servers"
    goal(goals, "cpu_percent" + at, last["cpu_percent_of_a_core"], 25)
    goal(goals, "vm_rss_mib" + at, last["vm_rss_bytes"] / MIB, 64)
    goal(goals, "threads_more_than_at_one_server", last["threads"] - first["threads"], 0)
    goal(goals, "sockets_per_more_server", (last["sockets"] - first["sockets"]) / (last["servers"] - first["servers"]), 1)
    if len(rows) < 3:
        return
    # Linear: one more server costs as much among many as among few; a fifth is left to the noise.
    for key in ("cpu_percent_of_a_core", "vm_rss_bytes"):
        before, after = slope(first, rows[-2], key), slope(rows[-2], last, key)
        goal(goals, f"cost_of_one_more_server_{key}_among_many_to_among_few", after / before, 1.2)


def slope(few, many, key):
    return (many[key] - few[key]) / (many["servers"] - few["servers"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    result = {"quick": quick, "versions": {"ours": output_of(OURS, "--version").splitlines()[0],
                                           "theirs": output_of(THEIRS, "--version").splitlines()[0]}}
    goals = {}
    with world() as (primary, standby, folder):
        result["versions"]["postgresql"] = primary.psql("SHOW server_version")
        bench = Bench(primary, standby, folder, quick)
        say("== side by side")
        result["servers_watched"] = {"ours": 2, "theirs": 1}
        result["open"] = side_by_side(bench, False)
        side_goals(goals, "", result["open"])
        if "--web.config.file" in output_of(OURS, "--help"):
            say("== side by side, with authentication")
            result["authenticated"] = side_by_side(bench, True)
            side_goals(goals, "_authenticated", result["authenticated"])
        say("== frozen and down")
        result["lost"] = when_lost(bench, 1 if quick else 10)
        say("== more and more servers")
        result["scaling"] = scaling(bench, (1, 4) if quick else (1, 10, 50, 200))
        scaling_goals(goals, result["scaling"])
    lost = result["lost"]
    for what in ("frozen", "down"):
        ours = lost[what]["ours"]
        goal(goals, f"unanswered_when_{what}", ours["asked"] - ours["answered"], 0)
        goal(goals, f"slowest_answer_ms_when_{what}", ours["ms_max"] or float("inf"), 50)
    result["goals"] = goals
    result["met"] = all(one["met"] for one in goals.values())
    print(json.dumps(result))


def stop_in_order(number, _frame):
    """So that the servers are stopped and the folder goes, whoever ends the bench."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop_in_order)
    main()
