"""What a run left behind, gathered into one dict for invariants.py: journal, servers, fence, vantages, clients."""

import datetime
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time

from . import plan as places
from .network import Trouble
from .postgres import BIN, PsqlSession, lsn_bytes

TABLES = ("alerts", "reigns", "claims", "runs", "steps", "latch")
NANOSECONDS = ("received_at", "starts_at", "since", "accepted_at", "started_at", "ended_at", "at")
SERVERS = (places.PRIMARY, places.STANDBY)


def wall(monotonic):
    return monotonic + time.time() - time.monotonic()


class Receiver:
    """When the standby last heard from its primary, by its own clock, read five times a second over a kept session."""

    def __init__(self, database):
        self.heard = []  # (looked, message), seconds since 1970
        self._session, self._end = PsqlSession(database, places.STANDBY), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._end.wait(0.2):
            try:
                lines = self._session.ask("SELECT extract(epoch FROM clock_timestamp()), "
                                          "extract(epoch FROM last_msg_receipt_time) FROM pg_stat_wal_receiver")
            except (Trouble, OSError, ValueError):
                return  # the session ended
            for line in lines:
                looked, _, message = line.partition("|")
                if message:
                    self.heard.append((float(looked), float(message)))

    def stop(self):
        self._end.set()
        self._thread.join(5)
        self._session.close()


def journal(lab):
    """The tables of the journal, times in seconds. The actuator, which keeps the file to itself, is killed for it: what
    it had not made durable does not count."""
    lab.world[places.WITNESS].kill_program("actuator")
    copy = lab.plan.path("judged")
    shutil.copytree(lab.plan.path(places.WITNESS.name, "actuator"), copy)
    connection = sqlite3.connect(os.path.join(copy, "journal.sqlite"))
    connection.row_factory = sqlite3.Row
    try:
        tables = {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in TABLES}
    finally:
        connection.close()
    for row in (row for table in tables.values() for row in table):
        for name in NANOSECONDS:
            if row.get(name) is not None:
                row[name] /= 1e9
    for step in tables["steps"]:
        step["facts"] = json.loads(step["facts"] or "{}")
    return tables


def log_times(text, what):
    """[(when, match)] of the lines of a PostgreSQL log (log_line_prefix '%m ...', GMT)."""
    found = []
    for line in text.splitlines():
        match = re.search(what, line)
        stamp = re.match(r"(\S+ \S+) GMT", line)
        if match and stamp:
            when = datetime.datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=datetime.timezone.utc)
            found.append((when.timestamp(), match))
    return found


def server(lab, region):
    """One server's own account of itself: its log, its control file, and its tables if it runs."""
    with open(lab.world[region].log_path("postgres"), encoding="utf-8", errors="replace") as log:
        text = log.read()
    control = subprocess.run([f"{BIN}/pg_controldata", lab.plan.data_folder(region)], capture_output=True, text=True,
                             check=False, env={"LC_ALL": "C"}).stdout
    identifier = re.search(r"system identifier: +(\d+)", control)
    about = {
        "name": region.server, "region": region.name, "alive": len(lab.world[region].machine().pids()),
        "system_identifier": identifier[1] if identifier else None,
        "promote_requests": [when for when, _ in log_times(text, "received promote request")],
        "timelines_selected": [int(match[1]) for _, match in log_times(text, r"selected new timeline ID: (\d+)")],
        "history_files": sorted(os.path.basename(path) for path in glob.glob(
            os.path.join(lab.plan.data_folder(region), "pg_wal", "*.history"))),
        "running": True, "in_recovery": None, "primary_conninfo": None, "streaming": None, "epoch_rows": None,
        "conninfo_before": lab.database.conninfo_of_standby() if region is places.STANDBY else None,
    }
    try:
        recovery, conninfo, streaming, rows = json.loads(lab.database.sql(region, """
            SELECT json_build_array(pg_is_in_recovery(), current_setting('primary_conninfo'),
              (SELECT count(*) > 0 FROM pg_stat_wal_receiver WHERE status = 'streaming'),
              (SELECT coalesce(json_agg(json_build_object('epoch', epoch, 'server', server,
                 'at', extract(epoch FROM at))), '[]') FROM farshore.epoch))"""))
        about |= {"in_recovery": recovery, "primary_conninfo": conninfo, "streaming": streaming, "epoch_rows": rows}
    except (Trouble, OSError, subprocess.TimeoutExpired, ValueError):
        about["running"] = False  # it does not answer, whatever is left of it
    return about


def orders(lab, servers):
    """Every order that the writable server has; None when there is none."""
    writable = [region for region in SERVERS if servers[region.server]["in_recovery"] is False]
    if not writable:
        return None
    return lab.database.sql(writable[-1], "SELECT id FROM orders", "shop").split()


def clients(lab):
    """Everything that any client was told."""
    said = []
    for customer in (lab.customer, lab.clinging):
        for event in customer.events if customer else []:
            if "result" in event:
                sent = event.get("sent")
                said.append({"t": wall(event["t"]), "sent": wall(sent) if sent else None, "id": event.get("id"),
                             "result": event["result"], "region": event.get("region"),
                             "position": lsn_bytes(event["lsn"]) if "lsn" in event else None})
    if lab.direct:
        said += [{"t": wall(t), "sent": wall(lab.direct.sent[order]), "id": order, "result": "acked",
                  "region": places.PRIMARY.name, "position": None} for order, t in lab.direct.acked.items()]
    return said


def vantage_sessions(lab):
    """What the Prometheus servers that the actuator can hear know: who had a session with the primary, and when.

    A sample's session is as old as the snapshot that it was scraped from.
    """
    found = []
    primary = f'server="{places.PRIMARY.server}"'
    for region in (places.STANDBY, places.WITNESS):
        ages = {}
        for series in lab.services.ask_prometheus(region, "farshore_snapshot_age_seconds[3m]"):
            for when, value in series["values"]:
                ages[series["metric"]["vantage"], when] = float(value)
        standby = {(series["metric"]["vantage"], when) for series in lab.services.ask_prometheus(
            region, f"farshore_pg_in_recovery{{{primary}}}[3m]") for when, value in series["values"] if value == "1"}
        for series in lab.services.ask_prometheus(region, f"farshore_pg_up{{{primary}}}[3m]"):
            vantage = series["metric"]["vantage"]
            for when, value in series["values"]:
                if value == "1" and (vantage, when) in ages and (vantage, when) not in standby:
                    found.append({"vantage": vantage, "server": places.PRIMARY.server, "scraped": float(when),
                                  "session": float(when) - ages[vantage, when]})
    return found


def gather(lab, receiver, end):
    servers = {region.server: server(lab, region) for region in SERVERS}
    moved, power = lab.timeline.at("DNS answers"), lab.hypervisor
    return {
        "journal": journal(lab),
        "servers": servers,
        "power": {"switched_off": [{"server": name, "at": wall(at)} for name, at in power.switched_off.items()],
                  "looked_off": [{"server": name, "at": wall(at)} for at, name in power.looked_off]},
        "vantage_sessions": vantage_sessions(lab),
        "receiver": [{"looked": looked, "message": message} for looked, message in receiver.heard],
        "client": clients(lab),
        "present": orders(lab, servers),
        "fork": lab.database.fork_position(),
        "name_moves": [{"server": places.STANDBY.server, "at": wall(moved)}] if moved else [],
        "first_region": places.PRIMARY.name,
        "max_data_loss_bytes": 16 << 20,
        "end": end,
    }
