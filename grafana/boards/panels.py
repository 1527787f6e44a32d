"""The parts of a dashboard as short calls: a query, a panel, a variable, a board. What Grafana wants in every panel and
what is the same in all of ours is said here once. The names are those of Grafana's JSON (schemaVersion 39)."""

from dataclasses import dataclass
from typing import Callable

PLUGIN_VERSION = "11.4.0"  # the first release whose panels are as written here; newer ones read them
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

GREEN, AMBER, RED, BLUE, PURPLE, GREY = "green", "orange", "red", "blue", "purple", "#7f7f7f"

# (threshold from which it holds, colour); the first holds from the beginning.
PLAIN = ((None, BLUE),)


@dataclass(frozen=True)
class Query:
    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: a label, or the value of a query (Value when it is the only one, else Value #A, ...)."""
    field: str
    title: str
    unit: str = ""
    mapping: dict = None
    steps: tuple = ()
    width: int = 0
    gauge: bool = False
    link: str = ""


@dataclass(frozen=True)
class Panel:
    width: int
    make: Callable  # () -> the JSON of the panel, without id and gridPos


@dataclass(frozen=True)
class Row:
    title: str
    height: int
    panels: tuple


@dataclass(frozen=True)
class Board:
    uid: str
    title: str
    description: str
    variables: tuple
    rows: tuple
    time_from: str = "now-15m"
    selector: str = 'cluster=~"$cluster"'  # which runs and alerts are marked on the time axis


def values(*pairs):
    """Words and colours for numbers: (number, word, colour)."""
    return {"type": "value", "options": {
        str(number): {"text": text, "color": color, "index": index}
        for index, (number, text, color) in enumerate(pairs)}}


YES_NO = values((1, "YES", GREEN), (0, "NO", RED))
FINE = values((0, "no", GREEN), (1, "YES", RED))
WORKS = values((1, "works", GREEN), (0, "BROKEN", RED))


# ---- what goes into every panel ----

def _targets(queries, instant, table):
    """A range, an instant, or a table of the instant."""
    targets = []
    for index, query in enumerate(queries):
        targets.append({
            "datasource": DATASOURCE, "editorMode": "code", "expr": query.expr, "format": "table" if table else "time_series",
            "instant": instant, "legendFormat": query.legend or "__auto", "range": not instant, "refId": chr(ord("A") + index)})
    return targets


def _thresholds(steps):
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in steps]}


def _defaults(unit, steps, mapping, **more):
    defaults = {"color": {"mode": "thresholds"}, "mappings": [mapping] if mapping else [],
                "thresholds": _thresholds(steps), "unit": unit}
    return {**defaults, **{name: value for name, value in more.items() if value is not None}}


def _link(title, uid, variable, value):
    return {"title": title, "url": f"/d/{uid}?var-{variable}={value}&${{datasource:queryparam}}&${{__url_time_range}}"}


def to_cluster(of):
    """A link from what is shown of a cluster to its details."""
    return _link("Details of this cluster", "farshore-cluster", "cluster", of)


def _panel(kind, title, description, targets, defaults, options, overrides=(), **more):
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE, "targets": targets,
            "pluginVersion": PLUGIN_VERSION, "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
            "options": options, **more}


LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
NO_LEGEND = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False}


# ---- the kinds ----

def stat(width, title, description, *queries, unit="none", steps=PLAIN, mapping=None, no_value="unknown", decimals=None,
         name=False, link=False, background=True):
    """One number or word for each series. `name`: the series' name is the answer, its value is not shown."""
    links = [to_cluster("${__field.labels.cluster}")] if link else None
    text = "name" if name else "auto"

    def make():
        return _panel("stat", title, description, _targets(queries, True, False),
                      _defaults(unit, steps, mapping, noValue=no_value, decimals=decimals, links=links),
                      {"colorMode": "background_solid" if background else "value", "graphMode": "none",
                       "justifyMode": "auto", "orientation": "auto", "percentChangeColorMode": "standard",
                       "reduceOptions": LAST, "showPercentChange": False, "textMode": text, "wideLayout": True})
    return Panel(width, make)


def bars(width, title, description, *queries, unit="s", steps=PLAIN, maximum=None, decimals=None, no_value="unknown"):
    def make():
        return _panel("bargauge", title, description, _targets(queries, True, False),
                      _defaults(unit, steps, None, min=0, max=maximum, decimals=decimals, noValue=no_value),
                      {"displayMode": "basic", "legend": NO_LEGEND, "maxVizHeight": 28, "minVizHeight": 16,
                       "minVizWidth": 8, "namePlacement": "left", "orientation": "horizontal", "reduceOptions": LAST,
                       "showUnfilled": True, "sizing": "auto", "valueMode": "color"})
    return Panel(width, make)


