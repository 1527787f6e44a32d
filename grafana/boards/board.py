"""A board as the JSON that Grafana reads: layout, ids, links and marks on the time axis."""

from .panels import DATASOURCE, datasource_variable

COLUMNS = 24  # of Grafana's grid
TAG = "farshore"


def _placed(board):
    """Row by row, panel by panel, a new line when one is full: nothing can overlap."""
    found, y, number = [], 0, 0
    for row in board.rows:
        number += 1
        found.append({"type": "row", "id": number, "title": row.title, "collapsed": False, "panels": [],
                      "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}})
        y, x = y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + row.height
            number += 1
            found.append({"id": number, "gridPos": {"x": x, "y": y, "w": panel.width, "h": row.height}, **panel.make()})
            x += panel.width
        y += row.height
    return found


def _mark(name, color, expr, title, text, tags):
    """A mark at the time that is the series' value, in milliseconds."""
    return {"name": name, "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expr,
            "step": "1s", "titleFormat": title, "textFormat": text, "tagKeys": tags, "useValueForTime": True}


def _annotations(selector):
    run = "max by (cluster, run) (%s{" + selector + "}) * 1000"
    ended = ("max by (cluster, run, state) (farshore_run_state{" + selector + "} == 1) * on (cluster, run) group_left () "
             "max by (cluster, run) (farshore_run_ended_timestamp_seconds{" + selector + "}) * 1000")
    return [
        {"name": "Annotations & Alerts", "builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"},
         "enable": True, "hide": True, "iconColor": "rgba(0, 211, 255, 1)", "type": "dashboard"},
        _mark("Primary silent", "red", "max by (cluster, server) (ALERTS_FOR_STATE{alertname=\"FarshorePrimaryDown\", "
              + selector + "}) * 1000", "{{server}} is silent", "The alert for {{cluster}} became active", "cluster,server"),
        _mark("Run accepted", "orange", run % "farshore_run_accepted_timestamp_seconds", "Run {{run}} accepted",
              "The webhook that asks for the failover of {{cluster}} was accepted", "cluster,run"),
        _mark("Run ended", "green", ended, "Run {{run}} {{state}}", "Run of {{cluster}} ended: {{state}}", "cluster,run,state"),
        {"name": "Notes by people", "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True, "hide": False,
         "iconColor": "blue", "target": {"limit": 100, "matchAny": False, "tags": [TAG], "type": "tags"}},
    ]


def _links():
    return [{"type": "dashboards", "title": "Farshore", "tags": [TAG], "asDropdown": True, "icon": "external link",
             "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}]


def to_json(board):
    return {
        "uid": board.uid, "title": board.title, "description": board.description, "tags": [TAG, "postgresql"],
        "id": None, "schemaVersion": 39, "editable": False, "graphTooltip": 1, "timezone": "utc", "refresh": "5s",
        "time": {"from": board.time_from, "to": "now"}, "timepicker": {"refresh_intervals": ["5s", "30s", "1m", "5m"]},
        "links": _links(), "annotations": {"list": _annotations(board.selector)},
        "templating": {"list": [datasource_variable(), *board.variables]}, "panels": _placed(board),
    }
