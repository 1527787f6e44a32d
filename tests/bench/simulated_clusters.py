"""What the exporters of three vantages and an actuator would say of many clusters, as text for Prometheus.

Two servers a cluster, every second primary in the other region. Names and labels are those of docs/metrics.md, so that
Prometheus holds as many series as it would; the values are those of a world in which all is well, or in which us-east is
lost.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
VANTAGES = ("us-east", "eu-west", "eu-central")
REGIONS = VANTAGES[:2]
SILENCE = "timeout"

# Labels beside the usual ones, and the values that the programs give them.
VALUES = {
    "class": [SILENCE], "application_name": ["walreceiver"], "slot": ["standby"], "slot_type": ["physical"], "mode": ["on"],
    "kind": ["tablespace", "lock", "snapshot", "bufferpin", "deadlock"],
    "status": ["reserved"], "state": ["not_paused"],
    "system_identifier": ["71"], "version": ["15.1"], "sync_state": ["async"],
}
ONLY_PRIMARY = re.compile(r"pg_replication_|current_lsn|flush_lsn|insert_lsn|synchronous|archiver|writable|slot")
# Of the primary, by the vantage of its own region.
WRITES = re.compile(r"heartbeat_(?!replayed)|write_probe_|writable")
ONLY_STANDBY = re.compile(r"replay|receive|recovery_min|predicted|lag_(bytes|seconds)$|shortfall|conflicts")
# Absent in a world that is well.
ABSENT = re.compile(r"archiver_last_failed|inactive_since|invalidated|facts_missing|rows_left_out|prepared_transaction_oldest"
                    r"|shortfall|timelines_behind|ttl_above|unread_wal|(?:dns|heartbeat|write_probe|files)_failure"
                    r"|_fds|resident|threads|process_")
# Absent of what is well.
FAILURE = re.compile(r"farshore_(pg|application)_failure")
WELL = {"farshore_pg_up": 1,
        "farshore_pg_wal_receiver_streaming": 1, "farshore_pg_monitor_role_ok": 1,
        "farshore_pg_writable": 1, "farshore_application_up": 1, "farshore_dns_answered": 1,
        "farshore_dns_matches_primary": 1, "farshore_dns_ttl_seconds": 30, "farshore_pg_replication_slot_active": 1,
        "farshore_application_certificate_expiry_timestamp_seconds": 4e9, "farshore_pg_timeline_id": 3}


def documented():
    """(name, labels, from its own region's vantage alone) of every metric of the exporter."""
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    page = text.split("\n## farshore-exporter\n")[1].split("\n## ")[0]
    of_every, of_own = page.split("\n### From the vantage in its own region\n")
    for part in of_every, of_own:
        for name, labels in re.findall(r"^\| `(\w+)` \| \w+ \| [^|]* \| ([^|]*) \|", part, re.M):
            yield name, labels.split(), part is of_own


def with_values(name, labels):
    """Every combination of the labels beside the usual ones."""
    combinations = [{}]
    for label in labels:
        if label in VALUES:
            combinations = [dict(each, **{label: value}) for each in combinations for value in VALUES[label]]
    return combinations


def line(name, labels, value):
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value}\n"


