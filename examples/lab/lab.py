#!/usr/bin/python3
"""The lab: loses the primary's region and watches the service come back. run.sh builds first, then comes here."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from farlab import (bare, chaos, clouds, dashboards, experiment, faults, fences, forward, network, plan, report,  # noqa: E402
                    stale, timeline, traffic)

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MOST_CLOUD_DELAY = 30  # the lab waits a minute for the service, and its detection takes some of that


def fault_table():
    """For --help: what each fault does, and the ending that the lab checks."""
    lines = ["faults, and the ending that each must have (a wrong one is exit 1):"]
    for name, words, ending in faults.table():
        lines += [f"  {name}", *textwrap.wrap(words, 110, initial_indent="    ", subsequent_indent="    "),
                  *textwrap.wrap(f"-> {ending}", 110, initial_indent="    ", subsequent_indent="       ")]
    return "\n".join(lines)


def choices(rows):
    return "; ".join(f"{name}: {row.words}" for name, row in rows.items())


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="examples/lab/run.sh", description=__doc__, epilog=fault_table(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", choices=faults.FAULTS, metavar="NAME",
                        help="see below; kill, but pgfreeze with --fence ssh alone, which needs a host that answers")
    parser.add_argument("--chaos", metavar="SEED", help="instead of --fault: one or two things at random moments, "
                        "others in every run; what is checked are the promises S1 to S8 (tests/bench/chaos.sh)")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="begin with run N (of a seed)")
    parser.add_argument("--fence", type=fences.parse, default=(fences.DEFAULT,), metavar="NAME[,NAME]",
                        help=f"{choices(fences.FENCES)}. Several stand side by side. Where none of them can prove anything "
                        "of the fault, the run is held and the lab approves it by hand")
    parser.add_argument("--traffic", choices=traffic.TRAFFIC, default=traffic.DEFAULT, metavar="NAME",
                        help=f"what moves the name; {choices(traffic.TRAFFIC)}")
    parser.add_argument("--cloud-delay", type=float, default=2.0, metavar="SECONDS",
                        help="from a change in linode, cloudflare or route53 until the name server has it")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="a fresh world each")
    parser.add_argument("--keep", action="store_true", help="leave the world running and print its URLs, until Ctrl-C")
    parser.add_argument("--by-hand", action="store_true", help="without Farshore: the lab itself fences and promotes")
    parser.add_argument("--dashboards", choices=dashboards.MODES, default=dashboards.TELL,
                        help="tell: ask Prometheus every query of grafana/dashboards at the end of the last run, as of before, "
                        "during and after the fault, and draw a preview; check: what is wrong with them is a PROBLEM")
    parser.add_argument("--no-namespaces", action="store_true",
                        help="use 127.1/2/3.0.0/16 also where namespaces can be made")
    parser.add_argument("--build", default=os.path.join(SOURCE, "build/dev"), help="folder of the built programs")
    parser.add_argument("--report", default=os.path.join(SOURCE, "build/lab/report.json"))
    options = parser.parse_args(arguments)
    if options.fault is None:
        options.fault = fences.default_fault(options.fence)
    if options.chaos is not None:
        options.fault = chaos.NAME
    wrong = impossible(options)
    if wrong:
        parser.error(wrong)
    return options


def impossible(options):
    """Why these options do not go together, or what is missing on this machine; None when nothing is."""
    if options.by_hand and (options.traffic != traffic.DEFAULT or options.fence not in ((fences.DEFAULT,), (fences.NONE,))):
        return "--by-hand moves the name and switches off without Farshore: not with --traffic or another --fence than none"
    if not 0 <= options.cloud_delay <= MOST_CLOUD_DELAY:
        return f"--cloud-delay is from 0 to {MOST_CLOUD_DELAY} seconds"
    if options.fault == chaos.NAME:
        if options.by_hand or options.fence != (fences.DEFAULT,):
            return "--chaos judges Farshore by the lab's own power switch: not with --by-hand or another --fence"
    else:
        fault = faults.FAULTS[options.fault]
        alone = fault.promotes and not fences.proven(options.fence, fault)
        if not fault.whole and (options.by_hand or fences.NONE in options.fence or alone):
            return (f"--fault {options.fault} is about what Farshore does by itself: not with --by-hand or with a fence that "
                    "can prove nothing then")
    needed = {traffic.TRAFFIC[options.traffic].cloud, *(fences.FENCES[name].cloud for name in options.fence)} - {None}
    return next(filter(None, (clouds.CLOUDS[name].missing() for name in sorted(needed))), None)


def interrupted(number, _frame):
    # Only once: what follows is the cleaning up, which nothing may interrupt.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


class Lab:
    def __init__(self, options):
        self.options, self.asked = options, options.dashboards
        self.state = tempfile.mkdtemp(prefix=stale.PREFIX, dir=stale.PARENT)
        os.chmod(self.state, 0o755)  # postgres goes through here
        stale.claim(self.state)
        root = os.getuid() == 0
        self._common = {"source": SOURCE, "binaries": options.build, "root": root, "dns_port": 53 if root else 5300}
        self.forwarder = forward.Forwarder(self.plan("keep", True)) if options.keep else None
        self.isolated = root and not options.no_namespaces and network.leave_host()

    def plan(self, name, isolated=None):
        state = os.path.join(self.state, name)
        os.makedirs(state, exist_ok=True)
        return plan.Plan(state=state, isolated=self.isolated if isolated is None else isolated, **self._common)

    def run(self):
        options, runs = self.options, []
        if not self.isolated:
            print("no namespaces here: the regions are 127.1, 127.2 and 127.3.0.0/16, and the network cannot be broken")
            if options.fault == chaos.NAME or faults.FAULTS[options.fault].namespaces:
                return 2
        for number in range(options.first, options.first + options.runs):
            runs.append(self.one(number) if options.chaos is None else self.one_of_many(number))
            report.write(options.report, runs)
        if options.runs > 1:
            print(f"median of {options.runs}: {report.medians(runs)}")
        print(f"report: {os.path.relpath(options.report)}")
        return 1 if any(run["problems"] for run in runs) else 0

    def one_of_many(self, number):
        """Chaos goes on after a run that could not be made; it counts as one that failed."""
        try:
            return self.one(number)
        except (network.Trouble, OSError, subprocess.TimeoutExpired) as trouble:
            print(f"not made: {trouble}")
            return {"run": number, "story": self.fault(number).words, "outcome": "not made",
                    "problems": [f"the run could not be made: {trouble}"]}

    def fault(self, number):
        if self.options.fault == chaos.NAME:
            return chaos.fault(self.options.chaos, number)
        return faults.FAULTS[self.options.fault]

    def one(self, number):
        fault = self.fault(number)
        last = self.options.first + self.options.runs - 1
        fault_words = f"chaos {self.options.chaos}, {fault.words}" if self.options.chaos else self.options.fault
        print(f"\nrun {number} of {last}: fault {fault_words}, fence {' and '.join(self.options.fence)}, "
              f"traffic {self.options.traffic}")
        self.options.dashboards = self.asked if number == last and self.options.chaos is None else dashboards.NEVER
        self.options.kept = os.path.join(os.path.dirname(self.options.report), "kept", f"{self.options.chaos}-{number}")
        floor = bare.measure(self.plan(f"bare-{number}")) if fault.promotes else None
        world = self.plan(f"run-{number}")
        try:
            with experiment.Experiment(world, self.options, timeline.Timeline(), fault) as trial:
                trial.build()
                record = {"run": number, **trial.run()}
                if floor is not None:
                    record["bare_promotion_seconds"] = round(floor, 4)
                print("\n".join(["", *report.summary(record), ""]))
                if self.options.keep and number == last:
                    self.keep()
                return record
        finally:
            self.save_logs(world, number)
            shutil.rmtree(world.state, ignore_errors=True)

    def keep(self):
        urls = self.forwarder.open() if self.isolated else (
            (what, f"http://{address}:{port}") for what, address, port in forward.doors(self.plan("keep")))
        for what, url in urls:
            print(f"  {what:24} {url}")
        print("running until Ctrl-C")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopping")

    def save_logs(self, world, number):
        """What the programs said outlives the world, so that a failed run can be understood."""
        target = os.path.join(os.path.dirname(self.options.report), "logs", str(number))
        shutil.rmtree(target, ignore_errors=True)
        for region in plan.REGIONS:
            logs = world.path(region.name, "log")
            if os.path.isdir(logs):
                shutil.copytree(logs, os.path.join(target, region.name))

    def close(self):
        shutil.rmtree(self.state, ignore_errors=True)


def main():
    options = parse(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    stale.remove()
    lab = Lab(options)
    try:
        return lab.run()
    except KeyboardInterrupt:
        print("interrupted; everything is taken down")
        return 130
    except (network.Trouble, OSError) as trouble:
        print(f"lab: {trouble}; see {os.path.dirname(options.report)}/logs", file=sys.stderr)
        return 1
    finally:
        lab.close()


if __name__ == "__main__":
    sys.exit(main())
