"""Brings what a cloud holds into the name server that answers for it, some time later."""
import json
import sys
import threading
import time
import urllib.error
import urllib.request


class Publisher:
    """Brings changed record sets into a PowerDNS some time after the cloud has accepted them."""

    def __init__(self, url, key_file, delay, look_up):
        """look_up(zone, name, type): (ttl, [content...]) of what the cloud holds now, or None."""
        self.url, self.delay, self.paused, self._key_file, self._look_up = url, delay, False, key_file, look_up
        self._first_delay, self._known, self._due, self._condition = delay, set(), [], threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def changed(self, zone, name, kind, delay=None):
        """Returns what done() can be asked about."""
        entry = (time.monotonic() + (self.delay if delay is None else delay), (zone, name, kind))
        if self.url is not None:
            with self._condition:
                self._known.add(entry[1])
                self._due.append(entry)
                self._condition.notify_all()
        return entry

    def restart(self):
        """What was ever published is brought to what is held now, and everything else about publication to its beginning."""
        with self._condition:
            self.delay, self.paused = self._first_delay, False
            self._due.clear()
            known = set(self._known)
        for key in known:
            self.changed(*key, delay=0)

    def done(self, entry):
        with self._condition:
            return entry[0] <= time.monotonic() and entry not in self._due

    def pending(self):
        with self._condition:
            return len(self._due)

    def wake(self):
        with self._condition:
            self._condition.notify_all()

    def wait_empty(self, limit):
        with self._condition:
            return self._condition.wait_for(lambda: not self._due, limit)

    def _run(self):
        while True:
            with self._condition:
                now = time.monotonic()
                ready = [] if self.paused else sorted(one for one in self._due if one[0] <= now)
                if not ready:
                    future = [] if self.paused else [one[0] - now for one in self._due]
                    self._condition.wait(min(future, default=None))
                    continue
            try:
                self._push(*ready[0][1])
            except (OSError, ValueError) as error:
                print(f"publication of {ready[0][1]}: {error}", file=sys.stderr, flush=True)
                time.sleep(0.3)
                continue
            with self._condition:
                if ready[0] in self._due:
                    self._due.remove(ready[0])
                self._condition.notify_all()

    def _push(self, zone, name, kind):
        held = self._look_up(zone, name, kind)
        rrset = {"name": f"{name}.", "type": kind, "changetype": "DELETE"}
        if held is not None:
            ttl, contents = held
            rrset.update(changetype="REPLACE", ttl=ttl, records=[{"content": one, "disabled": False} for one in contents])
        with open(self._key_file, encoding="utf-8") as file:
            key = file.read().strip()
        request = urllib.request.Request(
            f"{self.url}/api/v1/servers/localhost/zones/{zone}.", json.dumps({"rrsets": [rrset]}).encode(),
            {"X-API-Key": key, "Content-Type": "application/json"}, method="PATCH")
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except urllib.error.HTTPError as error:
            raise ValueError(f"PowerDNS says {error.code}: {error.read(500).decode(errors='replace')}") from None


def zone_content(kind, text):
    """A record's value as PowerDNS wants it."""
    if kind in ("CNAME", "NS", "MX", "SRV", "PTR"):
        return text.rstrip(".") + "."
    if kind == "TXT" and not text.startswith('"'):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
