"""The ways to move the name that --traffic knows, one row each: the entry of the topology, and what has to be there."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Callable, Optional

from . import clouds, nameserver, plan as places

UPDATE_KEY = "farshore-update"  # name of the TSIG key, and of the secret it is made of


@dataclass(frozen=True)
class Traffic:
    words: str  # for --help and the README
    kind: str  # of the topology
    ttl: int  # seconds: the least that the provider takes, because the lab's customer keeps a name as long as it may
    fields: Callable  # (plan, secrets) -> the entry's own fields; makes the files that they name
    port: Callable  # (plan) -> the TCP port that the provider is reached at, in the witness
    cloud: Optional[str] = None  # of clouds.CLOUDS
    settings: Callable = lambda plan: ""  # lines for pdns.conf
    prepare: Callable = lambda name_server, secrets: None  # once PowerDNS runs


def powerdns(plan, secrets):
    return {"zone": places.ZONE, "api_url": plan.powerdns_url(), "server_id": "localhost",
            "api_key_file": secrets.file(nameserver.API_KEY)}


def update_secret(secrets):
    return base64.b64encode(hashlib.sha256(secrets.value(UPDATE_KEY).encode()).digest()).decode()


def rfc2136(plan, secrets):
    address, port = plan.nameserver()
    return {"server": f"{address}:{port}", "zone": places.ZONE,
            "key_file": secrets.file("update.key", f"hmac-sha256:{UPDATE_KEY}:{update_secret(secrets)}")}


def take_updates(name_server, secrets):
    """PowerDNS has no rights below the zone: the key may change all of it, and nobody else may change anything."""
    name_server.call("POST", "/tsigkeys", {"name": UPDATE_KEY, "algorithm": "hmac-sha256", "key": update_secret(secrets)})
    for kind, value in (("TSIG-ALLOW-DNSUPDATE", UPDATE_KEY), ("SOA-EDIT-DNSUPDATE", "INCREASE")):
        name_server.call("PUT", f"/zones/{places.ZONE}./metadata/{kind}", {"kind": kind, "metadata": [value]})


def linode(plan, secrets):
    return {"domain": places.ZONE, "api_url": clouds.CLOUDS["linode"].url(plan),
            "token_file": secrets.file(clouds.LINODE_DNS)}


def cloudflare(plan, secrets):
    return {"zone": places.ZONE, "zone_id": clouds.CLOUDFLARE_ZONE, "api_url": clouds.CLOUDS["cloudflare"].url(plan),
            "token_file": secrets.file(clouds.CLOUDFLARE_DNS)}


def route53(plan, secrets):
    key, secret = (secrets.value(name) for name in (clouds.AWS_KEY, clouds.AWS_SECRET))
    text = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}"
    return {"zone": places.ZONE, "api_url": clouds.CLOUDS["route53"].url(plan),
            "credentials_file": secrets.file("aws-credentials", text)}


def of_cloud(name, words, ttl, fields, kind):
    return Traffic(words, kind, ttl, fields, lambda plan: clouds.CLOUDS[name].port, name)


DEFAULT = "powerdns"
TRAFFIC = {
    "powerdns": Traffic("the HTTP API of the lab's PowerDNS", "powerdns", 1, powerdns, lambda plan: 8081),
    "rfc2136": Traffic("an UPDATE signed with TSIG at the lab's PowerDNS", "rfc2136", 1, rfc2136, lambda plan: plan.dns_port,
                       settings=lambda plan: f"dnsupdate=yes\nallow-dnsupdate-from={plan.network()}\n",
                       prepare=take_updates),
    "linode": of_cloud("linode", "what stands for Linode's DNS Manager, whose least TTL is 30 s", 30, linode, "linode_dns"),
    "cloudflare": of_cloud("cloudflare", "what stands for Cloudflare's DNS, whose least TTL is 60 s", 60, cloudflare,
                           "cloudflare_dns"),
    "route53": of_cloud("route53", "what stands for Route 53", 1, route53, "route53"),
}


def entry(name, plan, secrets):
    """The item of `traffic` in the topology."""
    traffic = TRAFFIC[name]
    address, port = plan.nameserver()
    return {"kind": traffic.kind, "name": places.SERVICE_NAME, "type": "A", "ttl": f"{traffic.ttl}s",
            **traffic.fields(plan, secrets),
            "targets": {region.name: plan.address(region, places.APPLICATION) for region in (places.PRIMARY, places.STANDBY)},
            "nameservers": [f"{address}:{port}"]}
