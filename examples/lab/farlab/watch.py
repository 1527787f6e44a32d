"""Threads that look at the world while the failover runs and write what they see into the timeline."""

import threading
import time
from datetime import datetime

from . import plan as places, web
from .timeline import monotonic_of_wall

ALERT = "FarshorePrimaryDown"


class Watcher:
    """Calls `look` every `pause` seconds until stop(); a look that fails is tried again."""

    def __init__(self, look, pause):
        self._look, self._pause = look, pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._end.wait(self._pause):
            try:
                self._look()
            except (OSError, ValueError, KeyError, TypeError):
                continue  # not there yet, or lost with the region

    def stop(self):
        self._end.set()
        self._thread.join(10)


def watch_name(name_server, plan, timeline):
    target = plan.address(places.STANDBY, places.APPLICATION)

    def look():
        if timeline.fault_at and name_server.points_to() == target:
            timeline.event("DNS answers", f"{places.SERVICE_NAME} is {target}")

    return Watcher(look, 0.01)


def watch_alert(plan, timeline):
    """The witness's Prometheus: pending, then firing."""
    url = plan.prometheus_url(places.WITNESS) + "/api/v1/alerts"

    def look():
        for alert in web.call(url, timeout=1)["data"]["alerts"]:
            if alert["labels"]["alertname"] == ALERT and timeline.fault_at:
                timeline.event(f"alert {alert['state']}")

    return Watcher(look, 0.1)


def wall_seconds(stamp):
    """RFC 3339 text or a number of seconds, as the API gives it."""
    if isinstance(stamp, (int, float)):
        return float(stamp)
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def _tell_step(timeline, run, step):
    if step["seconds"] is None:
        return  # under way
    attempt = f" (attempt {step['attempt']})" if step["attempt"] > 1 else ""
    ended = monotonic_of_wall(wall_seconds(step["started_at"])) + step["seconds"]
    timeline.event(f"{run} {step['name']}{attempt}", f"{step['state']} in {step['seconds'] * 1000:.0f} ms", ended)


def watch_runs(services, timeline):
    """Every step of the runs that were started after the first fault, as the journal has it."""

    def look():
        if not timeline.fault_at:
            return
        for run in services.actuator("/api/v1/runs")["runs"]:
            whole = services.actuator(f"/api/v1/runs/{run['id']}")
            accepted = monotonic_of_wall(wall_seconds(whole["accepted_at"]))
            if accepted < timeline.first_fault_at:
                continue
            timeline.event("webhook accepted", f"run {run['id']}", accepted)
            for step in whole["steps"]:
                _tell_step(timeline, run["id"], step)
            if run["state"] != "running":
                timeline.event(f"{run['id']} {run['state']}", whole["reason"])

    return Watcher(look, 0.1)


def wait_for(condition, limit, pause=0.02):
    """The condition's value, or None when `limit` seconds passed."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    return None
