#!/usr/bin/python3
"""Stands for the Route 53 API 2013-04-01 (https://docs.aws.amazon.com/Route53/latest/APIReference): hosted zones, record sets
with the simple routing policy, and changes that are PENDING until the name server has them. README.md: what it leaves out."""
import ipaddress
import itertools
import time
from xml.sax.saxutils import escape

import cloud_server
from aws_requests import NAMESPACE, Model, check_signature
from cloud_server import CloudError, Reply
from publisher import zone_content

ROOT = "/2013-04-01"
CODES = {403: "AccessDenied", 404: "NoSuchHostedZone", 429: "Throttling", 500: "InternalFailure", 503: "ServiceUnavailable"}
MAX_CHANGES = 1000


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def canonical(name):
    """Lower case, with the final dot, without the escapes of RFC 1035 that the API uses for *."""
    return name.lower().replace("\\052", "*").rstrip(".") + "."


def reversed_labels(name):
    return canonical(name).split(".")[::-1]


def element(name, value):
    """element("A", {"B": 1, "C": [("D", 2)]}): nested XML; a list is a list of pairs."""
    if isinstance(value, dict):
        value = list(value.items())
    inner = "".join(element(*one) for one in value) if isinstance(value, list) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def document(name, value):
    return '<?xml version="1.0"?>\n' + element(name, value).replace(f"<{name}>", f'<{name} xmlns="{NAMESPACE}">', 1)


