"""See rules.sh."""
import argparse
import http.server
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from simulated_clusters import VANTAGES, Clusters

GOAL_MS = 100
NO_RULES = b"groups: []\n"


def say(text):
    print(text, file=sys.stderr, flush=True)


class Pages:
    """Serves each page on an address of its own; a page that is None hangs up, as a lost host does."""

    def __init__(self, clusters):
        self.clusters, self.servers, self.text = clusters, [], {}
        self.show(lost=False)
        for key in (*VANTAGES, "actuator"):
            self.servers.append(self.serve(key))

    def show(self, lost):
        made = {vantage: self.clusters.exporter(vantage, lost) for vantage in VANTAGES}
        self.text = {key: page.encode() if page else None for key, page in made.items()}

    def serve(self, key):
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = pages.clusters.actuator(time.time()).encode() if key == "actuator" else pages.text[key]
                if page is None:
                    return self.close_connection_now()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def close_connection_now(self):
                self.close_connection = True

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def addresses(self):
        return [f"127.0.0.1:{server.server_address[1]}" for server in self.servers]

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


def free_port():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return server.server_address[1]


class Prometheus:
    def __init__(self, folder, pages):
        self.address = f"127.0.0.1:{free_port()}"
        *exporters, actuator = pages.addresses()
        topology = folder / "farshore.yml"
        topology.write_text(pages.clusters.topology(exporters, actuator, self.address), encoding="utf-8")
        generate = [os.environ["FARSHORECTL"], f"--config.file={topology}", "generate"]
        self.rules = folder / "rules.yml"
        self.pack = subprocess.check_output([*generate, "rules"], timeout=60)
        self.rules.write_bytes(self.pack)
        (folder / "prometheus.yml").write_bytes(subprocess.check_output(
            [*generate, "prometheus", "--region", "eu-central", "--rule-file", str(self.rules)], timeout=60))
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={self.address}", "--log.level=error"], stdout=self.log, stderr=self.log)

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            return answer.read().decode()

    def own(self, metric):
        """(series, value) of a metric of Prometheus itself."""
        for each in self.get("/metrics").splitlines():
            if re.match(metric + r"[ {]", each):
                series, value = each.rsplit(" ", 1)
                yield series, float(value)

    def groups(self):
        return json.loads(self.get("/api/v1/rules"))["data"]["groups"]

    def load(self, rules):
        self.rules.write_bytes(rules)
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: bool(self.groups()) == (rules != NO_RULES), "Prometheus reads its rules")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def series(self):
        return int(next(value for _, value in self.own("prometheus_tsdb_head_series")))

    def query(self, expression):
        answer = json.loads(self.get("/api/v1/query?query=" + urllib.parse.quote(expression)))
        return answer["data"]["result"]

    def broken_rules(self):
        return sorted(f"{rule['name']}: {rule['lastError']}" for group in self.groups() for rule in group["rules"]
                      if rule["health"] == "err")

    def firing(self):
        return sorted({each["metric"]["alertname"] for each in self.query('ALERTS{alertstate="firing"}')})

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


def wait_for(condition, what, limit=120):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"not within {limit} s: {what}")


def medians(seen):
    """name -> median in ms, the slowest first; of dictionaries with seconds by name."""
    each = {name: round(1000 * statistics.median(one[name] for one in seen), 1) for name in seen[0]}
    return dict(sorted(each.items(), key=lambda item: -item[1]))


def cpu_share(prometheus, seconds):
    """Of one core, of everything that Prometheus does."""
    begin, cpu = time.monotonic(), prometheus.cpu_seconds()
    time.sleep(seconds)
    return (prometheus.cpu_seconds() - cpu) / (time.monotonic() - begin)


def measure(prometheus, seconds):
    """Groups are evaluated apart from each other and may overlap; the pack is the sum of what they take."""
    seen, rules = [], []
    end, begin, cpu = time.monotonic() + seconds, time.monotonic(), prometheus.cpu_seconds()
    while time.monotonic() < end:
        groups = prometheus.groups()
        seen.append({group["name"].removeprefix("farshore-"): group["evaluationTime"] for group in groups})
        rules.append({rule["name"]: rule["evaluationTime"] for group in groups for rule in group["rules"]})
        time.sleep(1)
    packs = [1000 * sum(each.values()) for each in seen]
    share = (prometheus.cpu_seconds() - cpu) / (time.monotonic() - begin)
    # What other work on the machine adds is in all but the least.
    return {"pack_ms_least": round(min(packs), 1), "pack_ms_median": round(statistics.median(packs), 1),
            "pack_ms_max": round(max(packs), 1),
            "longest_group_ms_median": round(statistics.median(1000 * max(each.values()) for each in seen), 1),
            "groups_ms_median": medians(seen), "slowest_rules_ms_median": dict(list(medians(rules).items())[:10]),
            "cpu_share": round(share, 3), "firing": prometheus.firing(), "broken_rules": prometheus.broken_rules()}


def bench(options):
    pages = Pages(Clusters(options.clusters))
    with tempfile.TemporaryDirectory() as name:
        prometheus = Prometheus(pathlib.Path(name), pages)
        try:
            wait_for(lambda: prometheus.groups() and prometheus.query("farshore_pg_up"), "Prometheus scrapes")
            say(f"warming up for {options.warm_up} s")
            time.sleep(options.warm_up)
            well = measure(prometheus, options.measure)
            series = prometheus.series()
            say(json.dumps(well))
            # What is left of the processor's time is scraping and storing.
            prometheus.load(NO_RULES)
            without = cpu_share(prometheus, options.measure / 2)
            well["cpu_share_without_rules"] = round(without, 3)
            prometheus.load(prometheus.pack)
            say("us-east is lost")
            pages.show(lost=True)
            wait_for(lambda: "FarshorePrimaryDown" in prometheus.firing(), "the alert fires")
            lost = measure(prometheus, options.measure)
            down = prometheus.query('count(ALERTS{alertname="FarshorePrimaryDown",alertstate="firing"})')
        finally:
            prometheus.stop()
            pages.stop()
    return {"clusters": options.clusters, "vantages": len(VANTAGES), "series": series, "well": well, "region_lost": lost,
            "primaries_down": int(down[0]["value"][1]),
            "goals": {"pack_ms_median": {"at_most": GOAL_MS, "well": well["pack_ms_median"],
                                         "region_lost": lost["pack_ms_median"],
                                         "met": max(well["pack_ms_median"], lost["pack_ms_median"]) <= GOAL_MS}}}


def main():
    parser = argparse.ArgumentParser(description="Evaluation time of the alert pack.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=610)
    parser.add_argument("--measure", type=int, default=40)
    options = parser.parse_args()
    if options.quick:
        options.clusters, options.warm_up, options.measure = 5, 5, 6
    print(json.dumps(bench(options)))


if __name__ == "__main__":
    main()