def series(width, title, description, *queries, unit="short", stacked=False, minimum=0, decimals=None, limit=None, steps=None,
           calcs=("lastNotNull", "max"), interval="1s"):
    """Lines over time. Gaps stay gaps: what was not known is not drawn. `limit`: the refId whose line is a limit. `interval`:
    how often what is asked for is scraped, where that is not every second."""
    custom = {"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 40 if stacked else 8,
              "gradientMode": "none", "showPoints": "never", "spanNulls": False, "pointSize": 4,
              "axisPlacement": "auto", "axisLabel": "", "scaleDistribution": {"type": "linear"},
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
              "thresholdsStyle": {"mode": "line" if steps else "off"},
              "hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    overrides = []
    if limit:
        overrides.append({"matcher": {"id": "byFrameRefID", "options": limit}, "properties": [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": RED}},
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
            {"id": "custom.fillOpacity", "value": 0}]})

    def make():
        defaults = _defaults(unit, steps or PLAIN, None, min=minimum, decimals=decimals, custom=custom)
        defaults["color"] = {"mode": "palette-classic-by-name"}
        return _panel("timeseries", title, description, _targets(queries, False, False), defaults,
                      {"legend": {"calcs": list(calcs), "displayMode": "table", "placement": "bottom", "showLegend": True},
                       "tooltip": {"mode": "multi", "sort": "desc"}}, overrides, interval=interval)
    return Panel(width, make)


def timeline(width, title, description, *queries, mapping, no_value="not known"):
    """A lane of words for each series. Where nothing is known the lane is empty."""
    custom = {"fillOpacity": 80, "lineWidth": 0, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}

    def make():
        return _panel("state-timeline", title, description, _targets(queries, False, False),
                      _defaults("none", ((None, GREY),), mapping, noValue=no_value, custom=custom),
                      {"alignValue": "left", "legend": NO_LEGEND, "mergeValues": True, "rowHeight": 0.85, "showValue": "auto",
                       "tooltip": {"mode": "single", "sort": "none"}}, interval="1s")
    return Panel(width, make)


def history(width, title, description, *queries, mapping, points=60):
    """A matrix: a line for each series, a cell for each moment."""
    custom = {"fillOpacity": 80, "lineWidth": 1, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}

    def make():
        return _panel("status-history", title, description, _targets(queries, False, False),
                      _defaults("none", ((None, GREY),), mapping, custom=custom),
                      {"colWidth": 0.9, "legend": NO_LEGEND, "rowHeight": 0.85, "showValue": "never",
                       "tooltip": {"mode": "single", "sort": "none"}}, interval="1s", maxDataPoints=points)
    return Panel(width, make)


def _override(column):
    properties = []
    if column.unit:
        properties.append({"id": "unit", "value": column.unit})
    if column.mapping:
        properties.append({"id": "mappings", "value": [column.mapping]})
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}})
    if column.steps:
        properties.append({"id": "thresholds", "value": _thresholds(column.steps)})
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if column.gauge:
        properties.append({"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}})
        properties.append({"id": "min", "value": 0})
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    if column.link:
        properties.append({"id": "links", "value": [to_cluster("${__data.fields." + column.title + "}")]})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def table(width, title, description, columns, *queries, sort="", descending=False, no_value=""):
    """A line for each set of labels; several queries are joined by the labels that they share."""
    names = [column.field for column in columns]
    transformations = ([{"id": "merge", "options": {}}] if len(queries) > 1 else []) + [
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        {"id": "organize", "options": {
            "excludeByName": {}, "indexByName": {name: index for index, name in enumerate(names)},
            "renameByName": {column.field: column.title for column in columns}}}]

    def make():
        return _panel("table", title, description, _targets(queries, True, True),
                      _defaults("none", PLAIN, None, noValue=no_value or None,
                                custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}),
                      {"cellHeight": "sm", "frameIndex": 0, "showHeader": True,
                       "sortBy": [{"displayName": sort, "desc": descending}] if sort else []},
                      [_override(column) for column in columns if _override(column)["properties"]],
                      transformations=transformations)
    return Panel(width, make)


def matrix(width, title, description, query, line, column, mapping):
    """A table with the values of one label as lines and of another as columns."""
    def make():
        return _panel("table", title, description, _targets([query], True, True),
                      _defaults("none", ((None, GREY),), mapping,
                                custom={"align": "center", "cellOptions": {"type": "color-background", "mode": "basic"},
                                        "inspect": False}),
                      {"cellHeight": "sm", "frameIndex": 0, "showHeader": True, "sortBy": []},
                      [{"matcher": {"id": "byName", "options": f"{line}\\{column}"}, "properties": [
                          {"id": "custom.cellOptions", "value": {"type": "auto"}}, {"id": "custom.align", "value": "left"}]}],
                      transformations=[{"id": "groupingToMatrix", "options": {
                          "columnField": column, "rowField": line, "valueField": "Value", "emptyValue": "null"}}])
    return Panel(width, make)


# ---- variables ----

def datasource_variable():
    return {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "regex": "",
            "description": "The Prometheus server that is asked. Each sees the world from its own region.",
            "refresh": 1, "hide": 0, "includeAll": False, "multi": False, "options": [], "skipUrlSync": False}


def variable(name, label, description, metric, many=False, newest_first=False):
    """The values that the label `name` has in the metric within the time that is shown."""
    found = {"type": "query", "name": name, "label": label, "description": description, "datasource": DATASOURCE,
             "query": {"qryType": 1, "query": f"label_values({metric}, {name})",
                       "refId": "PrometheusVariableQueryEditor-VariableQuery"},
             "regex": "", "refresh": 2, "sort": 8 if newest_first else 7, "hide": 0, "multi": many, "includeAll": many,
             "options": [], "skipUrlSync": False}
    if many:
        found |= {"allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}
    return found
