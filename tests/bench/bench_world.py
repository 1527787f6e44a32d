"""The world of exporter_bench.py: one PostgreSQL primary with a standby, the two exporters, and how they are measured."""

import contextlib
import ctypes
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
SETTINGS = """
fsync = off
shared_buffers = 32MB
max_connections = 300
autovacuum = off
wal_keep_size = 64MB
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
shared_preload_libraries = 'pg_stat_statements'
listen_addresses = '0.0.0.0'
"""
HBA = "local all all trust\nhost all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n"


def wait_until(condition, what, limit=30.0):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def spawn(argv, log, user=None, environment=None):
    who = {"user": user, "group": user, "extra_groups": []} if user and os.getuid() == 0 else {}
    return subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                            env=environment, preexec_fn=die_with_parent, cwd="/tmp", **who)


def end(process, how=signal.SIGTERM):
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.send_signal(how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


class Postgres:
    def __init__(self, folder, name):
        self.name, self.data, self.port = name, os.path.join(folder, name), free_port()
        self.log = open(os.path.join(folder, name + ".log"), "ab")
        self.process = None
        self.frozen = []

    def as_postgres(self, *argv):
        who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(argv, check=True, stdout=self.log, stderr=self.log, cwd="/tmp", **who)

    def start(self):
        own = f"port = {self.port}\nunix_socket_directories = '{os.path.dirname(self.data)}'\n"
        pathlib.Path(self.data, "postgresql.auto.conf").open("a").write(SETTINGS + own)
        pathlib.Path(self.data, "pg_hba.conf").write_text(HBA)
        self.process = spawn([f"{BIN}/postgres", "-D", self.data], self.log, user="postgres")
        with contextlib.suppress(PermissionError):  # root only: the server must not be what is measured
            os.setpriority(os.PRIO_PROCESS, self.process.pid, -10)
        wait_until(lambda: self.psql("SELECT 1", quiet=True) == "1", f"{self.name} starts")

    def psql(self, sql, quiet=False):
        done = subprocess.run([f"{BIN}/psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                               "-c", sql, "postgres"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0 and not quiet:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return done.stdout.strip()

    def statements_of(self, role):
        """What the server executed for the role, by pg_stat_statements."""
        return int(self.psql(f"SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE userid = '{role}'::regrole"))

    def family(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)  # first, so that it has no more children
        self.frozen = self.family()
        for pid in self.frozen[1:]:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.frozen):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.frozen = []

    def stop(self):
        self.thaw()
        end(self.process, signal.SIGQUIT)  # immediate


@contextlib.contextmanager
def world():
    """primary, standby, folder; everything is stopped and removed whatever happens."""
    folder = tempfile.mkdtemp(prefix="farshore-bench.", dir="/tmp")
    os.chmod(folder, 0o755)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    servers = []
    try:
        primary = Postgres(folder, "primary")
        servers.append(primary)
        primary.as_postgres(f"{BIN}/initdb", "-D", primary.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                            "--locale=C.UTF-8", "--no-sync")
        primary.start()
        primary.psql("CREATE EXTENSION pg_stat_statements")
        for role in ("ours", "theirs"):
            primary.psql(f"CREATE ROLE {role} LOGIN IN ROLE pg_monitor")
        standby = Postgres(folder, "standby")
        servers.append(standby)
        standby.as_postgres(f"{BIN}/pg_basebackup", "-D", standby.data, "-R", "-C", "-S", "standby", "-X", "stream",
                            "-c", "fast", "--no-sync", "-d",
                            f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby")
        standby.start()
        wait_until(lambda: primary.psql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1",
                   "the standby streams")
        yield primary, standby, folder
    finally:
        for server in reversed(servers):
            server.stop()
            server.log.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def replayed(server, folder):
    """The port at which every address of 127.0.0.0/8 answers as the server would: replayed_postgres.py."""
    port = free_port()
    path = os.path.join(folder, f"replayed-{port}.log")
    with open(path, "wb") as log:
        process = spawn([sys.executable, os.path.join(os.path.dirname(__file__), "replayed_postgres.py"), str(port),
                         str(server.port)], log)
        try:
            wait_until(lambda: "ready" in pathlib.Path(path).read_text(), "a replayed server is ready")
            yield port
        finally:
            end(process)


class Exporter:
    """A running exporter, and what is asked of it and read about it."""

    def __init__(self, argv, port, folder, environment=None, authorization=None):
        self.port = port
        self.authorization = authorization
        self.log = open(os.path.join(folder, f"exporter-{port}.log"), "ab")
        self.process = spawn(argv, self.log, environment=environment)
        self.socket = None

    def __enter__(self):
        try:
            wait_until(lambda: self.process.poll() is not None or self.scrape(5)["status"] == 200, "an exporter answers")
            if self.process.poll() is not None:
                raise RuntimeError("an exporter ended: " + pathlib.Path(self.log.name).read_text()[-2000:])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.hang_up()
        end(self.process)
        self.log.close()

    def hang_up(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def scrape(self, limit):
        """Over one kept connection, as Prometheus does. Milliseconds to the last byte, bytes of the body, status; the
        status is None without an answer within the limit."""
        headers = f"Host: 127.0.0.1:{self.port}\r\nAccept: text/plain;version=0.0.4\r\n"
        if self.authorization:
            headers += f"Authorization: {self.authorization}\r\n"
        request = f"GET /metrics HTTP/1.1\r\n{headers}\r\n".encode()
        begin = time.perf_counter()
        kept = self.socket is not None
        try:
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), limit)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.settimeout(limit)
            self.socket.sendall(request)
            status, body, keep = read_answer(self.socket)
        except OSError as error:
            self.hang_up()
            if kept and isinstance(error, ConnectionError):  # it was idle for too long, and the server closed it
                return self.scrape(limit)
            return {"ms": (time.perf_counter() - begin) * 1000, "status": None, "bytes": 0, "body": b""}
        took = (time.perf_counter() - begin) * 1000
        if not keep:
            self.hang_up()
        return {"ms": took, "status": status, "bytes": len(body), "body": body}

    def cpu_seconds(self):
        """Of all threads, those that ended too: the process's own CPU clock (clock_getcpuclockid)."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self):
        values = dict(line.split(":", 1) for line in
                      pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        kib = {name: int(values[name].split()[0]) for name in ("VmRSS", "RssAnon", "RssFile")}
        return {**{name: value * 1024 for name, value in kib.items()}, "threads": int(values["Threads"])}

    def sockets(self):
        count = 0
        for entry in os.scandir(f"/proc/{self.process.pid}/fd"):
            with contextlib.suppress(OSError):
                count += os.readlink(entry.path).startswith("socket:")
        return count


def read_answer(connection):
    """Status, body, whether the connection stays; Content-Length or chunks."""
    data = b""
    while b"\r\n\r\n" not in data:
        data = more(connection, data)
    head, _, data = data.partition(b"\r\n\r\n")
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    keep = fields.get(b"connection") != b"close"
    status = int(head.split(b" ", 2)[1])
    if b"content-length" in fields:
        size = int(fields[b"content-length"])
        while len(data) < size:
            data = more(connection, data)
        return status, data, keep
    body = b""
    while True:
        while b"\r\n" not in data:
            data = more(connection, data)
        size, _, data = data.partition(b"\r\n")
        size = int(size, 16)
        while len(data) < size + 2:
            data = more(connection, data)
        body += data[:size]
        data = data[size + 2:]
        if size == 0:
            return status, body, keep


def more(connection, data):
    got = connection.recv(1 << 18)
    if not got:
        raise ConnectionError("closed in the middle of an answer")
    return data + got
