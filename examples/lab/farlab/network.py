"""The wire between the regions: a bridge in a network namespace of its own, which has no way out to the host."""

import ctypes
import subprocess

from . import plan

CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWIPC = 0x40000000, 0x00020000, 0x08000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
LAB_NUMBER = 9  # the client and the lab itself: 10.9.0.1


class Trouble(RuntimeError):
    """The world cannot be built or driven; the message says what to do about it."""


def leave_host():
    """Moves this thread (and those it starts later) into a new network, mount and IPC namespace: what is cabled or mounted
    from here on is never seen by the host, and gone with the lab; so is the shared memory of servers that are killed.
    False when that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC) != 0:
        return False
    return libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0


def feed(program, lines, pid=None):
    """Gives lines to a program here, or in the network namespace of a process."""
    inside = ["nsenter", "-t", str(pid), "-n"] if pid else []
    done = subprocess.run([*inside, *program], input="\n".join(lines) + "\n", text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise Trouble(f"{program[0]} failed: {done.stderr.strip()}")


def ip_batch(lines, pid=None):
    feed(["ip", "-batch", "-"], lines, pid)


def port(region):
    """The end of a region's cable that is on the bridge."""
    return f"to-{region.number}"


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
        self._dropped = {}  # why: [(where a packet comes from, where it goes)], None being the lab itself or anywhere

    def lay(self):
        ip_batch(["link set lo up", f"link add br0 address {mac(LAB_NUMBER)} type bridge forward_delay 0",
                  f"addr add 10.{LAB_NUMBER}.0.1/8 dev br0", "link set br0 up"])
        ip_batch(neighbours(LAB_NUMBER, self._world))

    def take_up(self):
        """The cables too: the kernel takes them with their regions, but in its own time, and the next world needs the
        names. -force goes on where one is gone already, and is content."""
        cables = [f"link del {port(region)}" for region in plan.REGIONS]
        subprocess.run(["ip", "-force", "-batch", "-"], input="\n".join(cables) + "\n", text=True, capture_output=True,
                       check=False)
        ip_batch(["link del br0"])

    def connect(self, region, pid):
        cable = port(region)
        ip_batch([f"link add {cable} type veth peer name eth0 address {mac(region.number)} netns {pid}",
                  f"link set {cable} master br0 up"])
        addresses = [self._world.plan.address(region, host) for host in self._world.hosts(region)]
        ip_batch(["link set lo up", *(f"addr add {address}/8 dev eth0" for address in addresses), "link set eth0 up",
                  *neighbours(region.number, self._world)], pid)

    def cut(self, region):
        """Nothing passes any more, in either direction, and nobody is told: no carrier is lost, no error comes back."""
        ip_batch([f"link set {port(region)} nomaster"])

    def heal(self, region):
        ip_batch([f"link set {port(region)} master br0"])

    def drop(self, why, pairs):
        """Packets from one region to another (None: any) vanish until allow(why). Says nothing of the way back."""
        self._dropped[why] = pairs
        self._filter()

    def allow(self, why):
        self._dropped.pop(why, None)
        self._filter()

    def _filter(self):
        rules = [" ".join(([f'iifname "{port(source)}"'] if source else [])
                          + ([f'oifname "{port(target)}"'] if target else []) + ["drop"])
                 for pairs in self._dropped.values() for source, target in pairs]
        # What the lab's own end of the bridge sends and gets passes output and input, the rest forward.
        lines = ["add table bridge lab", "delete table bridge lab", "table bridge lab {"]
        for hook, blind in (("forward", ""), ("output", "iifname"), ("input", "oifname")):
            lines += [f"chain {hook} {{", f"type filter hook {hook} priority 0",
                      *(rule for rule in rules if not blind or blind not in rule), "}"]
        feed(["nft", "-f", "-"], [*lines, "}"])

    def slow(self, source, target, kbit, queue):
        """What `source` sends to `target` passes at `kbit`/s, behind a queue of so many bytes, which is the latency.

        netem would do it with less words, but not every kernel has it.
        """
        source_net, dev = self._world.plan.address(source, 0) + "/16", f"dev {port(target)}"
        feed(["tc", "-batch", "-"], [
            f"qdisc add {dev} root handle 1: htb default 0",
            f"class add {dev} parent 1: classid 1:1 htb rate {kbit}kbit",
            f"qdisc add {dev} parent 1:1 bfifo limit {queue}",
            f"filter add {dev} parent 1: protocol ip u32 match ip src {source_net} flowid 1:1"])

    def full_speed(self, target):
        feed(["tc", "-batch", "-"], [f"qdisc del dev {port(target)} root"])


def close_port(pid, number):
    """Inside a region nobody can talk to a TCP port any more, and nobody is told."""
    feed(["nft", "-f", "-"], ["add table inet lab", "add chain inet lab input { type filter hook input priority 0 ; }",
                              f"add rule inet lab input tcp dport {number} drop"], pid)


def open_port(pid):
    feed(["nft", "-f", "-"], ["delete table inet lab"], pid)


def small_disk(folder, size):
    """A disk of so many bytes over an empty folder, in this mount namespace only."""
    feed(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], [])


def remove_disk(folder):
    feed(["umount", folder], [])
