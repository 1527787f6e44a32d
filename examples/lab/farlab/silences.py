"""Which questions of the dashboards may have no answer in the lab, when, and why. One row each; all others must have one.

Moments: B before the loss, D during the failover, A after it. Boards and panels are named as in grafana/boards."""

_ROWS = (
    # (moments, why, board, panel, queries)
    ("BD", "the newest rehearsal, of up to ten seconds ago, found nothing in the way", "overview", "What stands in the way",
     "A"),
    ("BD", "the newest rehearsal, of up to ten seconds ago, found nothing in the way", "cluster", "What stands in the way",
     "A"),
    ("BD", "the newest rehearsal, of up to ten seconds ago, found nothing in the way", "actuator", "What stood in the way",
     "A"),
    ("BA", "no alert fires; the pack's alerts for people wait longer than the lab lasts", "overview", "Alerts that fire", "A"),
    ("B", "no alert was pending yet", "actuator", "Alerts", "A"),
    ("B", "no alert was pending yet", "postmortem", "Alerts", "A"),
    ("BD", "there was no run yet, or none that was scraped", "overview", "Newest runs", "A"),
    ("BD", "there was no run yet, or none that was scraped", "actuator", "Runs", "A"),
    ("BD", "there was no run yet, or none that was scraped", "actuator", "Steps of the newest runs", "A"),
    ("BD", "there was no run yet, or none that was scraped", "postmortem", "Runs", "A"),
    ("BD", "there was no run yet, or none that was scraped", "postmortem", "Silent to accepted", "A"),
    ("BD", "there was no run yet, or it was not that far", "postmortem", "Waiting for the quorum", "A"),
    ("BD", "there was no run yet, or it was not that far", "postmortem", "Accepted to clients moved", "A"),
    ("BD", "there was no run yet, or it was not that far", "postmortem", "Exposure", "A"),
    ("BD", "there was no run yet, or it was not that far", "postmortem", "Predicted loss", "A"),
    ("BD", "there was no run yet, or it was not that far", "postmortem", "Steps", "AB"),
    ("BD", "there was no run yet, or none that was scraped", "postmortem", "The run", "ABC"),
    ("DA", "with the primary its standbys' connections are gone, and the new one has none", "cluster", "Connections for replication",
     "A"),
    ("DA", "with the primary its slots are gone, and the new one has none", "cluster", "Slots", "ABC"),
    ("D", "no primary is seen", "cluster", "Sync standbys missing", "A"),
    ("D", "no primary is seen", "cluster", "Prepared transactions", "A"),
    ("A", "no standby is left", "cluster", "Replay paused", "A"),
    ("A", "no standby is left", "cluster", "We would lose, bytes", "A"),
    ("A", "no standby is left", "cluster", "We would lose, time", "A"),
    ("A", "no standby is left", "overview", "We would lose, bytes", "A"),
    ("A", "no standby is left", "overview", "We would lose, time", "A"),
    ("A", "no standby is left", "overview", "Share of what may be lost", "AB"),
    ("BDA", "no setting of the standby is too low", "cluster", "Settings below the primary's", "A"),
    ("BDA", "no server keeps anything back", "exporters", "Parts missing", "A"),
    ("BDA", "no server has more than 64 standbys or slots", "exporters", "Rows left out", "A"),
    ("BDA", "the lab's topology has no observe.heartbeat", "exporters", "Heartbeat", "A"),
    ("BDA", "the lab's topology has no observe.heartbeat", "exporters", "Write probe", "A"),
    ("BDA", "the lab's topology has no observe.heartbeat", "exporters", "Age of the newest replayed beat", "A"),
    ("BDA", "nobody sends what has to be refused", "actuator", "Deliveries refused", "AB"),
    ("BDA", "no server that lost the reign may take writes", "actuator", "Open ends", "B"),
    ("BDA", "they are scraped every 15 s, and the lab may end before", "actuator", "Scraped", "A"),
    ("BDA", "they are scraped every 15 s, and the lab may end before", "actuator", "Time of the rules", "A"),
    ("BDA", "they are scraped every 15 s, and the lab may end before", "actuator", "Notifications lost", "ABC"),
    ("B", "every look succeeds", "vantages", "Servers", "A"),
    ("BD", "every probe succeeds, or its failure is not known yet", "vantages", "Applications and names", "A"),
    ("BDA", "the name server is in the witness and always answers", "vantages", "Applications and names", "B"),
    ("BDA", "the lab's applications have no https", "vantages", "Certificates end in", "A"),
    ("BDA", "the lab has no file tier", "vantages", "Age of the files", "A"),
)

# {(uid, panel, refId): (moments, why)}
SILENCES = {(f"farshore-{board}", panel, query): (moments, why)
            for moments, why, board, panel, queries in _ROWS for query in queries}
