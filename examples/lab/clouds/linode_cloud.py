#!/usr/bin/python3
"""Stands for the Linode API v4 (https://techdocs.akamai.com/linode-api): DNS Manager, instances and their power, the
account's events; firewalls and NodeBalancers stand in linode_networks.py. What the real one is not known to do, it does not pretend to do (README.md)."""
import ipaddress
import itertools
import json
import math
import shlex
import subprocess
import threading
import time

import cloud_server
from cloud_server import CloudError, Reply
from linode_networks import LinodeNetworks, stamp
from publisher import zone_content

TTL_STEPS = (30, 120, 300, 3600, 7200, 14400, 28800, 57600, 86400, 172800, 345600, 604800, 1209600, 2419200)
RECORD_FIELDS = {"name", "target", "ttl_sec", "priority", "weight", "port", "service", "protocol", "tag"}

# The first word of a path, and the scope that a call to it needs; reading needs read_only.
SCOPES = (("/v4/domains", "domains"), ("/v4/nodebalancers", "nodebalancers"), ("/v4/linode", "linodes"),
          ("/v4/networking/firewalls", "firewall"), ("/v4/account/events", "events"))


def rounded(ttl):
    """0 is the default of the zone; everything else becomes the nearest step."""
    return 0 if ttl == 0 else min(TTL_STEPS, key=lambda step: abs(step - ttl))


def dotted(value, path):
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def fits(item, wanted):
    """X-Filter: equality, +and and +or; an operator that is not known here is a refusal and no empty match."""
    for key, value in wanted.items():
        if key in ("+order", "+order_by"):
            continue
        if key == "+and":
            if not all(fits(item, one) for one in value):
                return False
        elif key == "+or":
            if not any(fits(item, one) for one in value):
                return False
        elif key.startswith("+") or isinstance(value, (dict, list)):
            raise CloudError(400, f"Cannot filter on {key}", field="X-Filter")
        elif dotted(item, key) != value:
            return False
    return True


