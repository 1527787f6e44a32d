"""What runs in the regions beside PostgreSQL and the name server: applications, monitoring, and Farshore itself."""

import json
import os
import subprocess
import urllib.parse

from . import fences, plan as places, processes, traffic, web
from .network import Trouble
from .postgres import ACTUATOR_ROLE, APPLICATION_ROLE, MAJOR_VERSION, MONITOR_ROLE


def yaml_list(entries, indent=6):
    """Items of a block sequence, without the indentation of the first. Values are JSON, which is YAML too."""
    blank = " " * indent
    items = (f"\n{blank}  ".join(f"{key}: {json.dumps(value)}" for key, value in entry.items()) for entry in entries)
    return f"\n{blank}".join(f"- {item}" for item in items)


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

    def write_topology(self, chosen_traffic=traffic.DEFAULT, chosen_fences=(fences.NONE,)):
        """farshore.yml of this world, and the files that it names."""
        plan, secrets = self._plan, self._secrets
        with open(os.path.join(plan.source, "examples/lab/farshore.yml.in"), encoding="utf-8") as file:
            text = file.read()
        for role in (MONITOR_ROLE, ACTUATOR_ROLE):
            secrets.passfile(role)  # at the paths that the template names
        text = text.replace("@FENCES@", yaml_list(fences.entries(chosen_fences, plan, secrets)))
        text = text.replace("@TRAFFIC@", yaml_list([traffic.entry(chosen_traffic, plan, secrets)]))
        text = text.replace("@NET@", "10" if plan.isolated else "127").replace("@STATE@", plan.state)
        return self._write(text, "farshore.yml")

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