class Route53Cloud(cloud_server.Cloud):
    FAULTS = {"insync_early": ((), ()), "stays_pending": ((), ())}
    ROUTES = [
        ("POST", ROOT + r"/hostedzone/([A-Z0-9]+)/rrset/?", "change_records"),
        ("GET", ROOT + r"/hostedzone/([A-Z0-9]+)/rrset/?", "list_records"),
        ("GET", ROOT + r"/change/([A-Z0-9]+)", "get_change"),
        ("GET", ROOT + r"/hostedzonesbyname", "list_zones_by_name"),
        ("GET", ROOT + r"/hostedzone", "list_zones"),
        ("GET", ROOT + r"/hostedzone/([A-Z0-9]+)", "get_zone"),
    ]

    def __init__(self, options):
        self._model = Model(options.model)
        self._number = itertools.count(1)
        super().__init__(options)

    # --- state: zones[id] = name with the final dot; records[id][(name, type)] = (ttl, [value...])

    def load(self, seed):
        self.zones, self.records, self.changes = {}, {}, {}
        for zone in seed.get("zones", []):
            self.zones[zone["id"]] = canonical(zone["name"])
            self.records[zone["id"]] = {(canonical(one["name"]), one["type"]): (one["ttl"], one["values"])
                                        for one in zone.get("records", [])}
            for name, kind in self.records[zone["id"]]:
                self.publish(zone["id"], name, kind, delay=0)

    def change(self, what):
        """{"zone": "Z1", "name": "orders.example.com", "type": "A", "set": {"ttl": 60, "values": [...]}}; set null: removed."""
        key, records = (canonical(what["name"]), what["type"]), self.records[what["zone"]]
        if what["set"] is None:
            del records[key]
        else:
            records[key] = (what["set"]["ttl"], what["set"]["values"])
        self.publish(what["zone"], *key)

    def publish(self, zone, name, kind, delay=None):
        return self.publisher.changed(self.zones[zone].rstrip("."), name.rstrip("."), kind, delay)

    def look_up(self, zone, name, kind):
        with self.lock:
            here = next(number for number, its_name in self.zones.items() if its_name == canonical(zone))
            held = self.records[here].get((canonical(name), kind))
        return held and (held[0], [zone_content(kind, one) for one in held[1]])

    # --- who calls, and how answers look

    def authorise(self, request):
        check_signature(request, self.tokens(), "us-east-1", "route53")

    def without_secrets(self, text):
        for secrets in self.tokens().values():
            for one in secrets:
                text = text.replace(one, "<secret>")
        return text

    def error(self, status, reason, code=None):
        """Two shapes: a batch that is refused has one of its own, which older clients cannot read."""
        code = code or CODES.get(status, "InvalidInput")
        number = self.request_id()
        if code == "InvalidChangeBatch":
            messages = [("Message", one) for one in (reason if isinstance(reason, list) else [reason])]
            body = document("InvalidChangeBatch", {"Messages": messages, "RequestId": number})
        else:
            blame = "Sender" if status < 500 else "Receiver"
            body = document("ErrorResponse", {"Error": {"Type": blame, "Code": code, "Message": reason}, "RequestId": number})
        return Reply(status, body, "text/xml", {"x-amzn-RequestId": number})

    def request_id(self):
        return f"00000000-0000-4000-8000-{next(self._number):012d}"

    def answered(self, operation, value):
        body = document(f"{operation}Response", value)
        self._model.check_answer(operation, body)
        return Reply(200, body, "text/xml", {"x-amzn-RequestId": self.request_id()})

    def zone(self, number):
        if number not in self.zones:
            raise CloudError(404, f"No hosted zone found with ID: {number}", code="NoSuchHostedZone")
        return self.zones[number]

    # --- changes

    def change_records(self, request, zone):
        """All or nothing, and a DELETE must say exactly what is there: together a compare-and-swap."""
        self.zone(zone)
        changes = self._model.read_batch(request.body)["Changes"]
        if len(changes) > MAX_CHANGES:
            raise CloudError(400, f"Number of records limit of {MAX_CHANGES} exceeded.", code="InvalidChangeBatch")
        new, faults = dict(self.records[zone]), []
        for change in changes:
            faults += self.apply(zone, new, change["Action"], change["ResourceRecordSet"])
        if faults:
            raise CloudError(400, faults, code="InvalidChangeBatch")
        self.records[zone] = new
        keys = dict.fromkeys((canonical(one["ResourceRecordSet"]["Name"]), one["ResourceRecordSet"]["Type"]) for one in changes)
        number = f"C{next(self._number):020d}"
        self.changes[number] = {"at": stamp(), "fault": self.fault["kind"],
                                "published": [self.publish(zone, *key) for key in keys]}
        return self.answered("ChangeResourceRecordSets", {"ChangeInfo": self.info(number, "PENDING")})

    def apply(self, zone, records, action, asked):
        name, kind = canonical(asked["Name"]), asked["Type"]
        what = f"resource record set [name='{name}', type='{kind}']"
        if set(asked) - {"Name", "Type", "TTL", "ResourceRecords"}:
            raise CloudError(400, "only the simple routing policy is modelled here", code="InvalidInput")
        if "TTL" not in asked or "ResourceRecords" not in asked:
            return [f"Invalid request: Missing field 'TTL' or 'ResourceRecords' in {what}"]
        values = [one["Value"] for one in asked["ResourceRecords"]]
        faults = self.content_faults(zone, name, kind, values)
        held = records.get((name, kind))
        if action == "DELETE":
            if held is None:
                return faults + [f"Tried to delete {what} but it was not found"]
            if (held[0], sorted(held[1])) != (asked["TTL"], sorted(values)):
                return faults + [f"Tried to delete {what} but the values provided do not match the current values"]
            del records[(name, kind)]
            return faults
        if action == "CREATE" and held is not None:
            faults.append(f"Tried to create {what} but it already exists")
        others = {its_kind for its_name, its_kind in records if its_name == name} - {kind}
        if others and (kind == "CNAME" or "CNAME" in others):
            faults.append(f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet exists")
        records[(name, kind)] = (asked["TTL"], values)
        return faults

    def content_faults(self, zone, name, kind, values):
        its_zone, faults = self.zones[zone], []
        if name != its_zone and not name.endswith("." + its_zone):
            faults.append(f"RRSet with DNS name {name} is not permitted in zone {its_zone}")
        family = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}.get(kind, str)
        for value in values:
            try:
                family(value)
            except ValueError:
                faults.append(f"Invalid Resource Record: '{value}' is no value of type {kind}")
        return faults

    def get_change(self, _request, number):
        """INSYNC once the name server has taken all of it, unless a fault of the change says otherwise."""
        if number not in self.changes:
            raise CloudError(404, f"Could not find resource with ID: {number}", code="NoSuchChange")
        change = self.changes[number]
        done = all(self.publisher.done(one) for one in change["published"])
        done = {"insync_early": True, "stays_pending": False}.get(change["fault"], done)
        return self.answered("GetChange", {"ChangeInfo": self.info(number, "INSYNC" if done else "PENDING")})

    def info(self, number, status):
        return {"Id": f"/change/{number}", "Status": status, "SubmittedAt": self.changes[number]["at"]}

    # --- reading

    def list_records(self, request, zone):
        self.zone(zone)
        size = self.max_items(request)
        first = (reversed_labels(request.query["name"]) if "name" in request.query else [], request.query.get("type", ""))
        keys = sorted((key for key in self.records[zone] if (reversed_labels(key[0]), key[1]) >= first),
                      key=lambda key: (reversed_labels(key[0]), key[1]))
        shown = [("ResourceRecordSet", self.record_set(zone, key)) for key in keys[:size]]
        value = {"ResourceRecordSets": shown, "IsTruncated": str(len(keys) > size).lower()}
        if len(keys) > size:
            value |= {"NextRecordName": keys[size][0], "NextRecordType": keys[size][1]}
        return self.answered("ListResourceRecordSets", value | {"MaxItems": size})

    def record_set(self, zone, key):
        ttl, values = self.records[zone][key]
        return {"Name": key[0].replace("*", "\\052"), "Type": key[1], "TTL": ttl,
                "ResourceRecords": [("ResourceRecord", {"Value": one}) for one in values]}

    def max_items(self, request):
        text = request.query.get("maxitems") or "100"
        if not text.isdigit() or int(text) < 1:
            raise CloudError(400, "maxitems must be a positive number", code="InvalidInput")
        return min(int(text), 300)

    def zone_shape(self, number):
        return {"Id": f"/hostedzone/{number}", "Name": self.zones[number], "CallerReference": number,
                "Config": {"PrivateZone": "false"}, "ResourceRecordSetCount": len(self.records[number])}

    def list_zones_by_name(self, request):
        size, asked = self.max_items(request), request.query.get("dnsname", "")
        numbers = sorted((one for one in self.zones if not asked or reversed_labels(self.zones[one]) >= reversed_labels(asked)),
                         key=lambda one: reversed_labels(self.zones[one]))
        value = {"HostedZones": [("HostedZone", self.zone_shape(one)) for one in numbers[:size]]}
        value |= ({"DNSName": asked} if asked else {}) | {"IsTruncated": str(len(numbers) > size).lower()}
        if len(numbers) > size:
            value |= {"NextDNSName": self.zones[numbers[size]], "NextHostedZoneId": numbers[size]}
        return self.answered("ListHostedZonesByName", value | {"MaxItems": size})

    def list_zones(self, _request):
        return self.answered("ListHostedZones", {
            "HostedZones": [("HostedZone", self.zone_shape(one)) for one in self.zones], "Marker": "",
            "IsTruncated": "false", "MaxItems": 100})

    def get_zone(self, _request, zone):
        self.zone(zone)
        return self.answered("GetHostedZone", {"HostedZone": self.zone_shape(zone)})


def main():
    parser = cloud_server.arguments(__doc__)
    parser.add_argument("--model", required=True, metavar="FOLDER", help="holds route53/2013-04-01/service-2.json of botocore")
    options = parser.parse_args()
    cloud_server.serve(Route53Cloud(options), options)


if __name__ == "__main__":
    main()