class LinodeCloud(LinodeNetworks, cloud_server.Cloud):
    FAULTS = {"ttl_rounded": (("ttl_sec",), ()), "stays_shutting_down": ((), ())}
    ROUTES = [
        ("GET", r"/v4/domains", "list_domains"),
        ("GET", r"/v4/domains/(\d+)", "get_domain"),
        ("GET", r"/v4/domains/(\d+)/zone-file", "zone_file"),
        ("GET", r"/v4/domains/(\d+)/records", "list_records"),
        ("POST", r"/v4/domains/(\d+)/records", "create_record"),
        ("GET", r"/v4/domains/(\d+)/records/(\d+)", "get_record"),
        ("PUT", r"/v4/domains/(\d+)/records/(\d+)", "put_record"),
        ("DELETE", r"/v4/domains/(\d+)/records/(\d+)", "delete_record"),
        ("GET", r"/v4/linode/instances", "list_instances"),
        ("GET", r"/v4/linode/instances/(\d+)", "get_instance"),
        ("PUT", r"/v4/linode/instances/(\d+)", "put_instance"),
        ("GET", r"/v4/linode/instances/(\d+)/firewalls", "firewalls_of"),
        ("POST", r"/v4/linode/instances/(\d+)/shutdown", "shutdown"),
        ("POST", r"/v4/linode/instances/(\d+)/boot", "boot"),
        ("GET", r"/v4/account/events", "list_events"),
        ("GET", r"/v4/account/events/(\d+)", "get_event"),
        *LinodeNetworks.ROUTES,
    ]

    def __init__(self, options):
        super().__init__(options)
        self.machines = dict(options.instance)
        self.queue_seconds, self.job_seconds = options.queue_seconds, options.job_seconds
        self._new_id = itertools.count(100000)

    # --- state

    def load(self, seed):
        self.domains, self.records = {}, {}
        for one in seed.get("domains", []):
            records = one.pop("records", [])
            self.domains[one["id"]] = {"type": "master", "status": "active", "ttl_sec": 0, "refresh_sec": 0, "retry_sec": 0,
                                       "expire_sec": 0, "soa_email": f"hostmaster@{one['domain']}", "axfr_ips": [],
                                       "master_ips": [], "tags": [], "description": None, "group": None, **one}
            for record in records:
                self.records[record["id"]] = self.new_record(one["id"], record)
                self.publish(self.records[record["id"]], delay=0)
        self.instances = {one["id"]: self.new_instance(one) for one in seed.get("instances", [])}
        self.events, self.busy = {}, set()
        self.load_networks(seed)

    def new_record(self, domain, fields):
        return {"domain": domain, "name": "", "target": "", "ttl_sec": 0, "priority": 0, "weight": 0, "port": 0, "service": None,
                "protocol": None, "tag": None, "created": stamp(), "updated": stamp(), **fields}

    def new_instance(self, fields):
        return {"label": f"linode{fields['id']}", "region": "us-east", "status": "running", "type": "g6-standard-1", "group": "",
                "tags": [], "ipv4": ["192.0.2.1"], "ipv6": None, "image": None, "hypervisor": "kvm", "watchdog_enabled": True,
                "has_user_data": False, "created": stamp(), "updated": stamp(), **fields}

    def change(self, what):
        """{"record": 44, "set": {"target": "192.0.2.99"}}, the same with "instance"; set null removes the record."""
        if "record" in what:
            self.change_record(what["record"], what["set"], updated=stamp())
        elif "instance" in what:
            self.instances[what["instance"]].update(what["set"])
        else:
            super().change(what)

    # --- who calls, and how answers look

    def authorise(self, request):
        scopes = self.bearer(request)
        if scopes is None:
            raise CloudError(401, "Invalid Token")
        needed = next((scope for prefix, scope in SCOPES if request.path.startswith(prefix)), None)
        allowed = {f"{needed}:read_write"} | ({f"{needed}:read_only"} if request.method == "GET" else set())
        if scopes and needed and not allowed & set(scopes):
            raise CloudError(403, "Your OAuth token is not authorized to use this endpoint.")

    def error(self, status, reason, field=None):
        return Reply.json(status, {"errors": [{"reason": reason} | ({"field": field} if field else {})]})

    def one_of(self, table, number, **owner):
        found = table.get(int(number))
        if found is None or any(found[key] != value for key, value in owner.items()):
            raise CloudError(404, "Not found")
        return found

    def page(self, request, items):
        try:
            wanted = json.loads(request.headers.get("x-filter", "{}"))
            page, size = int(request.query.get("page", 1)), int(request.query.get("page_size", 100))
        except ValueError:
            raise CloudError(400, "Cannot parse the filter or the page") from None
        if not 25 <= size <= 500:
            raise CloudError(400, "Must be 25-500", field="page_size")
        found = [item for item in items if fits(item, wanted)]
        if "+order_by" in wanted:
            found.sort(key=lambda item: str(dotted(item, wanted["+order_by"])), reverse=wanted.get("+order") == "desc")
        pages = max(1, math.ceil(len(found) / size))
        if not 1 <= page <= pages:
            raise CloudError(404, "Not found")
        return {"data": found[(page - 1) * size:page * size], "page": page, "pages": pages, "results": len(found)}

    # --- DNS

    def list_domains(self, request):
        return self.page(request, self.domains.values())

    def get_domain(self, _request, domain):
        return self.one_of(self.domains, domain)

    def shown(self, record):
        return {key: value for key, value in record.items() if key != "domain"}

    def records_of(self, domain):
        self.one_of(self.domains, domain)
        return [one for one in self.records.values() if one["domain"] == int(domain)]

    def list_records(self, request, domain):
        return self.page(request, [self.shown(one) for one in self.records_of(domain)])

    def get_record(self, _request, domain, record):
        return self.shown(self.one_of(self.records, record, domain=int(domain)))

    def create_record(self, request, domain):
        self.one_of(self.domains, domain)
        fields = request.json()
        record = self.new_record(int(domain), {"id": next(self._new_id), "type": fields.pop("type", None)})
        return self.write_record(record, fields)

    def put_record(self, request, domain, record):
        return self.write_record(self.one_of(self.records, record, domain=int(domain)), request.json())

    def write_record(self, record, fields):
        unknown = set(fields) - RECORD_FIELDS
        if unknown:
            raise CloudError(400, "Invalid field", field=sorted(unknown)[0])
        new = record | fields
        new["ttl_sec"] = rounded(new["ttl_sec"])
        if self.fault["kind"] == "ttl_rounded":
            new["ttl_sec"] = self.fault["ttl_sec"]
        self.check_record(new)
        self.publish(record)
        record.update(new, updated=stamp())
        self.records[record["id"]] = record
        self.publish(record)
        return self.shown(record)

    def check_record(self, new):
        family = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}.get(new["type"])
        try:
            if family:
                family(new["target"])
        except ValueError:
            raise CloudError(400, f"Invalid target for {new['type']} record", field="target") from None
        others = {one["type"] for one in self.records.values() if one["id"] != new["id"] and
                  (one["domain"], one["name"]) == (new["domain"], new["name"])}
        if others and (new["type"] == "CNAME" or "CNAME" in others):
            raise CloudError(400, "A CNAME record cannot share its name with another record", field="name")

    def delete_record(self, _request, domain, record):
        found = self.one_of(self.records, record, domain=int(domain))
        del self.records[found["id"]]
        self.publish(found)
        return {}

    def zone_file(self, _request, domain):
        """What will be published, which is what is held; not what the name servers answer yet."""
        zone = self.one_of(self.domains, domain)
        return {"zone_file": [f"; {zone['domain']} [{zone['id']}]", f"$TTL {zone['ttl_sec'] or 86400}",
                              *(f"{one['name']}\t{one['ttl_sec'] or ''}\tIN\t{one['type']}\t{one['target']}"
                                for one in self.records_of(domain))]}

    def publish(self, record, delay=None):
        zone = self.domains[record["domain"]]["domain"]
        name = f"{record['name']}.{zone}" if record["name"] else zone
        self.publisher.changed(zone, name, record["type"], delay)

    def look_up(self, zone, name, kind):
        with self.lock:
            domain = next(one for one in self.domains.values() if one["domain"] == zone)
            short = name.removesuffix(zone).rstrip(".")
            found = [one for one in self.records_of(domain["id"]) if (one["name"], one["type"]) == (short, kind)]
            default = domain["ttl_sec"] or 86400
        if not found:
            return None
        return (min(one["ttl_sec"] or default for one in found),
                [zone_content(kind, one["target"]) for one in found])

    # --- instances and their jobs

    def list_instances(self, request):
        return self.page(request, self.instances.values())

    def get_instance(self, _request, instance):
        return self.one_of(self.instances, instance)

    def put_instance(self, request, instance):
        fields = request.json()
        if set(fields) - {"label", "group", "tags", "watchdog_enabled", "alerts", "backups"}:
            raise CloudError(400, "Invalid field", field=sorted(fields)[0])
        if not isinstance(fields.get("watchdog_enabled", True), bool):
            raise CloudError(400, "Must be a boolean", field="watchdog_enabled")
        found = self.one_of(self.instances, instance)
        found.update(fields, updated=stamp())
        return found

    def shutdown(self, _request, instance):
        return self.job(instance, "linode_shutdown", "shutting_down", "offline", 0)

    def boot(self, _request, instance):
        return self.job(instance, "linode_boot", "booting", "running", 1)

    def job(self, number, action, during, afterwards, command):
        """Accepted is not done: the job is queued, runs, and may fail; until it has ended the Linode is busy."""
        instance = self.one_of(self.instances, number)
        if instance["id"] in self.busy or instance["status"] not in ("running", "offline"):
            raise CloudError(400, "Linode busy.")
        event = {"id": next(self._new_id), "action": action, "status": "scheduled", "created": stamp(), "percent_complete": 0,
                 "duration": 0, "read": False, "seen": False, "username": "farshore", "rate": None, "time_remaining": None,
                 "message": None, "entity": {"id": instance["id"], "label": instance["label"], "type": "linode",
                                             "url": f"/v4/linode/instances/{instance['id']}"}}
        self.events[event["id"]] = event
        self.busy.add(instance["id"])
        never = self.fault["kind"] == "stays_shutting_down"
        argv = self.machines.get(instance["id"], ([], []))[command]
        world = (instance, event, self.busy)  # of this seed: a job that outlives a reset touches nothing of the next
        threading.Thread(target=self.run_job, args=(*world, during, afterwards, argv, never), daemon=True).start()
        return {}

    def run_job(self, instance, event, busy, during, afterwards, argv, never):
        time.sleep(self.queue_seconds)
        with self.lock:
            before = instance["status"]
            instance["status"], event["status"] = during, "started"
        if never:
            return
        time.sleep(self.job_seconds)
        done = True
        if argv:
            try:
                done = subprocess.run(argv, timeout=60, check=False, stdin=subprocess.DEVNULL).returncode == 0
            except (OSError, subprocess.TimeoutExpired) as error:
                print(f"{argv[0]}: {error}", flush=True)
                done = False
        with self.lock:
            instance["status"] = afterwards if done else before
            event.update(status="finished" if done else "failed", percent_complete=100)
            busy.discard(instance["id"])

    def list_events(self, request):
        return self.page(request, sorted(self.events.values(), key=lambda one: -one["id"]))

    def get_event(self, _request, event):
        return self.one_of(self.events, event)


def machine(text):
    """123=STOP,START: the command lines that switch the machine of an instance off and on."""
    number, _, commands = text.partition("=")
    stop, _, start = commands.partition(",")
    return int(number), (shlex.split(stop), shlex.split(start))


def main():
    parser = cloud_server.arguments(__doc__)
    parser.add_argument("--instance", action="append", default=[], type=machine, metavar="ID=STOP,START",
                        help="command lines that really switch off and on what this instance stands for")
    parser.add_argument("--queue-seconds", type=float, default=0.2, help="before a job begins")
    parser.add_argument("--job-seconds", type=float, default=1, help="that a job takes besides its command")
    options = parser.parse_args()
    cloud_server.serve(LinodeCloud(options), options)


if __name__ == "__main__":
    main()
