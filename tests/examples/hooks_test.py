#!/usr/bin/python3
"""examples/hooks with the real programs: ssh, systemctl played by a script, PgBouncer, HAProxy, libpq."""

import os
import socket
import subprocess
import unittest

from hook_world import EXAMPLE, FAR_END, SOURCE, Folder, hook
from postgres_fixture import Postgres, free_port, read, wait_until
from sshd import BECOME, USER, Sshd


# A service manager that knows one unit, its state in a folder.
SYSTEMCTL = """#!/bin/bash
cd "$(dirname "$0")"
case $1 in
  restart) [ ! -e broken ] || exit 1; date > started; date +%s%N >> restarts ;;
  --quiet) [ -e started ] ;;
  show) cat started ;;
esac
"""


class OverSsh(Folder):
    """Two hosts, each an sshd with a key that can do nothing but farshore-told."""

    def setUp(self):
        super().setUp()
        self.hosts, config = {}, ""
        for name in ("app-1", "app-2"):
            home = self.folder(name)
            self.file(f"{name}/systemctl", SYSTEMCTL, 0o755)
            told = f"env SYSTEMCTL={home}/systemctl {FAR_END}/farshore-told {home}/state {FAR_END}/env-file {home}/env shop.service"
            sshd = Sshd(self.folder(name + ".ssh"), f'restrict,command="{told}" ')
            self.addCleanup(sshd.stop)
            self.hosts[name] = (home, sshd)
            config += (f"Host {name}\n HostName 127.0.0.1\n Port {sshd.port}\n User {USER}\n IdentitiesOnly yes\n"
                       f" IdentityFile {sshd.folder}/client.key\n UserKnownHostsFile {sshd.folder}/known_hosts\n")
        self.config = self.file("ssh_config", config)

    def tell(self, action, epoch=2, host="10.2.0.5", port=5432):
        return hook([EXAMPLE / "tell-hosts", action, self.config, *self.hosts], epoch, host, port, BECOME)

    def env(self, name):
        path = self.hosts[name][0] / "env"
        return read(path) if path.exists() else ""

    def restarts(self, name):
        path = self.hosts[name][0] / "restarts"
        return read(path).splitlines() if path.exists() else []

    def test_every_host_is_told_and_its_service_restarted_and_the_check_knows(self):
        self.assertNotEqual(self.tell("check").returncode, 0)
        self.assert_done(self.tell("apply"))
        self.assert_done(self.tell("check"))
        for name in self.hosts:
            self.assertEqual(self.env(name), "DATABASE_HOST=10.2.0.5\nDATABASE_PORT=5432")
            self.assertEqual(len(self.restarts(name)), 1)
        self.assertNotEqual(self.tell("check", epoch=3, host="10.1.0.5").returncode, 0)

    def test_one_that_is_down_is_named_and_the_others_are_told(self):
        self.hosts["app-1"][1].stop()
        done = self.tell("apply")
        self.assertEqual(done.returncode, 1)
        self.assertIn("app-1: exit 255", done.stderr)
        self.assertNotIn("app-2", done.stderr)
        self.assertEqual(len(self.restarts("app-2")), 1)

    def test_a_message_of_an_earlier_epoch_changes_nothing(self):
        self.assert_done(self.tell("apply", epoch=3, host="10.3.0.5"))
        late = self.tell("apply", epoch=2)
        self.assertEqual(late.returncode, 1)
        self.assertIn("epoch 2 is over", late.stderr)
        self.assertEqual(self.env("app-1"), "DATABASE_HOST=10.3.0.5\nDATABASE_PORT=5432")

    def test_a_restart_that_failed_is_not_in_force(self):
        self.assert_done(self.tell("apply"))
        (self.hosts["app-2"][0] / "broken").touch()
        os.utime(self.hosts["app-2"][0] / "env")
        self.hosts["app-2"][0].joinpath("started").write_text("2001-02-03 04:05:06\n")
        done = self.tell("check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("runs since before", done.stderr)
        self.assertNotEqual(self.tell("apply").returncode, 0)

    def test_hosts_are_told_at_the_same_time(self):
        for name in self.hosts:
            self.file(f"{name}/systemctl", SYSTEMCTL.replace("date > started;", (
                "touch ../$(basename $PWD).here; for _ in $(seq 200); do [ $(ls .. | grep -c 'here$') = 2 ] && break; "
                "sleep 0.05; done; [ $(ls .. | grep -c 'here$') = 2 ] || exit 1; date > started;")), 0o755)
        self.assert_done(self.tell("apply"))

    def test_nothing_but_the_message_passes(self):
        sshd = self.hosts["app-1"][1]
        for command in ("apply 2 10.2.0.5", "apply 2 10.2.0.5 5432; touch x", "apply 2 $(id) 5432", "id", ""):
            done = subprocess.run([*BECOME, "ssh", "-F", self.config, "-n", "app-1", *([command] if command else [])],
                                  capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 65, command)
        self.assertEqual(self.env("app-1"), "")
        self.assertTrue(sshd.listens())
        for host in ("10.2.0.5; id", "$(id)", "a b", ""):
            self.assertEqual(self.tell("apply", host=host).returncode, 65, host)


class Told(Folder):
    """farshore-told by itself, with a way that can be held up."""

    def setUp(self):
        super().setUp()
        self.way = self.file("way", (
            f'#!/bin/bash\ncd "{self.root}"\n[ "$2" != old ] || {{ touch here; until [ -e go ]; do sleep 0.02; done; }}\n'
            'echo "$2" >told\n'), 0o755)

    def begin(self, message):
        process = subprocess.Popen([FAR_END / "farshore-told", self.root / "state", self.way],
                                   env={"SSH_ORIGINAL_COMMAND": message, "PATH": os.environ["PATH"]})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_an_older_epoch_that_was_under_way_does_not_write_last(self):
        older = self.begin("apply 7 old 5432")
        wait_until((self.root / "here").exists, "the older one is under way")
        newer = self.begin("apply 8 new 5432")
        waits = ["pgrep", "--parent", str(newer.pid), "flock"]
        wait_until(lambda: newer.poll() is not None or subprocess.run(waits, capture_output=True, check=False).returncode == 0,
                   "the newer one waits")
        (self.root / "go").touch()
        self.assertEqual((older.wait(30), newer.wait(30)), (0, 0))
        self.assertEqual(read(self.root / "told"), "new")


class WithServers(Folder):
    """Two PostgreSQL servers that say which one they are."""

    def setUp(self):
        super().setUp()
        self.servers = [Postgres("secret"), Postgres("secret")]
        for number, server in enumerate(self.servers):
            self.addCleanup(server.stop)
            server.sql(f"CREATE TABLE me AS SELECT {number} AS number")

    def way(self, name, arguments, action, server):
        return hook([FAR_END / name, *arguments, action, "127.0.0.1", server.port], 2, "127.0.0.1", server.port, BECOME)

    def ask(self, conninfo, text="SELECT number FROM me"):
        done = subprocess.run(["psql", "-XAtq", "-d", conninfo, "-c", text], capture_output=True, text=True, check=False,
                              timeout=30, env={"PGPASSWORD": "secret", "PATH": os.environ["PATH"]})
        return done.stdout.strip() or done.stderr

    def start(self, command, listens):
        with open(self.root / "log", "ab") as log:
            process = subprocess.Popen([*BECOME, *map(str, command)], stdout=log, stderr=log, cwd="/")
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(listens, command[0] + " listens")


class PgBouncer(WithServers):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.databases = self.file("databases.ini", f"[databases]\npostgres = host=127.0.0.1 port={self.servers[0].port}\n")
        self.file("users", '"shop_app" "secret"\n')
        ini = self.file("pgbouncer.ini", (
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = plain\n"
            f"auth_file = {self.root}/users\nadmin_users = shop_app\npool_mode = transaction\nserver_login_retry = 1\n"
            f"ignore_startup_parameters = extra_float_digits\n%include {self.databases}\n"))
        self.file("pass", f"127.0.0.1:{self.port}:pgbouncer:shop_app:secret\n", 0o600)
        admin = f"host=127.0.0.1 port={self.port} dbname=pgbouncer user=shop_app passfile={self.root}/pass"
        self.arguments = [self.databases, admin, "postgres"]
        self.start(["pgbouncer", ini], lambda: self.through() == "0")

    def through(self):
        return self.ask(f"host=127.0.0.1 port={self.port} user=shop_app dbname=postgres")

    def test_reload_sends_the_next_transaction_to_the_new_primary(self):
        old, new = self.servers
        self.assertNotEqual(self.way("pgbouncer", self.arguments, "check", new).returncode, 0)
        old.kill()
        self.assert_done(self.way("pgbouncer", self.arguments, "apply", new))
        self.assert_done(self.way("pgbouncer", self.arguments, "check", new))
        wait_until(lambda: self.through() == "1", "the pooler asks the new primary")
        self.assertNotEqual(self.way("pgbouncer", self.arguments, "check", old).returncode, 0)

    def test_the_file_alone_is_no_proof(self):
        new = self.servers[1]
        self.databases.write_text(f"[databases]\npostgres = host=127.0.0.1 port={new.port}\n")
        self.assertNotEqual(self.way("pgbouncer", self.arguments, "check", new).returncode, 0)


class HAProxy(WithServers):
    def setUp(self):
        super().setUp()
        self.port, self.socket = free_port(), self.root / "admin.sock"
        config = self.file("haproxy.cfg", (
            f"global\n  stats socket {self.socket} level admin\ndefaults\n  mode tcp\n  timeout connect 2s\n"
            f"  timeout client 30s\n  timeout server 30s\nlisten shop\n  bind 127.0.0.1:{self.port}\n"
            f"  server primary 127.0.0.1:{self.servers[0].port}\n"))
        self.arguments = [self.socket, "shop", "primary"]
        self.conninfo = f"host=127.0.0.1 port={self.port} user=shop_app dbname=postgres connect_timeout=2"
        self.start(["haproxy", "-f", config], lambda: self.ask(self.conninfo) == "0")

    def test_the_server_gets_the_new_address_and_open_sessions_end(self):
        old, new = self.servers
        self.assertNotEqual(self.way("haproxy", self.arguments, "check", new).returncode, 0)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as kept:
            # Answered by the old server: the session is there.
            kept.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            self.assertIn(kept.recv(1), (b"S", b"N"))
            self.assert_done(self.way("haproxy", self.arguments, "apply", new))
            self.assertEqual(kept.recv(1), b"")
        self.assert_done(self.way("haproxy", self.arguments, "check", new))
        self.assertEqual(self.ask(self.conninfo), "1")
        self.assertNotEqual(self.way("haproxy", self.arguments, "check", old).returncode, 0)

    def test_what_it_does_not_take_is_an_error(self):
        done = hook([FAR_END / "haproxy", *self.arguments, "apply", "no-address", "5432"], 2, "x", 1, BECOME)
        self.assertNotEqual(done.returncode, 0)
        done = self.way("haproxy", [self.socket, "shop", "nosuch"], "apply", self.servers[1])
        self.assertNotEqual(done.returncode, 0)


class Libpq(WithServers):
    def test_a_string_with_both_hosts_finds_the_one_that_writes(self):
        ports = ",".join(str(server.port) for server in self.servers)
        both = f"host=127.0.0.1,127.0.0.1 port={ports} user=shop_app dbname=postgres connect_timeout=2 " + (
            "target_session_attrs=read-write")
        self.assertIn("`" + "target_session_attrs=read-write" + "`", (EXAMPLE / "README.md").read_text())
        self.servers[0].sql("ALTER SYSTEM SET default_transaction_read_only = on")
        self.servers[0].sql("SELECT pg_reload_conf()")
        wait_until(lambda: self.ask(both) == "1", "the second host is chosen while the first only reads")
        self.servers[0].kill()
        self.assertEqual(self.ask(both), "1")


class Topology(Folder):
    def test_the_hooks_of_the_example_are_what_a_topology_takes(self):
        hooks = (EXAMPLE / "hooks.yml").read_text()
        indented = "".join("    " + line + "\n" for line in hooks.splitlines())
        topology = self.file("farshore.yml", (SOURCE / "alerting" / "example-topology.yml").read_text().split("    hooks:\n")[0] + indented)
        done = subprocess.run([os.path.join(os.environ["FARSHORE_BINARY_DIR"], "actuator/ctl/farshorectl"), "check-config",
                               "--print", f"--config.file={topology}"], capture_output=True, text=True, check=False, timeout=60)
        self.assert_done(done)
        self.assertIn("name: applications", done.stdout)

    def test_scripts_are_sound(self):
        scripts = [EXAMPLE / "tell-hosts", EXAMPLE / "ansible" / "reconfigure", *FAR_END.iterdir()]
        for script in scripts:
            self.assert_done(subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False))
            self.assertTrue(os.access(script, os.X_OK), script)


if __name__ == "__main__":
    unittest.main()
