"""The regions as processes and cables: started, lost in one of four ways, brought back, and cleaned up for certain."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading

from . import plan as places
from . import processes
from .network import Trouble, Wire

# The kernel kills what begins with this when the lab dies, even by SIGKILL, so that nothing is left behind.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]
ISOLATE = ["unshare", "--net", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"]
SUPERVISOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervisor.py")


class RegionWorld:
    """One region: its supervisor, what runs under it, and its PostgreSQL machine."""

    def __init__(self, world, region):
        self.region = region
        self._world = world
        self._answers = queue.Queue()
        self.exits = {}
        self._machine = None
        self._local = {}  # name: process id in the region, of the latest of that name
        isolate = ISOLATE if world.plan.isolated else []
        with open(self.log_path("supervisor"), "wb") as log:
            self._process = subprocess.Popen(
                [*DIE_WITH_PARENT, *isolate, sys.executable, "-B", SUPERVISOR], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._answer("ready", 10)
        # unshare stays outside as the parent of process 1; without namespaces the supervisor is our child itself.
        self.pid = processes.children(self._process.pid)[0] if world.plan.isolated else self._process.pid
        self._spaces = {processes.pid_namespace(self.pid)}

    def _read(self):
        for line in self._process.stdout:
            event = json.loads(line)
            if "exited" in event:
                self.exits[event["exited"]] = event["code"]
            else:
                self._answers.put(event)

    def _answer(self, key, limit):
        try:
            event = self._answers.get(timeout=limit)
        except queue.Empty:
            raise Trouble(f"{self.region.name}: its supervisor does not answer") from None
        if key not in event or "error" in event:
            raise Trouble(f"{self.region.name}: {event.get('error', event)}")
        return event

    def log_path(self, name):
        return os.path.join(self._world.plan.folder(self.region.name, "log"), name + ".log")

    def spawn(self, name, argv, env=None, user=None):
        """The process id as seen in the region."""
        request = {"spawn": name, "argv": argv, "log": self.log_path(name), "user": user,
                   "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(env or {})}}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        self._local[name] = self._answer("spawned", 10)["pid"]
        return self._local[name]

    def kill_program(self, name):
        """SIGKILL to one program of the region; it can be started again."""
        local = self._local[name]
        pid = self._host_pid(local) if self._world.plan.isolated else local
        if pid:
            processes.send([pid], signal.SIGKILL)
            processes.wait_until(lambda: not processes.alive([pid]), f"{name} ends", 5)

    def spawn_machine(self, name, argv, user):
        """PostgreSQL gets a PID namespace within the region: its own machine, which can be powered off by itself."""
        if not self._world.plan.isolated:
            local = self.spawn(name, argv, user=user if self._world.plan.root else None)
            self._machine = processes.Group.of_tree(local)
            return
        local = self.spawn(name, ["unshare", "--pid", "--fork", "--kill-child=SIGKILL", "setpriv", f"--reuid={user}",
                                  f"--regid={user}", "--init-groups", *argv])
        outside = processes.wait_until(lambda: self._host_pid(local), f"{name} starts", 5)
        first = processes.wait_until(lambda: processes.children(outside), f"{name} starts", 5)[0]
        inode = processes.pid_namespace(first)
        self._spaces.add(inode)
        self._machine = processes.Group.of_namespaces({inode})

    def _host_pid(self, local):
        """The host's number of a process of the region, from the line NSpid of its status."""
        for pid in processes.all_pids():
            if processes.pid_namespace(pid) not in self._spaces:
                continue
            try:
                with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                    numbers = next(line for line in file if line.startswith("NSpid:")).split()[1:]
            except (OSError, StopIteration):
                continue
            if int(numbers[-1]) == local:
                return pid
        return None

    def group(self):
        if self._world.plan.isolated:
            return processes.Group.of_namespaces(self._spaces)
        return processes.Group.of_tree(self.pid)

    def machine(self):
        return self._machine

    def kill(self):
        """The whole region at once: processes, network, everything that was in flight."""
        if self._world.plan.isolated:
            processes.send([self.pid], signal.SIGKILL)  # the kernel takes the namespace with its process 1
        self.group().kill()
        self._process.wait(10)

    def close(self):
        if self._process.poll() is None:
            self.kill()
        self._process.wait(10)
        self._reader.join(5)
        self._process.stdin.close()
        self._process.stdout.close()


class World:
    """A context manager: whatever happens inside, its processes and namespaces are gone afterwards."""

    def __init__(self, plan, regions=places.REGIONS):
        self.plan = plan
        self._wanted = regions
        self.regions = {}
        self._wire = Wire(self) if plan.isolated else None
        self._helpers = []

    def hosts(self, region):
        hosts = [places.EXPORTER, places.PROMETHEUS, places.ALERTMANAGER]
        return hosts + ([places.POSTGRES, places.APPLICATION] if region.server else [places.CLOUDS])

    def __enter__(self):
        try:
            if self._wire:
                self._wire.lay()
            for region in self._wanted:
                self.regions[region] = RegionWorld(self, region)
                if self._wire:
                    self._wire.connect(region, self.regions[region].pid)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, region):
        return self.regions[region]

    def helper(self, argv, network_of=None, **options):
        """A process of the lab's own (client, writers), in the lab's network or in a region's, outside of its PIDs."""
        if network_of is not None and self.plan.isolated:
            argv = ["nsenter", "-t", str(self[network_of].pid), "-n", *argv]
        process = subprocess.Popen([*DIE_WITH_PARENT, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True, **options)
        self._helpers.append(process)
        return process

    def server_region(self, server):
        for region in self._wanted:
            if region.server == server:
                return region
        raise KeyError(server)

    @property
    def wire(self):
        return self._wire

    def close(self):
        for process in self._helpers:
            if process.poll() is None:
                processes.Group.of_tree(process.pid).kill()
            process.wait(10)
        for region in self.regions.values():
            region.close()
        self.regions = {}
        if self._wire:
            try:
                self._wire.take_up()
            except Trouble:
                pass  # it was never laid
