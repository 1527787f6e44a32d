"""One throw-away PostgreSQL for a test: as user postgres, on a free port of 127.0.0.1, gone afterwards."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, limit=20.0):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit} s")
        time.sleep(0.01)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def with_children(pid):
    return [pid, *map(int, read(f"/proc/{pid}/task/{pid}/children").split())]


class Postgres:
    """Started by the constructor; stop() ends it whatever state it is in."""

    def __init__(self, password):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self.as_postgres = become if os.getuid() == 0 else []
        self.folder = tempfile.mkdtemp(prefix="farshore-test.", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.password_file = os.path.join(self.folder, "password")
        with open(self.password_file, "w", encoding="utf-8") as file:
            file.write(password + "\n")
        if self.as_postgres:
            shutil.chown(self.folder, "postgres")
            shutil.chown(self.password_file, "postgres")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.process = None
        try:
            self._initdb()
            self.start()
        except BaseException:
            self.stop()
            raise

    def _initdb(self):
        subprocess.run(
            self.as_postgres + [f"{self.bin}/initdb", "-D", self.data, "-A", "scram-sha-256", "-U", "shop_app",
                                f"--pwfile={self.password_file}", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL)

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                self.as_postgres + [f"{self.bin}/postgres", "-D", self.data, "-p", str(self.port),
                                    "-h", "127.0.0.1", "-k", self.folder, "-c", "fsync=off",
                                    "-c", "dynamic_shared_memory_type=mmap"],
                stdout=log, stderr=log)
        wait_until(lambda: self.sql("SELECT 1", check=False) == "1", "PostgreSQL answers")

    def sql(self, text, database="postgres", check=True):
        environment = {"PGPASSWORD": read(self.password_file), "PATH": os.environ["PATH"]}
        done = subprocess.run([f"{self.bin}/psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "shop_app",
                               "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text],
                              env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def postgres_pid(self):
        """The postmaster itself."""
        return int(read(os.path.join(self.data, "postmaster.pid")).splitlines()[0])

    def kill(self):
        """Takes the postmaster and every backend away at once."""
        for victim in with_children(self.postgres_pid()):
            os.kill(victim, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self._remove_shared_memory()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove_shared_memory(self):
        """What a killed server leaves behind, as its lock file names it (line 7: key and id)."""
        try:
            segment = read(os.path.join(self.data, "postmaster.pid")).splitlines()[6].split()[1]
        except (OSError, IndexError):
            return
        subprocess.run(["ipcrm", "-m", segment], stderr=subprocess.DEVNULL, check=False)
