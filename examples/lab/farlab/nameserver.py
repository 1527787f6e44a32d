"""The lab's PowerDNS, which answers for the zone of the shop, whoever may change it."""

import os
import sqlite3

from . import names, plan as places, processes, web

SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
API_KEY = "powerdns-api"  # the secret's name

# The caches are off: the record that was set is the record that is answered, at once.
CONFIGURATION = """
launch=gsqlite3
gsqlite3-database={database}
local-address={address}
local-port={port}
socket-dir={folder}
api=yes
api-key={api_key}
webserver=yes
webserver-address={address}
webserver-port=8081
webserver-allow-from={network}
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
security-poll-suffix=
"""


class NameServer:
    def __init__(self, world, secrets):
        self._world, self._plan, self._secrets = world, world.plan, secrets

    def start(self, ttl, settings=""):
        """The name points at the primary's region, for `ttl` seconds. `settings` are further lines of pdns.conf."""
        plan, region = self._plan, places.WITNESS
        folder = plan.folder(region.name, "powerdns")
        database = os.path.join(folder, "zones.sqlite3")
        with sqlite3.connect(database) as connection, open(SCHEMA, encoding="utf-8") as schema:
            connection.executescript(schema.read())
        connection.close()
        address, port = plan.nameserver()
        path = os.path.join(folder, "pdns.conf")
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(CONFIGURATION.format(database=database, address=address, port=port, folder=folder,
                                            api_key=self._secrets.value(API_KEY), network=plan.network()) + settings)
        self._secrets.file(API_KEY)
        self._world[region].spawn("powerdns", ["pdns_server", f"--config-dir={folder}", "--daemon=no", "--guardian=no",
                                               "--write-pid=no", "--disable-syslog"])
        processes.wait_until(lambda: web.answers(f"{plan.powerdns_url()}/metrics"), "PowerDNS", 30, pause=0.05)
        self.call("POST", "/zones", {"name": places.ZONE + ".", "kind": "Native", "soa_edit_api": "INCREASE",
                                     "nameservers": [f"ns.{places.ZONE}."]})
        self.point_to(places.PRIMARY, ttl)
        processes.wait_until(self.points_to, "PowerDNS answers for the zone", 20, pause=0.02)

    def call(self, method, path, body):
        """Its API, below /servers/localhost."""
        return web.call(f"{self._plan.powerdns_url()}/api/v1/servers/localhost{path}", method, body,
                        {"X-API-Key": self._secrets.value(API_KEY)})

    def point_to(self, region, ttl):
        record = {"content": self._plan.address(region, places.APPLICATION), "disabled": False}
        self.call("PATCH", f"/zones/{places.ZONE}", {"rrsets": [
            {"name": places.SERVICE_NAME + ".", "type": "A", "ttl": ttl, "changetype": "REPLACE", "records": [record]}]})

    def points_to(self):
        answer = names.look_up(places.SERVICE_NAME, self._plan.nameserver())
        return answer[0] if answer else None
