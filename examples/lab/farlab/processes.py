"""Which processes belong together (by PID namespace, or by descent where there is none), and signals to all of them."""

import os
import signal
import time


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def pid_namespace(pid):
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino
    except OSError:
        return None


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass  # it ended while we looked
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def state(pid):
    """One letter of proc(5), empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return ""


def alive(pids):
    """Those that can still do something; a zombie cannot."""
    return [pid for pid in pids if state(pid) not in ("", "Z", "X")]


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def wait_until(condition, what, limit, pause=0.01):
    """The condition's first true value; TimeoutError when it does not come within `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit:g} s")
        time.sleep(pause)


class Group:
    """A set of processes that is looked up anew at every use, so that what was forked meanwhile belongs to it."""

    def __init__(self, members):
        self._members = members

    @classmethod
    def of_namespaces(cls, inodes):
        return cls(lambda: [pid for pid in all_pids() if pid_namespace(pid) in inodes])

    @classmethod
    def of_tree(cls, root):
        return cls(lambda: [root, *descendants(root)])

    def pids(self):
        return alive(self._members())

    def kill(self, limit=5.0):
        """SIGKILL until nobody is left; works on stopped processes too."""
        # Stopped first where there is no namespace: what is stopped cannot fork out of the tree that is being killed.
        members = set(self.pids())
        send(members, signal.SIGSTOP)

        def gone():
            # Once its parent is dead, a child is nobody's descendant, though it may still be dying.
            members.update(self.pids())
            left = alive(members)
            send(left, signal.SIGKILL)
            return not left

        wait_until(gone, "processes killed", limit, pause=0.002)

    def freeze(self, limit=5.0):
        told = set()

        def stopped():
            # In the kernel (D) with the signal pending, a process runs nothing of its own again: a shell that waits there
            # for the child it has just vforked stays in D for as long as that child is stopped.
            running = [pid for pid in self.pids()
                       if state(pid) not in ("T", "t") and not (state(pid) == "D" and pid in told)]
            send(running, signal.SIGSTOP)
            told.update(running)
            return not running

        wait_until(stopped, "processes stopped", limit, pause=0.002)

    def resume(self):
        send(self.pids(), signal.SIGCONT)
