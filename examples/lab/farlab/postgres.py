"""The shop's database: a primary in us-east and a streaming standby in eu-west, made from one template."""

import glob
import os
import pwd
import shutil
import signal
import subprocess

from . import plan as places
from . import processes
from .network import Trouble

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))[-1]
MAJOR_VERSION = BIN.split("/")[-2]
SLOT = "shop_eu"
REPLICATION_ROLE, APPLICATION_ROLE = "farshore_replica", "shop_app"
MONITOR_ROLE, ACTUATOR_ROLE = "farshore_monitor", "farshore_actuator"

# wal_receiver_timeout and wal_receiver_status_interval are what the protocol asks for (section 1): a standby that
# hears nothing for two seconds says so, and a living primary is heard from every second. A world lives for a minute or
# two; autovacuum's first visit to a database writes 200 KB at once, which nothing that was seen before lets expect: with
# it what a cut-off primary loses would now and then be more than what was predicted from the orders.
SETTINGS = """
listen_addresses = '{address}'
port = 5432
unix_socket_directories = '{sockets}'
cluster_name = '{server}'
max_connections = 100
shared_buffers = 32MB
max_wal_size = 256MB
max_slot_wal_keep_size = 1GB
wal_level = replica
hot_standby = on
synchronous_commit = on
wal_receiver_timeout = 2s
wal_receiver_status_interval = 1s
password_encryption = scram-sha-256
tcp_keepalives_idle = 5
tcp_keepalives_interval = 2
tcp_keepalives_count = 3
log_line_prefix = '%m [%p] %u@%d '
log_connections = off
autovacuum = off
dynamic_shared_memory_type = mmap
"""

ACCESS = """
local all {superuser} {local}
host shop {application} {network} scram-sha-256
host postgres {monitor},{actuator} {network} scram-sha-256
host replication {replication} {network} scram-sha-256
"""


