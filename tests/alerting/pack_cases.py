"""Turns the tables of pack/ into files for `promtool test rules`.

A table says for each alert what is good and what is bad; the timeline of each of the five cases follows from that and
from the alert's own `for`. README.md says how a table is read.
"""
import pathlib
import re

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ALERTING = HERE.parents[1] / "alerting"
KINDS = ("fires", "quiet", "resolves", "missing", "flapping")

GONE = "gone"
VANTAGES = {"us": "us-east", "eu": "eu-west", "ec": "eu-central"}
MACROS = {
    "us": 'cluster="shop",region="us-east",server="shop-us"',
    "eu": 'cluster="shop",region="eu-west",server="shop-eu"',
    "api_us": 'cluster="shop",application="shop-api",region="us-east"',
    "files": 'cluster="shop",tier="uploads",region="eu-west"',
    "record": 'cluster="shop",record="orders.example.com",type="A",nameserver="ns1:53"',
    "unknown": 'cluster="shop",record="orders.example.com",type="A",nameserver="unknown"',
    "act": 'instance="act:10188",job="farshore-actuator"',
    "exporter": 'instance="us:10187",job="farshore-exporter"',
    "prom": 'instance="us:9090",job="farshore-prometheus"',
    "am": 'instance="us:9093",job="farshore-alertmanager"',
}
SEEN_BY = {"by_us": ["us"], "by_eu": ["eu"], "by_ec": ["ec"], "by_two": ["eu", "ec"], "by_all": ["us", "eu", "ec"]}
WARM_UP = 300  # seconds of good before anything happens


def load_rules():
    return yaml.safe_load((ALERTING / "rules/farshore.yml").read_text(encoding="utf-8"))["groups"]


def alerts_of(groups):
    """name -> rule, of every alert."""
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def load_tables():
    """name -> entry, of every table."""
    entries = {}
    for path in sorted((HERE / "pack").glob("*.yml")):
        for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if "Farshore" + name in entries:
                raise ValueError(f"{path}: {name} stands in two tables")
            entries["Farshore" + name] = entry
    return entries


def seconds(duration):
    return sum(int(number) * {"s": 1, "m": 60, "h": 3600}[unit] for number, unit in re.findall(r"(\d+)([smh])", duration))


def expand(name):
    """The series that a name with macros stands for."""
    seen_by = re.search(r"\$(by_\w+)", name)
    for vantage in SEEN_BY[seen_by.group(1)] if seen_by else [None]:
        one = name
        if vantage:
            one = one.replace("$" + seen_by.group(1), f'vantage="{VANTAGES[vantage]}",instance="{vantage}:10187",'
                              'job="farshore-exporter"')
        yield re.sub(r"\$(\w+)", lambda found: MACROS[found.group(1)], one)


def piece(value, start, count, step):
    """promtool's notation of `count` samples from `start` on."""
    text = str(value)
    if text == GONE:
        return " ".join(["stale"] + (["_x%d" % (count - 1)] if count > 1 else []))
    if text == "now":
        return f"{start}+{step}x{count - 1}"
    return f"{text}{'' if '+' in text else '+0'}x{count - 1}"


