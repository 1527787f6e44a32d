"""One run: a fresh world, steady orders, the fault, the way back, and the accounts."""

import os
import random
import time

from . import clouds, dashboards, endings, fences, injections, network, plan as places, watch, web
from .hypervisor import Hypervisor
from .nameserver import NameServer
from .network import Trouble
from .postgres import Database, PsqlSession
from .secrets import Secrets
from .services import Services
from .traffic import TRAFFIC
from .world import World
from .writers import Customer, DirectWriter

STEADY_ORDERS = 60  # three seconds of them before the fault


class Experiment:
    """Everything of one run, in the order in which it is built; close() takes it down in the other."""

    def __init__(self, plan, options, timeline, fault):
        self.plan, self.options, self.timeline = plan, options, timeline
        self.secrets = Secrets(plan)
        self.world = World(plan)
        self.database = Database(self.world, self.secrets)
        self.services = Services(self.world, self.secrets)
        self.name_server = NameServer(self.world, self.secrets)
        self.traffic = TRAFFIC[options.traffic]
        self.clinging, self.direct = None, None
        self.lost_at, self.undone_at = None, None
        self.fault = fault
        self.proven = fences.proven(options.fence, fault)  # else a person has to approve
        self._watchers, self._complaints, self.hypervisor, self.customer = [], [], None, None

    def __enter__(self):
        if self.fault.small_disk:  # before the regions, which see what is mounted when they begin
            network.small_disk(self._disk(), injections.SMALL_DISK)
        try:
            self.world.__enter__()
        except BaseException:
            self._take_disk_away()
            raise
        return self

    def _disk(self):
        return self.plan.folder(places.PRIMARY.name, "postgres", "data")

    def _take_disk_away(self):
        if self.fault.small_disk:
            network.remove_disk(self._disk())

    def __exit__(self, *_):
        for watcher in self._watchers:
            watcher.stop()
        if self.hypervisor:
            self.hypervisor.close()
        self.world.close()
        self._take_disk_away()

    def build(self):
        say = self.timeline.say
        say(f"building the world in {self.plan.state}")
        self.services.write_topology(self.options.traffic, self.options.fence)
        self.database.initialise(self.services.generate_sql())
        self.database.start()
        self._start_traffic()
        self.services.start_applications()
        self.hypervisor = Hypervisor(self.world, self.plan.power_socket(), self.timeline.event)
        self._start_fences()
        if not self.options.by_hand:
            self.services.start_exporters()
            self.services.start_actuator()
            self.services.start_monitoring()
            self.services.await_armed()
        self.customer = Customer.of_the_service(self.world, self._first_answer)
        if not watch.wait_for(lambda: len(self.customer.acked) >= STEADY_ORDERS, 30):
            raise Trouble(f"the client gets no orders through: {self.customer.counts}")
        say(f"orders are flowing: {len(self.customer.acked)} acknowledged by us-east")

    def _start_traffic(self):
        self.name_server.start(self.traffic.ttl, self.traffic.settings(self.plan))
        self.traffic.prepare(self.name_server, self.secrets)
        if self.traffic.cloud:
            target = self.plan.address(places.PRIMARY, places.APPLICATION)
            self._start_cloud(self.traffic.cloud, (target, self.traffic.ttl))

    def _start_fences(self):
        for fence in (fences.FENCES[name] for name in self.options.fence):
            if fence.cloud and fence.cloud != self.traffic.cloud:
                self._start_cloud(fence.cloud, None)
            for region in (places.PRIMARY, places.STANDBY):
                fence.start(self.world, self.secrets, region)

    def _start_cloud(self, name, record):
        clouds.start(self.world, self.secrets, name, self.options.cloud_delay, record)

    def _first_answer(self, region, when):
        if region == places.STANDBY.name:
            self.timeline.event("first acknowledged write", "eu-west", when)

    def run(self):
        """The record of this run for the report."""
        self._watchers.append(watch.watch_name(self.name_server, self.plan, self.timeline))
        if not self.options.by_hand:
            self._watchers.append(watch.watch_alert(self.plan, self.timeline))
            self._watchers.append(watch.watch_runs(self.services, self.timeline))
        # Scrapes, rules and the client's cache all tick once a second: the fault comes at any phase of theirs.
        time.sleep(random.random())
        self.fault.story(self)
        self.customer.stop()
        record = {"fault": self.options.fault, "story": self.fault.words,
                  "traffic": self.options.traffic, "fence": ",".join(self.options.fence),
                  "acked_writes": len(self.customer.acked), "acked_by_old_primary_after_resume": 0,
                  "client": dict(sorted(self.customer.counts.items()))}
        record["problems"] = self._complaints + self.fault.judge(self, record)
        if self.options.dashboards != dashboards.NEVER and not self.options.by_hand:
            record["dashboards"] = dashboards.examine(self)
            if self.options.dashboards == dashboards.CHECK:
                record["problems"] += [f"dashboard, {fault}" for fault in record["dashboards"]["wrong"]]
        return record

    # What stories are made of.

    def strike(self, name):
        injection = injections.INJECTIONS[name]
        self.timeline.fault(f"{name}: {injection.words}")
        injection.strike(self)
        if injection.us_east_is_lost and not self.customer.first_ack(places.STANDBY):
            self.lost_at = self.timeline.fault_at
            self.timeline.event("lost", "us-east")

    def heal(self, name):
        self.timeline.healed(name)
        if self.clinging and self.undone_at is None:
            self.undone_at = time.monotonic()
        injections.INJECTIONS[name].heal(self)

    def cling(self):
        """Customers who are in us-east themselves and know nothing else."""
        self.clinging = Customer.of_the_old_region(self.world)
        self.direct = DirectWriter(self.world, self.database, self.secrets)

    def complain(self, sentence):
        self.timeline.say(f"PROBLEM: {sentence}")
        self._complaints.append(sentence)

    def fenced(self):
        """The servers that somebody fenced: by the power switch, or over ssh."""
        stopped = [region.server for region in (places.PRIMARY, places.STANDBY)
                   if os.path.exists(os.path.join(self.plan.data_folder(region), "global", "pg_control.fenced"))]
        return [*self.hypervisor.switched_off, *stopped]

    def must_not_have_moved(self, when):
        """Runs that were refused are none: nothing was done."""
        for run in self.all_runs():
            if run["state"] != "refused":
                self.complain(f"{when}, run {run['id']} became {run['state']}: {run['reason']}")
        for server in self.fenced():
            self.complain(f"{when}, {server} was fenced")

    def must_not_have_been_interrupted(self, when):
        gap = self.customer.longest_gap()
        if gap > endings.LONGEST_GAP:
            self.complain(f"{when}, no order was acknowledged for {gap:.1f} s")

    def await_run(self, state, limit=40.0):
        """The open run in this state; None, and a complaint, when there is none in time."""

        def there():
            run = self.open_run()
            return run if run and run["state"] == state else None

        run = watch.wait_for(there, limit, pause=0.1)
        if run is None:
            self.complain(f"no run was {state} within {limit:g} s")
        return run

    def approve(self):
        """No proof can be had, so the run is held, and a person says yes."""
        run = self.await_run("held")
        if run is None:
            raise Trouble("no run was held although nothing can be proven")
        self.timeline.event("approved by hand", f"run {run['id']}, without proof")
        self.services.operate("approve", run["id"], "--yes")

    def promote_by_hand(self):
        """What a person who is awake and has all commands ready would do; shows the world without Farshore."""
        session = PsqlSession(self.database, places.STANDBY)
        try:
            if fences.NONE not in self.options.fence:
                self.world[places.PRIMARY].machine().kill()
                self.timeline.event("fenced by hand")
            session.ask("SELECT pg_promote()")
            self.timeline.event("promoted by hand")
            self.name_server.point_to(places.STANDBY, self.traffic.ttl)
        finally:
            session.close()

    # What the actuator says. It may be away for a moment, so these ask until it answers.

    def _asked(self, path):
        for _ in range(50):
            try:
                return self.services.actuator(path)
            except OSError:
                time.sleep(0.1)
        raise Trouble("the actuator does not answer any more")

    def all_runs(self):
        return self._asked("/api/v1/runs")["runs"]

    def cluster(self):
        return self._asked("/api/v1/status")["clusters"][0]

    def open_run(self):
        return self.cluster()["open_run"]

    def current_step(self):
        """Where the newest run is, by its last record."""
        runs = self.all_runs()
        steps = self._asked(f"/api/v1/runs/{runs[0]['id']}")["steps"] if runs else []
        return steps[-1]["name"] if steps else "no run"

    def order_ids(self, region=places.STANDBY):
        """Every order that the region's server has."""
        url = self.plan.application_url(region) + "/orders/ids"
        ids = []
        while True:
            page = web.call(f"{url}?limit=10000&after={ids[-1] if ids else ''}", timeout=5)["ids"]
            ids += page
            if len(page) < 10000:
                return set(ids)