class Database:
    """The pair of servers of one world."""

    def __init__(self, world, secrets):
        self._world = world
        self._plan = world.plan
        self._secrets = secrets
        self.user = "postgres" if self._plan.root else pwd.getpwuid(os.getuid()).pw_name

    def as_postgres(self, argv):
        if not self._plan.root:
            return ["setpriv", "--pdeathsig=KILL", *argv]
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups", "--pdeathsig=KILL", *argv]

    def _run(self, argv, **options):
        done = subprocess.run(self.as_postgres(argv), capture_output=True, text=True, check=False, cwd="/", **options)
        if done.returncode != 0:
            raise Trouble(f"{os.path.basename(argv[0])} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _own(self, path):
        if self._plan.root:
            shutil.chown(path, self.user, self.user)

    def sockets(self, region):
        return self._plan.path(region.name, "postgres")

    def psql_argv(self, region, database="postgres"):
        """As superuser over the server's own socket, which only user postgres can enter."""
        return [f"{BIN}/psql", "-XAtq", "-h", self.sockets(region), "-U", "postgres", "-d", database]

    def sql(self, region, text, database="postgres"):
        return self._run([*self.psql_argv(region, database), "-v", "ON_ERROR_STOP=1"], input=text, timeout=30).strip()

    def initialise(self, roles_sql):
        """Both data folders: initdb, roles and schema on the primary, then a cold copy as the standby.

        `roles_sql` is what `farshorectl generate sql` printed.
        """
        for region in (places.PRIMARY, places.STANDBY):
            folder = self._plan.folder(region.name, "postgres")
            os.chmod(folder, 0o700)
            self._own(folder)
            data = self._plan.data_folder(region)
            if os.path.isdir(data):
                self._own(data)  # a disk of its own
        primary, standby = (self._plan.data_folder(region) for region in (places.PRIMARY, places.STANDBY))
        self._run([f"{BIN}/initdb", "-D", primary, "-U", "postgres", "--data-checksums", "--locale=C.UTF-8",
                   "--encoding=UTF8", f"--auth-local={self._local()}", "--auth-host=scram-sha-256", "--no-sync"])
        self._configure(places.PRIMARY)
        self._bootstrap(primary, roles_sql)
        self._run(["cp", "-a", primary, standby])
        self._configure(places.STANDBY)
        self._make_standby(standby)

    def _local(self):
        return "peer" if self._plan.root else "trust"

    def _write(self, path, text, mode="w"):
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
        self._own(path)

    def _configure(self, region):
        data = self._plan.data_folder(region)
        self._write(os.path.join(data, "postgresql.conf"), SETTINGS.format(
            address=self._plan.address(region, places.POSTGRES), sockets=self.sockets(region), server=region.server))
        self._write(os.path.join(data, "pg_hba.conf"), ACCESS.format(
            superuser="postgres", local=self._local(), application=APPLICATION_ROLE, monitor=MONITOR_ROLE,
            actuator=ACTUATOR_ROLE, replication=REPLICATION_ROLE, network=self._plan.network()))

    def _bootstrap(self, data, roles_sql):
        """Everything that must exist before the day, written on the primary and copied from there."""
        with open(os.path.join(self._plan.source, "examples/app/schema.sql"), encoding="utf-8") as file:
            schema = file.read()
        passwords = "".join(f"ALTER ROLE {role} PASSWORD '{self._secrets.value(role)}';\n" for role in (
            MONITOR_ROLE, ACTUATOR_ROLE, REPLICATION_ROLE, APPLICATION_ROLE))
        with open(os.path.join(os.path.dirname(data), "bootstrap.log"), "wb") as log:
            server = subprocess.Popen(
                self.as_postgres([f"{BIN}/postgres", "-D", data, "-c", "listen_addresses=", "-c", "fsync=off"]),
                stdout=log, stderr=log, cwd="/", start_new_session=True)
        try:
            self._await_sql(places.PRIMARY, "SELECT true")
            self.sql(places.PRIMARY, roles_sql + f"""
              CREATE ROLE {REPLICATION_ROLE} LOGIN REPLICATION;
              CREATE ROLE {APPLICATION_ROLE} LOGIN;
              CREATE DATABASE shop;""")
            self.sql(places.PRIMARY, passwords)
            self.sql(places.PRIMARY, schema + f"""
              REVOKE ALL ON SCHEMA public FROM PUBLIC;
              GRANT USAGE ON SCHEMA public TO {APPLICATION_ROLE};
              GRANT SELECT, INSERT ON orders TO {APPLICATION_ROLE};""", "shop")
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(60)

    def _make_standby(self, data):
        """What pg_basebackup -R would have written; no password in primary_conninfo, so that it can be journaled."""
        self._write(os.path.join(data, "postgresql.auto.conf"),
                    f"primary_conninfo = '{self.conninfo_of_standby()}'\nprimary_slot_name = '{SLOT}'\n", "a")
        self._write(os.path.join(data, "standby.signal"), "")

    def conninfo_of_standby(self):
        return (f"host={self._plan.address(places.PRIMARY, places.POSTGRES)} port=5432 user={REPLICATION_ROLE} "
                f"application_name={places.STANDBY.server} connect_timeout=2 "
                f"passfile={self._secrets.passfile(REPLICATION_ROLE, self.user)}")

    def start(self):
        # The slot is there before the standby asks for it; a standby that is refused waits five seconds.
        make_slot = f"SELECT pg_create_physical_replication_slot('{SLOT}', true) IS NOT NULL"
        for region, ready in ((places.PRIMARY, make_slot), (places.STANDBY, "SELECT pg_is_in_recovery()")):
            argv = [f"{BIN}/postgres", "-D", self._plan.data_folder(region)]
            self._world[region].spawn_machine("postgres", argv, self.user)
            self._await_sql(region, ready)
        self._await_sql(places.PRIMARY, "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")

    def _await_sql(self, region, question, limit=30):
        def yes():
            done = subprocess.run(self.as_postgres(self.psql_argv(region)), input=question, capture_output=True,
                                  text=True, check=False, cwd="/", timeout=10)
            return done.stdout.strip() == "t"

        processes.wait_until(yes, f"{region.server}: {question}", limit, pause=0.05)

    def fork_position(self):
        """Where the new timeline left the old one, from the new primary's own history file; None before a promotion."""
        files = sorted(glob.glob(os.path.join(self._plan.data_folder(places.STANDBY), "pg_wal", "*.history")))
        if not files:
            return None
        with open(files[-1], encoding="utf-8") as file:
            last = [line.split() for line in file if line.strip()][-1]
        return lsn_bytes(last[1])


class PsqlSession:
    """One kept psql, fed through its standard input: a statement costs a millisecond and not a process."""

    def __init__(self, database, region):
        self._process = subprocess.Popen(
            database.as_postgres(database.psql_argv(region)), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/")

    def ask(self, statement):
        """The lines that came back, errors among them."""
        self._process.stdin.write(f"{statement};\n\\echo --\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.strip() == "--":
                return lines
            lines.append(line.strip())
        raise Trouble("psql ended")

    def close(self):
        self._process.stdin.close()
        self._process.stdout.read()
        self._process.stdout.close()
        self._process.wait(10)


def lsn_bytes(text):
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(position):
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:08X}"