def input_series(series, phases, step):
    """phases: (length in seconds, which): good, bad or gone; a value that is no pair is both good and bad."""
    made = []
    for name, value in series.items():
        values, at = [], 0
        for length, which in phases:
            now = GONE if which == GONE else value
            if isinstance(now, list):
                now = now[0 if which == "good" else 1]
            values.append(piece(now, at, length // step, step))
            at += length
        made += [{"series": one, "values": " ".join(values)} for one in expand(name)]
    return made


def firing(alert, rule, at, label_sets):
    """What must be firing at a moment: exactly these, with exactly these labels."""
    samples = []
    for labels in label_sets:
        every = dict(labels, **rule["labels"], alertname=alert, alertstate="firing")
        inside = ",".join(f'{key}="{value}"' for key, value in sorted(every.items()))
        samples.append({"labels": "ALERTS{" + inside + "}", "value": 1})
    return {"expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}', "eval_time": f"{at}s", "exp_samples": samples}


class Case:
    """One alert's cases; `tests()` gives what promtool reads."""

    def __init__(self, alert, rule, entry):
        self.alert, self.rule, self.entry = alert, rule, entry
        self.hold = seconds(rule.get("for", ""))
        self.step = 60 if self.hold > 1800 else 15 if self.hold > 600 else 1 if self.hold < 5 else 5
        self.window = seconds(entry.get("window", ""))
        labels = entry["labels"]
        self.labels = labels if isinstance(labels, list) else [labels]
        self.late = self.hold + self.window + 4 * self.step + 15  # after so long bad it fires

    def test(self, kind, phases, expectations, series=None):
        return {"name": f"{self.alert}: {kind}", "interval": f"{self.step}s",
                "input_series": input_series(series or self.entry["series"], phases, self.step),
                "promql_expr_test": [firing(self.alert, self.rule, at, sets) for at, sets in expectations]}

    def fires(self):
        before = [(WARM_UP + self.hold - self.step, [])] if self.hold >= self.step else []
        return self.test("fires", [(WARM_UP, "good"), (self.padded(self.late), "bad")],
                         [(WARM_UP - self.step, []), *before, (WARM_UP + self.late, self.labels)])

    def quiet(self):
        length = self.padded(WARM_UP + self.late)
        return self.test("does not fire", [(length, "good")], [(at, []) for at in (0, WARM_UP, length - self.step)])

    def resolves(self):
        bad, good = self.padded(self.late), self.padded(self.window + 60)
        return self.test("resolves", [(WARM_UP, "good"), (bad, "bad"), (good, "good")],
                         [(WARM_UP + self.late, self.labels), (WARM_UP + bad + good - self.step, [])])

    def missing(self):
        length = self.padded(self.late)
        return self.test("missing data", [(WARM_UP, "good"), (length, GONE)],
                         [(WARM_UP + self.late, self.entry.get("missing", []))])

    def flapping(self):
        """Bad for a little less than `for`, again and again."""
        bad = max(self.hold // self.step * self.step, self.step)
        phases = [(WARM_UP, "good")] + [(bad, "bad"), (self.step, "good")] * 4
        at, moments = WARM_UP, []
        for length, _ in phases[1:]:
            at += length
            moments.append((at - self.step, []))
        return self.test("flaps", phases, moments)

    def also(self):
        for each in self.entry.get("also", []):
            yield self.test(each["name"], [(self.padded(self.late + WARM_UP), "bad")],
                            [(self.late + WARM_UP, each.get("fires", []))], each["series"])

    def padded(self, length):
        return (length // self.step + 3) * self.step

    def tests(self):
        absent = self.entry.get("absent", {})
        return [getattr(self, kind)() for kind in KINDS if kind not in absent] + list(self.also())


def recorded_in(expr):
    return set(re.findall(r"\b[a-z_]+:farshore_\w+:\w+", expr))


def asked_for(groups, expr):
    """The recordings that an expression needs, and those that they need."""
    recordings = {rule["record"]: rule["expr"] for group in groups for rule in group["rules"] if "record" in rule}
    found, left = set(), recorded_in(expr)
    while left:
        found |= left
        left = {name for each in left for name in recorded_in(recordings[each])} - found
    return found


def promtool_file(groups, alert, rule, entry):
    """(rules, tests): this one alert with the recordings that it asks for, and its cases."""
    case = Case(alert, rule, entry)
    names = asked_for(groups, rule["expr"]) | {alert}
    kept = [{"name": group["name"], "interval": f"{case.step}s",
             "rules": [each for each in group["rules"] if each.get("record", each.get("alert")) in names]}
            for group in groups]
    kept = [group for group in kept if group["rules"]]
    # A step is longer than the window in which a state is looked for: what is recorded must be of this step.
    tests = {"evaluation_interval": f"{case.step}s", "group_eval_order": [group["name"] for group in kept],
             "tests": case.tests()}
    return {"groups": kept}, tests
