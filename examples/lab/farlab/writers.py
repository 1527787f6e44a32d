"""The lab's view of its customers: the client that follows the name, and those that cling to the old region."""

import json
import os
import subprocess
import sys
import threading
import time

from . import plan as places
from .postgres import lsn_bytes

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client.py")


class Customer:
    """One client process and everything it was told. Orders are kept as {id: (when, position, region)}."""

    def __init__(self, world, prefix, arguments, network_of=None, on_first_answer=None):
        self.acked, self.counts = {}, {}
        self.events = []  # everything the client said, as it came
        self._first_ack, self._stopped_at = {}, None
        self._on_first_answer = on_first_answer
        self._process = world.helper([sys.executable, "-B", CLIENT, "--prefix", prefix, *arguments], network_of)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @classmethod
    def of_the_service(cls, world, on_first_answer):
        host, port = world.plan.nameserver()
        return cls(world, "order", ["--name", places.SERVICE_NAME, "--nameserver", f"{host}:{port}"],
                   on_first_answer=on_first_answer)

    @classmethod
    def of_the_old_region(cls, world):
        """Lives in the old region's network but not among its processes, so a freeze does not silence it."""
        address = world.plan.address(places.PRIMARY, places.APPLICATION)
        return cls(world, "clinging", ["--address", address, "--every", "0.1"], network_of=places.PRIMARY)

    def _read(self):
        for line in self._process.stdout:
            event = json.loads(line)
            self.events.append(event)
            if "name" in event:
                continue
            self.counts[event["result"]] = self.counts.get(event["result"], 0) + 1
            if event["result"] == "acked":
                self.acked[event["id"]] = (event["t"], lsn_bytes(event["lsn"]), event["region"])
                if event["region"] not in self._first_ack:
                    self._first_ack[event["region"]] = event["t"]
                    if self._on_first_answer:
                        self._on_first_answer(event["region"], event["t"])

    def first_ack(self, region):
        return self._first_ack.get(region.name)

    def acked_after(self, when, region):
        return sum(1 for t, _, where in list(self.acked.values()) if t > when and where == region.name)

    def longest_gap(self):
        """The longest time without an acknowledgement since the first, also when it has not ended."""
        times = sorted(t for t, _, _ in list(self.acked.values())) + [self._stopped_at or time.monotonic()]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)

    def longest_outage(self):
        """As longest_gap, of those that ended."""
        times = sorted(t for t, _, _ in list(self.acked.values()))
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)

    def latest_ack(self):
        return max((t for t, _, _ in list(self.acked.values())), default=0.0)

    def stop(self):
        """Lets the orders in flight end, so that each has a verdict."""
        self._stopped_at = time.monotonic()
        self._process.stdin.close()
        self._process.wait(10)
        self._thread.join(10)


class DirectWriter:
    """Writes to the old region's PostgreSQL itself, one row after the other over one kept session."""

    def __init__(self, world, database, secrets):
        self.acked, self.sent = {}, {}  # order: when it was answered, and when it was asked for
        self._stop = threading.Event()
        host = world.plan.address(places.PRIMARY, places.POSTGRES)
        argv = [database.psql_argv(places.PRIMARY)[0], "-XAtq", "-d",
                f"host={host} dbname=shop user=shop_app connect_timeout=2 passfile={secrets.passfile('shop_app')}"]
        self._spawn = lambda: world.helper(argv, network_of=places.PRIMARY, stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        number = 0
        while not self._stop.is_set():
            process = self._spawn()
            answers = threading.Thread(target=self._listen, args=(process,), daemon=True)
            answers.start()
            # One session until it ends by itself; a frozen server keeps it, and the row in flight, for later.
            while not self._stop.is_set() and process.poll() is None:
                number += 1
                before = len(self.acked)
                self.sent[f"direct-{number:06d}"] = time.monotonic()
                try:
                    process.stdin.write("INSERT INTO orders (id, item, region) VALUES "
                                        f"('direct-{number:06d}', 'tea', 'us-east') RETURNING id;\n")
                    process.stdin.flush()
                except OSError:
                    break
                while len(self.acked) == before and process.poll() is None and not self._stop.wait(0.1):
                    pass
            self._stop.wait(0.2)
            if process.poll() is None:
                process.kill()
            process.wait(10)
            answers.join(5)

    def _listen(self, process):
        for line in process.stdout:
            if line.startswith("direct-"):
                self.acked[line.strip()] = time.monotonic()

    def acked_after(self, when):
        return sum(1 for t in list(self.acked.values()) if t > when)

    def stop(self):
        self._stop.set()
        self._thread.join(20)
