"""The faults that --fault knows, one row each. README.md has the same table; a test compares them."""

from dataclasses import dataclass
from typing import Callable

from . import endings, injections, stories


@dataclass(frozen=True)
class Fault:
    words: str  # what happens
    ending: str  # what must come of it, and why where it is not plain
    story: Callable  # given the experiment
    judge: Callable  # (experiment, record) -> what is wrong with the ending
    strikes: tuple  # the injections it is made of
    whole: bool = True  # whether it is one loss, which can also be played --by-hand or without a fence

    @property
    def promotes(self):
        return self.judge is endings.failover

    @property
    def namespaces(self):
        return any(injections.INJECTIONS[name].namespaces for name in self.strikes)

    @property
    def host_answers(self):
        """Whether the host of a primary that is lost can still be talked to."""
        return all(injection.host_answers for injection in map(injections.INJECTIONS.get, self.strikes)
                   if injection.us_east_is_lost)

    @property
    def small_disk(self):
        return any(injections.INJECTIONS[name].small_disk for name in self.strikes)


def words_of(name):
    return injections.INJECTIONS[name].words


FAULTS = {
    "kill": Fault(
        words_of("kill"), "failover", stories.lose("kill"), endings.failover, ("kill",)),
    "freeze": Fault(
        words_of("freeze"), "failover; resumed, the old primary acknowledges nothing", stories.lose_and_heal("freeze"),
        endings.failover, ("freeze",)),
    "partition": Fault(
        words_of("partition"), "failover; healed, the old primary acknowledges nothing",
        stories.lose_and_heal("partition"), endings.failover, ("partition",)),
    "pgkill": Fault(
        words_of("pgkill"), "failover", stories.lose("pgkill"), endings.failover, ("pgkill",)),
    "pgfreeze": Fault(
        words_of("pgfreeze"), "failover; resumed, the old primary acknowledges nothing",
        stories.lose_and_heal("pgfreeze"), endings.failover, ("pgfreeze",)),
    "slow-link": Fault(
        words_of("slow-link") + "; then us-east is lost",
        "no failover while the link is slow, and the lag is seen; the loss is held, because more is missing than "
        "max_data_loss allows (needs=loss), and replication is as it was",
        stories.slow_link, endings.held("loss"), ("slow-link", "kill"), whole=False),
    "one-way": Fault(
        words_of("none-in"),
        "failover: nobody outside can complete a session with the primary, and the fence does not go by this network",
        stories.lose_and_heal("none-in"), endings.failover, ("none-in",)),
    "one-way-out": Fault(
        words_of("none-out"), "failover, as one-way: a request that gets in is of no use to who never hears of it",
        stories.lose_and_heal("none-out"), endings.failover, ("none-out",)),
    "disk-full": Fault(
        words_of("full-disk") + "; room is made later",
        "no failover and nobody is fenced: the primary answers; orders are refused until there is room",
        stories.disk_full, endings.no_failover(interrupted=True), ("full-disk",), whole=False),
    "disk-full-wal": Fault(
        words_of("full-disk-wal"), "failover: PostgreSQL panics, and cannot start without a new segment",
        stories.lose("full-disk-wal"), endings.failover, ("full-disk-wal",)),
    "monitoring-only": Fault(
        words_of("monitoring"), "no failover, and no second without an acknowledged order", stories.stay("monitoring"),
        endings.no_failover(), ("monitoring",), whole=False),
    "flap": Fault(
        "us-east is cut off for 1.5 s four times, then for long, then twice for 1.5 s",
        "nothing while it is shorter than `for`; then one failover, and no second",
        stories.flap, endings.failover, ("partition",), whole=False),
    "wan-cut": Fault(
        words_of("wan-cut") + "; then us-east is lost as well, and later the cut heals",
        "no failover and no interruption while us-east lives; no promotion while no quorum of vantages can be heard; "
        "failover when the cut has healed",
        stories.wan_cut, endings.failover, ("wan-cut", "kill"), whole=False),
    "dns-down": Fault(
        words_of("dns-api") + "; us-east is lost meanwhile",
        "promoted once; the run says that it waits for the name, and succeeds when the API answers again",
        stories.dns_down, endings.failover, ("dns-api", "kill"), whole=False),
    "actuator-kill": Fault(
        words_of("actuator") + ", in the middle of a run", "failover: the run is taken up again and ends succeeded",
        stories.actuator_kill, endings.failover, ("kill", "actuator"), whole=False),
}


def table():
    """Rows for people: name, what happens, the expected ending."""
    return [(name, fault.words, fault.ending) for name, fault in FAULTS.items()]
