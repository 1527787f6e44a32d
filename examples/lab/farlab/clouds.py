"""The clouds of this world: examples/lab/clouds in the witness' region, which publish into the lab's PowerDNS."""

import importlib.util
import json
import os
import shlex
import sys
from dataclasses import dataclass
from typing import Callable

from . import nameserver, plan as places, processes, web

LINODE_DNS, LINODE_FENCE, CLOUDFLARE_DNS, AWS_KEY, AWS_SECRET = (
    "linode-dns.token", "linode-fence.token", "cloudflare-dns.token", "aws-key", "aws-secret")
LINODE_IDS = {places.PRIMARY.server: 1111, places.STANDBY.server: 2222}
CLOUDFLARE_ZONE, CLOUDFLARE_RECORD = "023e105f4ecef8ad9ca31a8372d0c353", "372e67954025e0ba6aaa6d586b9e0b59"
ROUTE53_ZONE = "Z0123456789ABCDEFGHIJ"


def linode_state(record):
    """`record`: (target, ttl) of the shop's name, or None when Linode does not answer for it."""
    state = {"instances": [{"id": number, "label": server} for server, number in LINODE_IDS.items()]}
    if record:
        name = places.SERVICE_NAME.removesuffix("." + places.ZONE)
        state["domains"] = [{"id": 33, "domain": places.ZONE, "records": [
            {"id": 44, "type": "A", "name": name, "target": record[0], "ttl_sec": record[1]}]}]
    return state


def cloudflare_state(record):
    return {"zones": [{"id": CLOUDFLARE_ZONE, "name": places.ZONE, "records": [
        {"id": CLOUDFLARE_RECORD, "type": "A", "name": places.SERVICE_NAME, "content": record[0], "ttl": record[1]}]}]}


def route53_state(record):
    return {"zones": [{"id": ROUTE53_ZONE, "name": places.ZONE, "records": [
        {"name": places.SERVICE_NAME, "type": "A", "ttl": record[1], "values": [record[0]]}]}]}


def linode_tokens(secrets):
    """One token per duty, as docs/providers.md asks for."""
    return (f"{secrets.value(LINODE_DNS)} domains:read_write\n"
            f"{secrets.value(LINODE_FENCE)} linodes:read_write")


def linode_power(plan):
    """The power switch of an instance is the lab's own. It switches off only: no machine of the lab is started again."""
    switch = os.path.join(plan.source, "examples/lab/fence")
    for server, number in LINODE_IDS.items():
        off = shlex.join([switch, plan.power_socket(), "off", server])
        yield from ("--instance", f"{number}={off},/bin/false")


def botocore_models():
    """The folder of the services' models that botocore brings; None when it is not installed."""
    found = importlib.util.find_spec("botocore")
    return os.path.join(os.path.dirname(found.origin), "data") if found and found.origin else None


def route53_missing():
    if botocore_models() is None:
        return f"Route 53's cloud needs botocore for {sys.executable}: apt install python3-botocore"
    return None


@dataclass(frozen=True)
class Cloud:
    program: str
    port: int
    tokens: Callable  # of the secrets: the text of --token-file
    state: Callable  # of (target, ttl) or None: --state
    arguments: Callable = lambda plan: ()
    missing: Callable = lambda: None  # why it cannot be started here

    def url(self, plan):
        return f"http://{plan.address(places.WITNESS, places.CLOUDS)}:{self.port}"


CLOUDS = {
    "linode": Cloud("linode_cloud.py", 8001, linode_tokens, linode_state, linode_power),
    "cloudflare": Cloud("cloudflare_cloud.py", 8002, lambda secrets: f"{secrets.value(CLOUDFLARE_DNS)} dns_records:edit",
                        cloudflare_state),
    "route53": Cloud("route53_cloud.py", 8003, lambda secrets: f"{secrets.value(AWS_KEY)} {secrets.value(AWS_SECRET)}",
                     route53_state, lambda plan: ("--model", botocore_models()), route53_missing),
}


def start(world, secrets, name, delay, record):
    """Starts a cloud and waits until it has published what it holds. `delay`: seconds from a change to its publication."""
    cloud, plan = CLOUDS[name], world.plan
    token_file = secrets.file(f"{name}-cloud.tokens", cloud.tokens(secrets))
    state = secrets.file(f"{name}-cloud.json", json.dumps(cloud.state(record)))
    url = cloud.url(plan)
    world[places.WITNESS].spawn(f"{name}-cloud", [
        sys.executable, "-B", os.path.join(plan.source, "examples/lab/clouds", cloud.program),
        "--listen", url.removeprefix("http://"), "--token-file", token_file, "--state", state,
        "--publish", plan.powerdns_url(), "--publish-key-file", secrets.file(nameserver.API_KEY),
        "--delay", f"{delay:g}", *cloud.arguments(plan)])
    processes.wait_until(lambda: web.answers(f"{url}/_control/publication"), f"the cloud of {name}", 30, pause=0.05)