class Clusters:
    def __init__(self, count):
        self.names = [f"c{number:03}" for number in range(count)]
        self.metrics = [each for each in documented() if not ABSENT.search(each[0])]

    def primary_region(self, cluster):
        return REGIONS[self.names.index(cluster) % 2]

    def servers(self):
        for cluster in self.names:
            for region in REGIONS:
                yield {"cluster": cluster, "region": region, "server": f"{cluster}-{region}"}

    def exporter(self, vantage, lost):
        """The page of one vantage; none when it went with its region."""
        if lost and vantage == REGIONS[0]:
            return None
        page = [line("farshore_snapshot_age_seconds", {"vantage": vantage}, 0.4),
                line("farshore_vantage_clock_offset_seconds", {"vantage": vantage}, 0.01)]
        for name, labels, of_own in self.metrics:
            if name == "farshore_cluster_system_info":
                page += [line(name, {"cluster": cluster, "vantage": vantage, "system_identifier": "71"}, 1)
                         for cluster in self.names]
            elif "server" in labels and "vantage" in labels:
                page += self.of_servers(name, labels, vantage, lost, of_own)
            elif "application" in labels or "record" in labels:
                page += self.of_services(name, labels, vantage, lost, of_own)
        return "".join(page)

    def of_servers(self, name, labels, vantage, lost, of_own):
        for server in self.servers():
            if of_own and vantage != server["region"]:
                continue
            primary = server["region"] == self.primary_region(server["cluster"])
            if (ONLY_PRIMARY.search(name) and not primary) or (ONLY_STANDBY.search(name) and primary):
                continue
            if WRITES.search(name) and not (primary and vantage == server["region"]):
                continue
            silent = lost and server["region"] == REGIONS[0]
            if silent != bool(FAILURE.match(name)) and name not in ("farshore_pg_up", "farshore_pg_state"):
                continue
            for more in with_values(name, labels):
                yield line(name, {**server, "vantage": vantage, **more}, self.value(name, more, primary, silent))

    def of_services(self, name, labels, vantage, lost, of_own):
        for cluster in self.names:
            which = {"cluster": cluster}
            if "record" in labels:
                which.update(record=f"{cluster}.example.com", type="A", nameserver="ns1:53")
            for region in REGIONS if "application" in labels else REGIONS[:1]:
                if of_own and vantage != region:
                    continue
                gone = lost and region == REGIONS[0] and "application" in labels
                if gone != bool(FAILURE.match(name)) and name != "farshore_application_up":
                    continue
                for more in with_values(name, labels):
                    place = {"region": region} if "region" in labels else {}
                    yield line(name, {**which, **({"application": "api"} if "application" in labels else {}), **place,
                                      "vantage": vantage, **more}, self.value(name, more, True, gone))

    @staticmethod
    def value(name, more, primary, silent):
        if name == "farshore_pg_in_recovery":
            return 0 if primary else 1
        if name == "farshore_pg_state":
            return 0 if silent else 4 if primary else 3
        if {"class", "mode", "status", "state"} & set(more):
            return 1
        return 0 if silent else WELL.get(name, 0)

    def actuator(self, now):
        page = ["farshore_automation_latched 0\n", "farshore_journal_writable 1\n",
                f"farshore_trigger_path_last_seen_timestamp_seconds {now}\n"]
        for cluster in self.names:
            region = self.primary_region(cluster)
            one = {"cluster": cluster}
            page.append(line("farshore_cluster_primary_epoch",
                             {**one, "region": region, "server": f"{cluster}-{region}", "epoch": "7"}, 7))
            page += [line(name, one, 0) for name in ("farshore_cluster_paused", "farshore_cluster_epoch_claimed",
                                                     "farshore_runs_held")]
            page += [line("farshore_runs_total", {**one, "state": state}, 0) for state in ("succeeded", "refused")]
            page.append(line("farshore_cluster_reign_began_timestamp_seconds",
                             {**one, "region": region, "server": f"{cluster}-{region}", "epoch": "7"}, now - 86400))
            page += [line("farshore_failover_ready", {**one, "reason": ""}, 1),
                     line("farshore_failover_plan_age_seconds", one, 5),
                     line("farshore_traffic_switch_pending", {**one, "record": f"{cluster}.example.com", "type": "A"}, 0)]
        return "".join(page)

    def topology(self, exporters, actuator, prometheus):
        """A topology file with these clusters; its servers are never contacted."""
        text = [f"vantages: {{names: [{', '.join(VANTAGES)}], quorum: majority}}\n",
                f"prometheus: {{servers: [{{region: eu-central, url: 'http://{prometheus}'}}], quorum: 1}}\n",
                f"alertmanagers: [{{region: eu-central, url: 'http://127.0.0.1:9'}}]\nexporters:\n"]
        text += [f"  - {{vantage: {vantage}, address: '{address}'}}\n" for vantage, address in zip(VANTAGES, exporters)]
        text += [f"actuators: [{{address: '{actuator}'}}]\nclusters:\n"]
        for number, cluster in enumerate(self.names):
            text.append(f"  - name: {cluster}\n    servers:\n")
            text += [f"      - {{name: {cluster}-{region}, region: {region}, conninfo: 'host=127.1.{number}.{place} dbname=x "
                     "user=x', admin: {user: x, passfile: /x}}\n" for place, region in enumerate(REGIONS, 1)]
            text.append("    fence:\n")
            text += [f"      - {{kind: command, server: {cluster}-{region}, act: [/bin/true], proof: [/bin/true]}}\n"
                     for region in REGIONS]
            text.append(f"    traffic: [{{kind: command, name: {cluster}.example.com, type: A, ttl: 30s, read: [/bin/true], "
                        "act: [/bin/true], targets: {us-east: 192.0.2.1, eu-west: 192.0.2.2}, nameservers: "
                        "['127.0.0.1:53']}]\n")
        return "".join(text)
