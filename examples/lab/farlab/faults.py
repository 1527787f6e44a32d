"""The ways in which the primary's region is lost, and how two of them end again."""

from . import plan as places

# For each: what it is in words, and whether it can be undone.
FAULTS = {
    "kill": ("every process of us-east and its network, at once", False),
    "freeze": ("every process of us-east is stopped (SIGSTOP); its network stays", True),
    "pgkill": ("the primary's PostgreSQL alone, postmaster and backends", False),
    "partition": ("us-east is cut off from everybody; inside it all goes on", True),
}


def strike(world, fault):
    region = world[places.PRIMARY]
    if fault == "kill":
        region.kill()
    elif fault == "freeze":
        region.group().freeze()
    elif fault == "pgkill":
        region.machine().kill()
    else:
        world.cut(places.PRIMARY)


def undo(world, fault):
    if fault == "freeze":
        world[places.PRIMARY].group().resume()
    elif fault == "partition":
        world.heal(places.PRIMARY)


def can_be_undone(fault):
    return FAULTS[fault][1]
