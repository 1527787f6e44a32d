#!/usr/bin/python3
"""Stands for the Cloudflare API v4 (https://developers.cloudflare.com/api): zones, DNS records, load balancers and their
pools. What the real one is not known to do, it does not pretend to do (README.md)."""
import copy
import ipaddress
import itertools
import time

import cloud_server
from cloud_server import CloudError, Reply
from publisher import zone_content

EDGE = "198.18.0.1"  # what a proxied name is answered with instead of its content
AUTOMATIC_TTL = 300
ID = r"([0-9a-f]{32})"
WRITABLE = {"type", "name", "content", "ttl", "proxied", "comment", "tags", "priority", "data", "settings"}
POOL_FIELDS = {"name", "enabled", "origins", "minimum_origins", "monitor", "description", "check_regions", "latitude",
               "longitude", "load_shedding", "notification_email", "notification_filter", "origin_steering"}

# The code that goes with a status when nothing closer is known.
CODES = {400: 1004, 401: 10000, 403: 9109, 404: 7003, 405: 10405, 429: 10100}


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class CloudflareCloud(cloud_server.Cloud):
    ROUTES = [(method, r"/client/v4" + path.replace("ID", ID), name) for method, path, name in (
        ("GET", r"/user/tokens/verify", "verify_token"),
        ("GET", r"/zones", "list_zones"),
        ("GET", r"/zones/ID", "get_zone"),
        ("GET", r"/zones/ID/dns_records", "list_records"),
        ("POST", r"/zones/ID/dns_records", "create_record"),
        ("POST", r"/zones/ID/dns_records/batch", "batch"),
        ("GET", r"/zones/ID/dns_records/ID", "get_record"),
        ("PATCH", r"/zones/ID/dns_records/ID", "patch_record"),
        ("PUT", r"/zones/ID/dns_records/ID", "put_record"),
        ("DELETE", r"/zones/ID/dns_records/ID", "delete_record"),
        ("GET", r"/zones/ID/load_balancers", "list_balancers"),
        ("GET", r"/zones/ID/load_balancers/ID", "get_balancer"),
        ("PATCH", r"/zones/ID/load_balancers/ID", "patch_balancer"),
        ("GET", r"/accounts/ID/load_balancers/pools", "list_pools"),
        ("GET", r"/accounts/ID/load_balancers/pools/ID", "get_pool"),
        ("GET", r"/accounts/ID/load_balancers/pools/ID/health", "pool_health"),
        ("PATCH", r"/accounts/ID/load_balancers/pools/ID", "patch_pool"),
    )]

    def __init__(self, options):
        super().__init__(options)
        self._new_id = itertools.count(1)

    # --- state

    def load(self, seed):
        self.account = seed.get("account", "0" * 32)
        self.zones, self.records, self.pools, self.balancers = {}, {}, {}, {}
        for pool in seed.get("pools", []):
            self.pools[pool["id"]] = {"name": pool["id"], "enabled": True, "minimum_origins": 1, "origins": [],
                                      "created_on": stamp(), "modified_on": stamp(), "healthy": True, **pool}
        for zone in seed.get("zones", []):
            for record in zone.pop("records", []):
                self.records[record["id"]] = self.new_record(zone["id"], record)
            for balancer in zone.pop("load_balancers", []):
                self.balancers[balancer["id"]] = {"zone": zone["id"], "enabled": True, "proxied": False, "ttl": 30,
                                                  "steering_policy": "off", "session_affinity": "none", "default_pools": [],
                                                  "created_on": stamp(), "modified_on": stamp(), **balancer}
            self.zones[zone["id"]] = self.new_zone(zone)
        for one in [*self.records.values(), *self.balancers.values()]:
            self.publish(one, delay=0)

    def new_zone(self, fields):
        return {"status": "active", "paused": False, "type": "full", "development_mode": 0, "owner": {"type": "user"},
                "account": {"id": self.account, "name": "account"}, "meta": {"page_rule_quota": 3},
                "name_servers": [f"ns1.{fields['name']}", f"ns2.{fields['name']}"], "original_name_servers": None,
                "original_registrar": None, "original_dnshost": None, "created_on": stamp(), "modified_on": stamp(),
                "activated_on": stamp(), **fields}

    def new_record(self, zone, fields):
        proxiable = fields.get("type") in ("A", "AAAA", "CNAME")
        return {"zone": zone, "ttl": 1, "proxied": False, "proxiable": proxiable, "tags": [], "settings": {}, "meta": {},
                "created_on": stamp(), "modified_on": stamp(), **fields}

    def change(self, what):
        """{"record": ID, "set": {"content": "192.0.2.99"}}, the same with "pool"; set null removes the record."""
        if "record" in what:
            self.change_record(what["record"], what["set"], modified_on=stamp())
        elif "pool" in what:
            self.pools[what["pool"]].update(what["set"])
            self.publish_balancers()
        else:
            super().change(what)

    # --- who calls, and how answers look

    def authorise(self, request):
        scopes = self.bearer(request)
        if scopes is None:
            raise CloudError(401, "Authentication error", code=10000)
        kind = "load_balancers" if "/load_balancers" in request.path else "dns_records" if "/dns_records" in request.path else None
        allowed = {f"{kind}:edit"} | ({f"{kind}:read"} if request.method == "GET" else set())
        if scopes and kind and not allowed & set(scopes):
            raise CloudError(403, "Unauthorized to access requested resource", code=9109)

    def error(self, status, reason, code=None):
        errors = [{"code": code or CODES.get(status, 10000), "message": reason}]
        return Reply.json(status, {"success": False, "errors": errors, "messages": [], "result": None})

    def success(self, value):
        envelope = {"success": True, "errors": [], "messages": []}
        return Reply.json(200, envelope | (value if "result_info" in value else {"result": value}))

    def page(self, request, items):
        try:
            page, size = int(request.query.get("page", 1)), int(request.query.get("per_page", 100))
        except ValueError:
            raise CloudError(400, "page and per_page must be numbers") from None
        if page < 1 or size < 5:
            raise CloudError(400, "page must be at least 1 and per_page at least 5")
        items = list(items)
        shown = items[(page - 1) * size:page * size]
        return {"result": shown, "result_info": {"page": page, "per_page": size, "count": len(shown), "total_count": len(items)}}

    def verify_token(self, _request):
        return {"id": "f" * 32, "status": "active"}

    # --- zones and records

    def zone(self, number):
        if number not in self.zones:
            raise CloudError(404, "Could not route to the zone, perhaps your object identifier is invalid?", code=7003)
        return self.zones[number]

    def record(self, zone, number):
        self.zone(zone)
        if self.records.get(number, {}).get("zone") != zone:
            raise CloudError(404, "Record does not exist.", code=81044)
        return self.records[number]

    def shown(self, item):
        return {key: value for key, value in item.items() if key not in ("zone", "healthy")}

    def list_zones(self, request):
        return self.page(request, [one for one in self.zones.values() if request.query.get("name") in (None, one["name"])])

    def get_zone(self, _request, zone):
        return self.zone(zone)

    def list_records(self, request, zone):
        self.zone(zone)
        wanted = {key: request.query[key] for key in ("name", "type", "content") if key in request.query}
        return self.page(request, [self.shown(one) for one in self.records.values() if one["zone"] == zone and
                                   all(one[key] == value for key, value in wanted.items())])

    def get_record(self, _request, zone, record):
        return self.shown(self.record(zone, record))

    def create_record(self, request, zone):
        return self.create(zone, request.json())

    def patch_record(self, request, zone, record):
        found = self.record(zone, record)
        return self.write(found, found | request.json(), request.json())

    def put_record(self, request, zone, record):
        return self.replace(self.record(zone, record), request.json())

    def delete_record(self, _request, zone, record):
        return {"id": self.remove(self.record(zone, record))["id"]}

    def create(self, zone, fields):
        name = self.zone(zone)["name"]
        record = self.new_record(zone, {"id": f"{next(self._new_id):032x}", **fields})
        if record["name"] != name and not record["name"].endswith("." + name):
            record["name"] = name if record["name"] == "@" else f"{record['name']}.{name}"
        return self.write(record, record, fields)

    def replace(self, found, fields):
        """PUT: whatever is left out is what a new record has."""
        kept = {key: found[key] for key in ("id", "created_on")}
        return self.write(found, self.new_record(found["zone"], kept | fields), fields)

    def remove(self, found):
        del self.records[found["id"]]
        self.publish(found)
        return found

    def write(self, record, new, given):
        unknown = set(given) - WRITABLE - {"id"}
        if unknown:
            raise CloudError(400, f"Unknown field {sorted(unknown)[0]}", code=9207)
        self.check(new)
        self.records[record["id"]] = new | {"modified_on": stamp()}
        self.publish(record)  # under its old name as well
        self.publish(new)
        return self.shown(self.records[record["id"]])

    def check(self, new):
        try:
            {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}.get(new["type"], str)(new["content"])
        except ValueError:
            raise CloudError(400, f"Content for {new['type']} record is invalid.", code=9005) from None
        if new["ttl"] != 1 and not 60 <= new["ttl"] <= 86400:
            raise CloudError(400, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.", code=9021)
        if new["proxied"]:
            new["ttl"] = 1
        for one in self.records.values():
            if one["id"] == new["id"] or one["zone"] != new["zone"] or one["name"] != new["name"]:
                continue
            if (one["type"], one["content"]) == (new["type"], new["content"]):
                raise CloudError(400, "An identical record already exists.", code=81058)
            if one["type"] == "CNAME":
                raise CloudError(400, "A CNAME record with that host already exists.", code=81054)
            if new["type"] == "CNAME":
                raise CloudError(400, "An A, AAAA, or CNAME record with that host already exists.", code=81053)

    def batch(self, request, zone):
        """One transaction in this order; the name servers learn of each record by itself."""
        self.zone(zone)
        fields, before = request.json(), copy.deepcopy(self.records)
        try:
            return {
                "deletes": [self.shown(self.remove(self.record(zone, one["id"]))) for one in fields.get("deletes", [])],
                "patches": [self.write(self.record(zone, one["id"]), self.record(zone, one["id"]) | one, one)
                            for one in fields.get("patches", [])],
                "puts": [self.replace(self.record(zone, one["id"]), one) for one in fields.get("puts", [])],
                "posts": [self.create(zone, one) for one in fields.get("posts", [])]}
        except CloudError:
            self.records = before
            raise

    # --- load balancing

    def one_of(self, table, number):
        if number not in table:
            raise CloudError(404, "not found", code=1001)
        return table[number]

    def list_balancers(self, request, zone):
        self.zone(zone)
        return self.page(request, [self.shown(one) for one in self.balancers.values() if one["zone"] == zone])

    def get_balancer(self, _request, zone, balancer):
        self.zone(zone)
        return self.shown(self.one_of(self.balancers, balancer))

    def patch_balancer(self, request, zone, balancer):
        self.zone(zone)
        found, fields = self.one_of(self.balancers, balancer), request.json()
        for pool in [*fields.get("default_pools", []), fields.get("fallback_pool", next(iter(self.pools), None))]:
            self.one_of(self.pools, pool)
        found.update(fields, modified_on=stamp())
        self.publish(found)
        return self.shown(found)

    def pool(self, account, number):
        if account != self.account:
            raise CloudError(403, "Unauthorized to access requested resource", code=9109)
        return self.one_of(self.pools, number)

    def list_pools(self, request, _account):
        return self.page(request, [self.shown(one) for one in self.pools.values()])

    def get_pool(self, _request, account, pool):
        return self.shown(self.pool(account, pool))

    def pool_health(self, _request, account, pool):
        found = self.pool(account, pool)
        return {"pool_id": found["id"], "pop_health": {"healthy": found["healthy"], "origins": [
            {one["address"]: {"healthy": found["healthy"], "failure_reason": "No failures"}} for one in found["origins"]]}}

    def patch_pool(self, request, account, pool):
        """What is given is overwritten whole: origins that are left out are gone."""
        found, fields = self.pool(account, pool), request.json()
        if set(fields) - POOL_FIELDS:
            raise CloudError(400, "unknown field", code=1002)
        found.update(fields, modified_on=stamp())
        self.publish_balancers()
        return self.shown(found)

    # --- what the name servers say

    def publish(self, item, delay=None):
        self.publisher.changed(self.zones[item["zone"]]["name"], item["name"], item.get("type", "A"), delay)

    def publish_balancers(self):
        for balancer in self.balancers.values():
            self.publish(balancer)

    def look_up(self, zone, name, kind):
        with self.lock:
            here = next(one["id"] for one in self.zones.values() if one["name"] == zone)
            balanced = [one for one in self.balancers.values() if (one["zone"], one["name"], one["enabled"]) == (here, name, True)]
            if balanced and kind == "A":
                return self.balanced(balanced[0])
            found = [one for one in self.records.values() if (one["zone"], one["name"], one["type"]) == (here, name, kind)]
            if not found:
                return None
            if any(one["proxied"] for one in found):
                return AUTOMATIC_TTL, [EDGE]
            ttl = min(AUTOMATIC_TTL if one["ttl"] == 1 else one["ttl"] for one in found)
            return ttl, [zone_content(kind, one["content"]) for one in found]

    def balanced(self, balancer):
        """A load balancer stands before the record of its name: the first pool that is on and well, else the last resort."""
        if balancer["proxied"]:
            return AUTOMATIC_TTL, [EDGE]
        pools = [self.pools[one] for one in balancer["default_pools"]]
        well = [one for one in pools if one["enabled"] and one["healthy"]]
        chosen = well[0] if well else self.pools[balancer["fallback_pool"]]
        return balancer["ttl"], [one["address"] for one in chosen["origins"] if one.get("enabled", True)]


def main():
    options = cloud_server.arguments(__doc__).parse_args()
    cloud_server.serve(CloudflareCloud(options), options)


if __name__ == "__main__":
    main()
