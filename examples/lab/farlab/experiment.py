"""One run: a fresh world, steady orders, the fault, the way back, and the accounts."""

import random
import time

from . import faults, plan as places, watch, web
from .accounts import settle
from .hypervisor import Hypervisor
from .network import Trouble
from .postgres import Database, PsqlSession
from .secrets import Secrets
from .services import Services
from .world import World
from .writers import Customer, DirectWriter

STEADY_ORDERS = 60  # three seconds of them before the fault
BACK_WITHIN = 60.0
AFTER_UNDO, CLINGING_FOR = 20.0, 10.0


class Experiment:
    """Everything of one run, in the order in which it is built; close() takes it down in the other."""

    def __init__(self, plan, options, timeline):
        self.plan, self.options, self.timeline = plan, options, timeline
        self.secrets = Secrets(plan)
        self.world = World(plan)
        self.database = Database(self.world, self.secrets)
        self.services = Services(self.world, self.secrets)
        self.clinging, self.direct = None, None
        self.undone_at = None
        self._watchers, self._hypervisor, self.customer = [], None, None

    def __enter__(self):
        self.world.__enter__()
        return self

    def __exit__(self, *_):
        for watcher in self._watchers:
            watcher.stop()
        if self._hypervisor:
            self._hypervisor.close()
        self.world.close()

    def build(self):
        say = self.timeline.say
        say(f"building the world in {self.plan.state}")
        self.services.write_topology(self.options.fence)
        self.database.initialise(self.services.generate_sql())
        self.database.start()
        self.services.start_powerdns()
        self.services.start_applications()
        self._hypervisor = Hypervisor(self.world, self.plan.path("power.sock"), self.timeline.event)
        if not self.options.by_hand:
            self.services.start_exporters()
            self.services.start_actuator()
            self.services.start_monitoring()
            self.services.await_armed()
        self.customer = Customer.of_the_service(self.world, self._first_answer)
        if not watch.wait_for(lambda: len(self.customer.acked) >= STEADY_ORDERS, 30):
            raise Trouble(f"the client gets no orders through: {self.customer.counts}")
        say(f"orders are flowing: {len(self.customer.acked)} acknowledged by us-east")

    def _first_answer(self, region, when):
        if region == places.STANDBY.name:
            self.timeline.event("first acknowledged write", "eu-west", when)

    def run(self):
        """The record of this run for the report."""
        self._watchers.append(watch.watch_name(self.services, self.plan, self.timeline))
        if not self.options.by_hand:
            self._watchers.append(watch.watch_alert(self.plan, self.timeline))
            self._watchers.append(watch.watch_runs(self.services, self.timeline))
        fault = self.options.fault
        # Scrapes, rules and the client's cache all tick once a second: the fault comes at any phase of theirs.
        time.sleep(random.random())
        self.timeline.fault(f"{fault}: {faults.FAULTS[fault][0]}")
        faults.strike(self.world, fault)
        self.timeline.event("lost", "us-east")
        if faults.can_be_undone(fault):
            self.clinging = Customer.of_the_old_region(self.world)
            self.direct = DirectWriter(self.world, self.database, self.secrets)
        if self.options.by_hand:
            self._by_hand()
        elif self.options.fence == "none":
            self._approve()
        watch.wait_for(lambda: self.customer.first_ack(places.STANDBY), BACK_WITHIN)
        time.sleep(3)  # a service that is back stays back
        if faults.can_be_undone(fault):
            self._undo(fault)
        self.customer.stop()
        return settle(self)

    def _approve(self):
        """The negative control: no proof can be had, so the run is held, and a person says yes."""

        def held():
            try:
                runs = self.services.actuator("/api/v1/runs")["runs"]
            except OSError:
                return None
            return next((run["id"] for run in runs if run["state"] == "held"), None)

        run = watch.wait_for(held, 40, pause=0.1)
        if run is None:
            raise Trouble("no run was held although nothing can be proven")
        self.timeline.event("approved by hand", f"run {run}, without proof")
        self.services.operate("approve", run, "--yes")

    def _undo(self, fault):
        self.timeline.event("us-east resumed" if fault == "freeze" else "us-east healed")
        self.undone_at = time.monotonic()
        faults.undo(self.world, fault)
        time.sleep(CLINGING_FOR)
        self.clinging.stop()
        self.direct.stop()
        if not self.options.by_hand:
            time.sleep(AFTER_UNDO - CLINGING_FOR)  # late webhooks of the old region come in

    def _by_hand(self):
        """What a person who is awake and has all commands ready would do; shows the world without Farshore."""
        session = PsqlSession(self.database, places.STANDBY)
        try:
            if self.options.fence == "command":
                self.world[places.PRIMARY].machine().kill()
                self.timeline.event("fenced by hand")
            session.ask("SELECT pg_promote()")
            self.timeline.event("promoted by hand")
            self.services.point_name_to(places.STANDBY)
        finally:
            session.close()

    def order_ids(self):
        """Every order that the new primary has."""
        url = self.plan.application_url(places.STANDBY) + "/orders/ids"
        ids = []
        while True:
            page = web.call(f"{url}?limit=10000&after={ids[-1] if ids else ''}", timeout=5)["ids"]
            ids += page
            if len(page) < 10000:
                return set(ids)
