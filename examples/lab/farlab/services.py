"""What runs in the regions beside PostgreSQL: name server, applications, monitoring, and Farshore itself."""

import json
import os
import sqlite3
import subprocess
import urllib.parse

from . import names, plan as places, processes, web
from .network import Trouble
from .postgres import ACTUATOR_ROLE, APPLICATION_ROLE, MAJOR_VERSION, MONITOR_ROLE

PDNS_SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"


class Services:
    def __init__(self, world, secrets):
        self._world = world
        self._plan = world.plan
        self._secrets = secrets

    def _write(self, text, *parts):
        path = self._plan.path(*parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    # PowerDNS with the zone of the shop.

    def start_powerdns(self):
        plan, region = self._plan, places.WITNESS
        folder = plan.folder(region.name, "powerdns")
        database = os.path.join(folder, "zones.sqlite3")
        with sqlite3.connect(database) as connection, open(PDNS_SCHEMA, encoding="utf-8") as schema:
            connection.executescript(schema.read())
        connection.close()
        address, port = plan.nameserver()
        # The caches are off: the record that the API set is the record that is answered, at once.
        self._write(f"""
launch=gsqlite3
gsqlite3-database={database}
local-address={address}
local-port={port}
socket-dir={folder}
api=yes
api-key={self._secrets.value("powerdns-api")}
webserver=yes
webserver-address={address}
webserver-port=8081
webserver-allow-from={plan.network()}
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
security-poll-suffix=
""", region.name, "powerdns", "pdns.conf")
        os.chmod(os.path.join(folder, "pdns.conf"), 0o600)
        self._secrets.file("powerdns-api")
        self._world[region].spawn("powerdns", ["pdns_server", f"--config-dir={folder}", "--daemon=no", "--guardian=no",
                                               "--write-pid=no", "--disable-syslog"])
        self._await(f"{plan.powerdns_url()}/metrics", "PowerDNS")
        self._powerdns("POST", "/zones", {"name": places.ZONE + ".", "kind": "Native", "soa_edit_api": "INCREASE",
                                          "nameservers": [f"ns.{places.ZONE}."]})
        self.point_name_to(places.PRIMARY)
        processes.wait_until(self.name_points_to, "PowerDNS answers for the zone", 20, pause=0.02)

    def _powerdns(self, method, path, body):
        return web.call(f"{self._plan.powerdns_url()}/api/v1/servers/localhost{path}", method, body,
                        {"X-API-Key": self._secrets.value("powerdns-api")})

    def point_name_to(self, region):
        record = {"content": self._plan.address(region, places.APPLICATION), "disabled": False}
        self._powerdns("PATCH", f"/zones/{places.ZONE}", {"rrsets": [
            {"name": places.SERVICE_NAME + ".", "type": "A", "ttl": 1, "changetype": "REPLACE", "records": [record]}]})

    def name_points_to(self):
        answer = names.look_up(places.SERVICE_NAME, self._plan.nameserver())
        return answer[0] if answer else None

    # The shop.

    def start_applications(self):
        for region in (places.PRIMARY, places.STANDBY):
            self._world[region].spawn("application", [self._plan.program("farshore-example-app")], {
                "DB_HOST": self._plan.address(region, places.POSTGRES), "DB_PORT": "5432", "DB_NAME": "shop",
                "DB_USER": APPLICATION_ROLE, "DB_PASSWORD_FILE": self._secrets.file(APPLICATION_ROLE),
                "APP_REGION": region.name, "APP_LISTEN": f"{self._plan.address(region, places.APPLICATION)}:8080"})
        for region in (places.PRIMARY, places.STANDBY):
            self._await(f"{self._plan.application_url(region)}/healthz", f"application in {region.name}")

    def _await(self, url, what, limit=30):
        processes.wait_until(lambda: web.answers(url), what, limit, pause=0.05)

    # Farshore.

    def write_topology(self, fence):
        """farshore.yml of this world. With fence "none" nothing is ever isolated and nothing ever proven."""
        with open(os.path.join(self._plan.source, "examples/lab/farshore.yml.in"), encoding="utf-8") as file:
            text = file.read()
        for role in (MONITOR_ROLE, ACTUATOR_ROLE):
            self._secrets.passfile(role)  # at the paths that the topology names
        script = os.path.join(self._plan.source, "examples/lab/fence")
        socket = self._plan.path("power.sock")
        for server in (places.PRIMARY.server, places.STANDBY.server):
            name = server.upper().replace("-", "_")
            real = fence == "command"
            act, proof = [script, socket, "off", server], [script, socket, "is-off", server]
            text = text.replace(f"@ACT_{name}@", json.dumps(act if real else ["/bin/true"]))
            text = text.replace(f"@PROOF_{name}@", json.dumps(proof if real else ["/bin/false"]))
        text = text.replace("@NET@", "10" if self._plan.isolated else "127").replace("@STATE@", self._plan.state)
        return self._write(text.replace("@DNS_PORT@", str(self._plan.dns_port)), "farshore.yml")

    def farshorectl(self, *arguments, limit=20):
        """Standard output of the command; its standard error becomes the trouble."""
        done = subprocess.run([self._plan.program("farshorectl"), *arguments], capture_output=True, text=True,
                              timeout=limit, check=False)
        if done.returncode != 0:
            raise Trouble(f"farshorectl {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def operate(self, *arguments):
        """farshorectl as the operator of the lab's actuator."""
        return self.farshorectl("--actuator.url", self._plan.actuator_url(), "--actuator.token-file",
                                self._secrets.file("operator-token"), *arguments)

    def generate(self, *arguments):
        return self.farshorectl("--config.file", self._plan.path("farshore.yml"), "generate", *arguments)

    def generate_sql(self):
        return self.generate("sql", "--postgres-version", MAJOR_VERSION)

    def start_exporters(self):
        for region in places.REGIONS:
            self.start_exporter(region)
        for region in places.REGIONS:
            self._await(f"http://{self._plan.exporter_address(region)}/-/ready", f"exporter in {region.name}")

    def start_exporter(self, region):
        self._world[region].spawn("exporter", [
            self._plan.program("farshore-exporter"), f"--config.file={self._plan.path('farshore.yml')}",
            f"--vantage={region.name}", f"--web.listen-address={self._plan.exporter_address(region)}"])

    def start_actuator(self):
        principals = [{"name": name, "roles": roles, "bearer_token_file": self._secrets.file(f"{name}-token")}
                      for name, roles in (("alertmanager", ["webhook"]), ("operator", ["operator", "viewer"]))]
        access = self._write(json.dumps({"principals": principals}, indent=1), "access.yml")  # JSON is YAML
        self._world[places.WITNESS].spawn("actuator", [
            self._plan.program("farshore-actuator"), f"--config.file={self._plan.path('farshore.yml')}",
            f"--web.listen-address={self._plan.actuator_address()}", f"--web.access-file={access}",
            f"--storage.path={self._plan.folder(places.WITNESS.name, 'actuator')}"])
        self._await(f"{self._plan.actuator_url()}/-/ready", "actuator")

    def actuator(self, path):
        token = self._secrets.value("operator-token")
        return web.call(f"{self._plan.actuator_url()}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=1)

    def await_armed(self, limit=60):
        """Every Prometheus sees every vantage and the first reign, and its watchdog has reached the actuator."""
        primary = places.PRIMARY.server
        wanted = (f'count(farshore_pg_up{{server="{primary}"}} == 1) == {len(places.REGIONS)}',
                  f'farshore_cluster_primary_epoch{{server="{primary}"}}',
                  "farshore_trigger_path_last_seen_timestamp_seconds > 0")
        for region in places.REGIONS:
            for query in wanted:
                processes.wait_until(lambda: self.ask_prometheus(region, query), f"Prometheus in {region.name}: {query}",
                                     limit, pause=0.1)

    def ask_prometheus(self, region, query):
        """The result of an instant query; empty also when it does not answer."""
        url = f"{self._plan.prometheus_url(region)}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            return web.call(url)["data"]["result"]
        except OSError:
            return []

    # Prometheus and Alertmanager, configured by what farshorectl generates.

    def start_monitoring(self):
        self._write(self.generate("rules"), "farshore-rules.yml")
        for region in places.REGIONS:
            self.start_alertmanager(region)
            self.start_prometheus(region)
        for region in places.REGIONS:
            self._await(f"{self._plan.prometheus_url(region)}/-/ready", f"Prometheus in {region.name}")
            self._await(f"{self._plan.alertmanager_url(region)}/-/ready", f"Alertmanager in {region.name}")

    def start_alertmanager(self, region):
        config = self._write(self.generate("alertmanager", "--token-file", self._secrets.file("alertmanager-token")),
                             region.name, "alertmanager.yml")
        # Not clustered: a cluster adds fifteen seconds when its first member dies with the region (design section 6).
        self._world[region].spawn("alertmanager", [
            "prometheus-alertmanager", f"--config.file={config}", "--cluster.listen-address=",
            f"--storage.path={self._plan.folder(region.name, 'alertmanager')}",
            f"--web.listen-address={self._plan.address(region, places.ALERTMANAGER)}:9093"])

    def start_prometheus(self, region):
        config = self._write(self.generate("prometheus", "--region", region.name, "--rule-file",
                                           self._plan.path("farshore-rules.yml")), region.name, "prometheus.yml")
        # Prometheus finds its Alertmanagers five seconds after its start, and the watchdog that it could not deliver
        # before waits for one resend delay more.
        self._world[region].spawn("prometheus", [
            "prometheus", f"--config.file={config}", "--log.level=warn", "--rules.alert.resend-delay=5s",
            f"--storage.tsdb.path={self._plan.folder(region.name, 'prometheus')}", "--storage.tsdb.retention.time=1h",
            f"--web.listen-address={self._plan.address(region, places.PROMETHEUS)}:9090"])
