"""The wire between the regions: a bridge in a network namespace of its own, which has no way out to the host."""

import ctypes
import subprocess

from . import plan

CLONE_NEWNET = 0x40000000
LAB_NUMBER = 9  # the client and the lab itself: 10.9.0.1


class Trouble(RuntimeError):
    """The world cannot be built or driven; the message says what to do about it."""


def leave_host_network():
    """Moves this thread (and those it starts later) into a new network namespace. False when that is not allowed."""
    return ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0


def ip_batch(lines, pid=None):
    """Runs `ip` commands here, or in the network namespace of a process."""
    inside = ["nsenter", "-t", str(pid), "-n"] if pid else []
    done = subprocess.run([*inside, "ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise Trouble(f"ip failed: {done.stderr.strip()}")


def mac(number):
    return f"02:00:00:00:00:{number:02x}"


def neighbours(own_number, world):
    """Every address of the others, known for ever.

    A lost region is silent on a real network: packets to it vanish. Without these entries the kernel would find out by
    ARP after three seconds and answer "no route to host", which would make the lab kinder than the world.
    """
    lines = []
    for region in plan.REGIONS:
        if region.number == own_number:
            continue
        for host in world.hosts(region):
            lines.append(f"neigh replace {world.plan.address(region, host)} lladdr {mac(region.number)} dev "
                         f"{'br0' if own_number == LAB_NUMBER else 'eth0'} nud permanent")
    if own_number != LAB_NUMBER:
        lines.append(f"neigh replace 10.{LAB_NUMBER}.0.1 lladdr {mac(LAB_NUMBER)} dev eth0 nud permanent")
    return lines


class Wire:
    """Lives in the lab's own namespace; a region hangs on it by one cable."""

    def __init__(self, world):
        self._world = world

    def lay(self):
        ip_batch(["link set lo up", f"link add br0 address {mac(LAB_NUMBER)} type bridge forward_delay 0",
                  f"addr add 10.{LAB_NUMBER}.0.1/8 dev br0", "link set br0 up"])
        ip_batch(neighbours(LAB_NUMBER, self._world))

    def take_up(self):
        ip_batch(["link del br0"])

    def connect(self, region, pid):
        cable = f"to-{region.number}"
        ip_batch([f"link add {cable} type veth peer name eth0 address {mac(region.number)} netns {pid}",
                  f"link set {cable} master br0 up"])
        addresses = [self._world.plan.address(region, host) for host in self._world.hosts(region)]
        ip_batch(["link set lo up", *(f"addr add {address}/8 dev eth0" for address in addresses), "link set eth0 up",
                  *neighbours(region.number, self._world)], pid)

    def cut(self, region):
        """Nothing passes any more, in either direction, and nobody is told: no carrier is lost, no error comes back."""
        ip_batch([f"link set to-{region.number} nomaster"])

    def heal(self, region):
        ip_batch([f"link set to-{region.number} master br0"])
