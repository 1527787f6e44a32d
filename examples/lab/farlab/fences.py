"""The fences that --fence knows, one row each, in any number side by side: the first proof wins."""

import argparse
import os
from dataclasses import dataclass
from typing import Callable, Optional

from . import clouds, plan as places, sshd

NONE, DEFAULT = "none", "command"


@dataclass(frozen=True)
class Fence:
    words: str  # for --help and the README
    kind: str  # of the topology
    fields: Callable  # (plan, secrets, region) -> the item's own fields; makes the files that they name
    timeout: str
    proves: bool = True
    needs_host: bool = False  # whether it can prove nothing of a host that does not answer
    cloud: Optional[str] = None  # of clouds.CLOUDS
    start: Callable = lambda world, secrets, region: None  # what has to run in the server's region
    fault: str = "kill"  # what --fault is when it is the only fence and nothing was said


def command(plan, _secrets, region):
    switch = [os.path.join(plan.source, "examples/lab/fence"), plan.power_socket()]
    return {"act": [*switch, "off", region.server], "proof": [*switch, "is-off", region.server]}


def nothing(_plan, _secrets, _region):
    return {"act": ["/bin/true"], "proof": ["/bin/false"]}


def linode(plan, secrets, region):
    return {"linode_id": clouds.LINODE_IDS[region.server], "label": region.server,
            "api_url": clouds.CLOUDS["linode"].url(plan), "token_file": secrets.file(clouds.LINODE_FENCE)}


FENCES = {
    "command": Fence("the power switch of the lab's machines, by a command", "command", command, "5s"),
    "linode": Fence("the API of what stands for Linode, which powers the machine off some time later", "linode_power",
                    linode, "5s", cloud="linode"),
    "ssh": Fence("a real sshd on the primary's host and the agent of examples/fences/ssh", "ssh", sshd.fence_fields, "10s",
                 needs_host=True, start=sshd.start, fault="pgfreeze"),
    NONE: Fence("nothing is ever isolated and nothing can be proven", "command", nothing, "5s", proves=False),
}


def parse(text):
    """The names of --fence, as a tuple."""
    chosen = tuple(text.split(","))
    unknown = [name for name in chosen if name not in FENCES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(FENCES)}")
    if len(set(chosen)) != len(chosen) or (NONE in chosen and len(chosen) > 1):
        raise argparse.ArgumentTypeError(f"each of {', '.join(FENCES)} once at most, and none alone")
    return chosen


def entries(chosen, plan, secrets):
    """The list `fence` of the topology."""
    return [{"kind": FENCES[name].kind, "server": region.server, **FENCES[name].fields(plan, secrets, region),
             "timeout": FENCES[name].timeout} for region in (places.PRIMARY, places.STANDBY) for name in chosen]


def default_fault(chosen):
    return FENCES[chosen[0]].fault if len(chosen) == 1 else "kill"


def proven(chosen, fault):
    """Whether one of them can prove that the primary of this fault writes no more; if not, a person has to approve."""
    return any(FENCES[name].proves and (fault.host_answers or not FENCES[name].needs_host) for name in chosen)
