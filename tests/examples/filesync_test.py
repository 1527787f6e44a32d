#!/usr/bin/python3
"""examples/filesync with a real sshd on a port of its own, its own keys, and a key that may only read by rsync."""

import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from postgres_fixture import read, wait_until
from sshd import BECOME, USER, Sshd

EXAMPLE = pathlib.Path(os.environ["FARSHORE_SOURCE_DIR"]) / "examples" / "filesync"


class World:
    """A source, a destination and a configuration, gone afterwards."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="farshore-test.", dir="/tmp"))
        self.root.chmod(0o755)
        self.source, self.destination = self.root / "source", self.root / "destination"
        for name in ("source", "destination", "ssh"):
            (self.root / name).mkdir()
            if BECOME:
                shutil.chown(self.root / name, USER)
        (self.source / ".filesync-source").touch()
        self.marker = self.destination / ".last-sync"
        self.sshd = Sshd(self.root / "ssh", f'restrict,command="rrsync -ro {self.source}" ')
        self.settings = {
            "SOURCE": f"{USER}@127.0.0.1:/", "DESTINATION": f"{self.destination}/", "MARKER": str(self.marker),
            "SSH_KEY": f"{self.sshd.folder}/client.key", "KNOWN_HOSTS": f"{self.sshd.folder}/known_hosts",
            "SSH_PORT": str(self.sshd.port), "MAX_DELETE": "2"}

    def close(self):
        self.sshd.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def command(self, **changes):
        configuration = self.root / "uploads.conf"
        lines = [f"{key}={value}" for key, value in {**self.settings, **changes}.items() if value is not None]
        configuration.write_text("# a comment\n\n" + "\n".join(lines) + "\n")
        return [*BECOME, EXAMPLE / "filesync", configuration]

    def sync(self, **changes):
        return subprocess.run(self.command(**changes), capture_output=True, text=True, check=False, timeout=60,
                              cwd="/")

    def write(self, name, text):
        (self.source / name).parent.mkdir(parents=True, exist_ok=True)
        (self.source / name).write_text(text)

    def here(self):
        every = (path for path in self.destination.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.destination)) for path in every if path.name not in
                      (".last-sync", ".last-sync.lock"))

    def said(self):
        return dict(line.split("=", 1) for line in self.marker.read_text().splitlines())


class FileSync(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)

    def test_brings_everything_here_and_says_so_last(self):
        self.world.write("a", "12345")
        self.world.write("deep/er/b", "123")
        before = int(time.time())
        done = self.world.sync()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.world.here(), ["a", "deep/er/b"])
        said = self.world.said()
        self.assertEqual((said["format"], said["result"], said["files"], said["bytes"], said["failed_syncs"]),
                         ("farshore-filesync/1", "ok", "2", "8", "0"))
        self.assertLessEqual(before, int(said["source_time"]))
        self.assertLessEqual(int(said["source_time"]), int(said["finished_time"]))
        self.assertEqual(said["finished_time"], said["attempt_time"])

    def test_an_empty_source_with_its_sentinel_is_an_empty_source(self):
        done = self.world.sync()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.world.said()["files"], self.world.said()["bytes"]), ("0", "0"))

    def test_few_deletions_are_followed_and_many_refused_without_deleting_one(self):
        for name in "abcdef":
            self.world.write(name, name)
        self.assertEqual(self.world.sync().returncode, 0)
        for name in "ab":
            (self.world.source / name).unlink()
        self.assertEqual(self.world.sync().returncode, 0)
        self.assertEqual(self.world.here(), ["c", "d", "e", "f"])
        good = self.world.said()
        for name in "cde":
            (self.world.source / name).unlink()
        self.assertEqual(self.world.sync().returncode, 1)
        self.assertEqual(self.world.here(), ["c", "d", "e", "f"])
        said = self.world.said()
        self.assertEqual((said["result"], said["failure"], said["failed_syncs"]), ("failed", "too_many_deletes", "1"))
        for key in ("source_time", "finished_time", "files", "bytes"):
            self.assertEqual(said[key], good[key], "the last good run is still told")

    def test_a_source_that_is_not_mounted_deletes_nothing(self):
        self.world.write("a", "1")
        self.assertEqual(self.world.sync().returncode, 0)
        for path in list(self.world.source.iterdir()):
            path.unlink()
        self.assertEqual(self.world.sync().returncode, 1)
        self.assertEqual(self.world.here(), ["a"])
        self.assertEqual(self.world.said()["failure"], "source_missing")

    def test_failures_are_counted_until_a_good_run(self):
        self.world.sshd.stop()
        for count in ("1", "2"):
            self.assertEqual(self.world.sync().returncode, 1)
            said = self.world.said()
            self.assertEqual((said["failure"], said["failed_syncs"]), ("connection", count))
            self.assertNotIn("finished_time", said, "there was no good run yet")
        self.world.sshd.start()
        self.assertEqual(self.world.sync().returncode, 0)
        self.assertEqual(self.world.said()["failed_syncs"], "0")

    def test_a_source_that_hangs_ends_with_the_run_timeout(self):
        self.world.sshd.signal(signal.SIGSTOP)
        done = self.world.sync(RUN_TIMEOUT=1)
        self.world.sshd.signal(signal.SIGCONT)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.world.said()["failure"], "connection")

    def test_a_file_that_cannot_be_read_is_no_success(self):
        self.world.write("a", "1")
        (self.world.source / "a").chmod(0)
        if BECOME:
            shutil.chown(self.world.source / "a", "root")
        self.assertEqual(self.world.sync().returncode, 1)
        self.assertEqual(self.world.said()["failure"], "transfer")

    def test_a_source_of_its_own_is_never_written_over(self):
        self.world.write("a", "1")
        (self.world.destination / ".filesync-source").touch()
        (self.world.destination / "new").write_text("written after the failover")
        self.assertEqual(self.world.sync().returncode, 1)
        self.assertEqual(self.world.here(), [".filesync-source", "new"])
        self.assertEqual(self.world.said()["failure"], "role")

    def test_a_host_with_another_key_is_not_talked_to(self):
        known = self.world.sshd.folder / "known_hosts"
        known.write_text(known.read_text().replace("AAAA", "AAAB", 1))
        self.assertEqual(self.world.sync().returncode, 1)
        self.assertEqual(self.world.said()["failure"], "connection")

    def test_two_runs_do_not_overlap(self):
        self.world.sshd.signal(signal.SIGSTOP)
        with subprocess.Popen(self.world.command(RUN_TIMEOUT=20), stderr=subprocess.PIPE, cwd="/") as first:
            lock = self.world.destination / ".last-sync.lock"
            wait_until(lambda: lock.exists() and f":{lock.stat().st_ino} " in read("/proc/locks") + " ",
                       "the first run holds the lock")
            second = self.world.sync()
            self.world.sshd.signal(signal.SIGCONT)
            self.assertEqual(second.returncode, 0)
            self.assertIn("still at it", second.stdout)
            self.assertEqual(first.wait(30), 0, first.stderr.read())
        self.assertEqual(self.world.said()["result"], "ok")


class Gate(http.server.BaseHTTPRequestHandler):
    status = 503

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


class Roles(unittest.TestCase):
    def test_it_runs_only_while_the_gate_says_yes(self):
        world = World()
        self.addCleanup(world.close)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            gate = f"http://127.0.0.1:{server.server_address[1]}/server/shop-eu/replica"
            self.assertEqual(world.sync(ONLY_IF_URL=gate).returncode, 1)
            self.assertEqual(world.said()["failure"], "role")
            Gate.status = 200
            self.assertEqual(world.sync(ONLY_IF_URL=gate).returncode, 0)
            server.shutdown()


class Configuration(unittest.TestCase):
    def test_a_wrong_one_is_refused_before_anything_is_touched(self):
        world = World()
        self.addCleanup(world.close)
        for changes in ({"SOURCE": None}, {"SOURCE": "--rsh=x:/"}, {"SOURCE": "/local/"}, {"DESTINATION": "/srv"},
                        {"MARKER": "x"}, {"MAX_DELETE": "-1"}, {"SSH_KEY": "/a b"}, {"SENTINEL": "../x"},
                        {"UNKNOWN": "1"}, {"MAX_DELETE": "$(touch x)"}):
            done = world.sync(**changes)
            self.assertEqual(done.returncode, 2, changes)
            self.assertIn("filesync:", done.stderr)
        self.assertEqual(list(world.destination.iterdir()), [])

    def test_the_units_and_the_example_are_what_their_readers_take(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="farshore-test.", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        for name in ("farshore-filesync@.service", "farshore-filesync@.timer"):
            text = (EXAMPLE / name).read_text().replace("/usr/local/bin/filesync", str(EXAMPLE / "filesync"))
            (folder / name.replace("@", "@uploads")).write_text(text)
        checked = subprocess.run(["systemd-analyze", "verify", "--man=no", folder / "farshore-filesync@uploads.timer"],
                                 capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        # The example's own values, with a key that is not known behind them: everything before it was taken.
        copy = folder / "uploads.conf"
        copy.write_text((EXAMPLE / "uploads.conf").read_text() + "END=1\n")
        done = subprocess.run([EXAMPLE / "filesync", copy], capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, f"filesync: {copy}: unknown key 'END'\n")


if __name__ == "__main__":
    unittest.main()
