"""The bare promotion: what PostgreSQL itself needs, measured in the same lab, without anything of ours in between.

Fence by hand, pg_promote, wait until a write is committed. It is the floor that the actuator's time is held against.
"""

import shutil
import time

from . import plan as places
from .network import Trouble
from .postgres import Database, PsqlSession
from .secrets import Secrets
from .services import Services
from .world import World


def measure(plan):
    """Seconds from the power switch to the first committed write, in a world of the two servers alone."""
    try:
        with World(plan, (places.PRIMARY, places.STANDBY)) as world:
            secrets = Secrets(plan)
            services = Services(world, secrets)
            services.write_topology()
            database = Database(world, secrets)
            database.initialise(services.generate_sql())
            database.start()
            session = PsqlSession(database, places.STANDBY)
            try:
                return _promote(world, session)
            finally:
                session.close()
    finally:
        shutil.rmtree(plan.state, ignore_errors=True)


def _promote(world, session):
    started = time.monotonic()
    world[places.PRIMARY].machine().kill()
    asked = 0.0
    while time.monotonic() < started + 30:
        # PostgreSQL 15 can lose the wake-up while its WAL receiver reconnects, and would then sleep for five seconds.
        if time.monotonic() - asked > 0.1:
            session.ask("SELECT pg_promote(false)")
            asked = time.monotonic()
        # Temporary and unlogged tables would not do: a write that counts has a commit record.
        if not any("ERROR" in line for line in session.ask("CREATE TABLE IF NOT EXISTS bare (at timestamptz)")):
            return time.monotonic() - started
        time.sleep(0.002)
    raise Trouble("the bare promotion did not end within 30 s")
