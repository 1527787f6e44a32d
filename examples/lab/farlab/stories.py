"""What happens in each fault, in its order: strikes, heals, and what must hold on the way."""

import random
import time

from . import plan as places, watch
from .network import Trouble

BACK_WITHIN = 60.0
STAYS_BACK = 3.0
ENDS_WITHIN = 20.0
LONG_ENOUGH = 8.0  # twice the time from a loss to the promotion: what was going to happen has happened
AFTER_UNDO, CLINGING_FOR = 20.0, 10.0


def lose(name):
    """us-east is lost for good."""

    def story(lab):
        lab.strike(name)
        come_back(lab)

    return story


def lose_and_heal(name):
    """us-east is lost, the service comes back elsewhere, and then us-east returns with everything that clings to it."""

    def story(lab):
        lab.strike(name)
        lab.cling()
        come_back(lab)
        lab.heal(name)
        let_go(lab)

    return story


def come_back(lab):
    if lab.options.by_hand:
        lab.promote_by_hand()
    elif not lab.proven:
        lab.approve()
    # The customer may keep the old address for a TTL after the name has moved.
    watch.wait_for(lambda: lab.customer.first_ack(places.STANDBY), BACK_WITHIN + lab.traffic.ttl)
    time.sleep(STAYS_BACK)  # a service that is back stays back
    if not lab.options.by_hand:
        watch.wait_for(lambda: not lab.open_run(), ENDS_WITHIN, pause=0.1)  # a fence that hears nothing is asked once more


def let_go(lab):
    time.sleep(CLINGING_FOR)
    lab.clinging.stop()
    lab.direct.stop()
    if not lab.options.by_hand:
        time.sleep(AFTER_UNDO - CLINGING_FOR)  # late webhooks of the old region come in


def stay(name):
    """Something breaks that is no reason for a failover, and is mended."""

    def story(lab):
        lab.strike(name)
        time.sleep(LONG_ENOUGH)
        lab.heal(name)
        time.sleep(STAYS_BACK)

    return story


def slow_link(lab):
    lab.strike("slow-link")
    query = f'max(farshore_replication_lag_bytes{{server="{places.STANDBY.server}"}}) > {16 << 20}'
    if not watch.wait_for(lambda: lab.services.ask_prometheus(places.WITNESS, query), 10, pause=0.2):
        lab.complain("the lag of the standby was not to be seen in Prometheus")
    lab.timeline.event("lag seen", "over max_data_loss")
    time.sleep(LONG_ENOUGH)
    lab.must_not_have_moved("while the link was slow")
    lab.must_not_have_been_interrupted("while the link was slow")
    lab.strike("kill")
    lab.await_run("held")


def disk_full(lab):
    lab.strike("full-disk")
    if not watch.wait_for(lambda: lab.customer.counts.get("refused", 0) > 20, 30):
        lab.complain("the disk was full, yet no order was refused")
    time.sleep(LONG_ENOUGH)
    lab.heal("full-disk")
    healed = time.monotonic()
    if not watch.wait_for(lambda: lab.customer.acked_after(healed, places.PRIMARY) > 20, 20):
        lab.complain("there is room again, yet no order gets through")
    refused = lab.customer.counts["refused"]
    time.sleep(STAYS_BACK)
    if lab.customer.counts["refused"] > refused:
        lab.complain("there is room again, yet orders are refused")


def flap(lab):
    """Four times for half of `for`, then for longer than that, then shortly again."""

    def blink():
        lab.strike("partition")
        time.sleep(1.5)
        lab.heal("partition")
        time.sleep(2.5)

    for _ in range(4):
        blink()
    lab.must_not_have_moved("although us-east always came back within 1.5 s")
    lab.strike("partition")
    lab.cling()
    come_back(lab)
    lab.heal("partition")
    blink()
    blink()
    let_go(lab)


def wan_cut(lab):
    lab.strike("wan-cut")
    time.sleep(LONG_ENOUGH)
    lab.must_not_have_moved("while only eu-west and the witness were separated")
    lab.must_not_have_been_interrupted("while only eu-west and the witness were separated")
    lab.strike("kill")
    time.sleep(LONG_ENOUGH)
    lab.must_not_have_moved("while nobody but eu-west itself could reach eu-west")
    lab.heal("wan-cut")
    come_back(lab)


def dns_down(lab):
    lab.strike("dns-api")
    lab.strike("kill")
    run = lab.await_run("held", limit=30)
    if run and not (run["promoting"] and run["reason"]):
        lab.complain(f"the run waits for the name without saying so: {run['state']}, {run['reason']!r}")
    time.sleep(STAYS_BACK)
    lab.heal("dns-api")
    come_back(lab)


def actuator_kill(lab):
    lab.strike("kill")
    if not watch.wait_for(lab.open_run, BACK_WITHIN, pause=0.005):
        raise Trouble("no run was opened")
    time.sleep(random.uniform(0, 0.3))
    lab.strike("actuator")
    come_back(lab)
