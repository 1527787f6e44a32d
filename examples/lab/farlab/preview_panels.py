"""The kinds of panels as HTML and SVG, from the answers to their queries. Only what a look at the layout needs."""

import html
import math
import re

from . import preview_values as words

LANE_LABEL = 190  # pixels left of the lanes


def _name(target, metric):
    if target["legendFormat"] == "__auto":
        return ", ".join(f"{label}={value}" for label, value in sorted(metric.items()) if label != "__name__") or "value"
    return re.sub(r"\{\{(\w+)\}\}", lambda found: metric.get(found[1], ""), target["legendFormat"])


def _instants(panel, answers):
    return [(_name(target, series["metric"]), float(series["value"][1])) for target in panel["targets"]
            for series in answers[target["refId"]]["instant"]]


def _ranges(panel, answers):
    """(name, refId, [(time, value)]) of every series."""
    return [(_name(target, series["metric"]), target["refId"], [(float(t), float(v)) for t, v in series["values"]])
            for target in panel["targets"] for series in answers[target["refId"]]["range"]]


def _empty(panel):
    text = panel["fieldConfig"]["defaults"].get("noValue") or "No data"
    return f'<div class="none">{html.escape(text)}</div>'


def _stat(panel, answers, size, view):
    defaults, tiles = panel["fieldConfig"]["defaults"], []
    found = _instants(panel, answers)
    for name, value in found:
        text, color = words.shown(value, defaults, view["end"])
        if panel["options"]["textMode"] == "name":
            text, name = name, ""
        style = f"background:{color}" if panel["options"]["colorMode"].startswith("background") else f"color:{color}"
        font = min(36, size[1] * 0.42, 1.4 * (size[0] / len(found)) / max(4, len(text)))
        label = f"<small>{html.escape(name)}</small>" if len(found) > 1 else ""
        tiles.append(f'<div class="tile" style="{style}">{label}<b style="font-size:{font:.0f}px">{html.escape(text)}</b></div>')
    return f'<div class="tiles">{"".join(tiles)}</div>' if tiles else _empty(panel)


def _bars(panel, answers, _size, view):
    defaults, found = panel["fieldConfig"]["defaults"], _instants(panel, answers)
    top = defaults.get("max") or max([value for _, value in found if not math.isnan(value)], default=0) or 1
    rows = []
    for name, value in found:
        text, color = words.shown(value, defaults, view["end"])
        part = 100 * max(0, min(1, value / top))
        rows.append(f'<tr><td>{html.escape(name)}</td><td class="track"><i style="width:{part:.1f}%;background:{color}"></i></td>'
                    f"<td>{html.escape(text)}</td></tr>")
    return f'<table class="bars">{"".join(rows)}</table>' if rows else _empty(panel)


def _lanes(panel, answers, size, view):
    """state-timeline and status-history: a rectangle for each stretch, or for each moment."""
    found = _ranges(panel, answers)
    if not found:
        return _empty(panel)
    width, height = size
    span, step = view["end"] - view["start"], 1.0
    merge = panel["type"] == "state-timeline"
    if not merge:
        step = max(1.0, span / panel["maxDataPoints"])
    left = min(LANE_LABEL, width * 0.45)
    lane = min(28.0, (height - 16) / len(found))
    x = lambda moment: left + (width - left) * (moment - view["start"]) / span  # noqa: E731
    parts = []
    for index, (name, _, points) in enumerate(found):
        y = index * lane
        parts.append(f'<text x="{left - 6:.0f}" y="{y + lane / 2 + 4:.1f}" text-anchor="end" font-size="{min(11, lane):.0f}">'
                     f"{html.escape(name[:int(left / 6)])}</text>")
        for begin, end, value in _stretches(points, step, merge):
            text, color = words.shown(value, panel["fieldConfig"]["defaults"], view["end"])
            wide = x(min(end, view["end"])) - x(begin)
            parts.append(f'<rect x="{x(begin):.1f}" y="{y + 1:.1f}" width="{max(1, wide - (0 if merge else 1)):.1f}" '
                         f'height="{lane * 0.85:.1f}" fill="{color}" fill-opacity="0.85"/>')
            if merge and wide > 7 * len(text) and lane > 10:
                parts.append(f'<text class="in" x="{x(begin) + 4:.1f}" y="{y + lane / 2 + 3:.1f}">{html.escape(text)}</text>')
    return _svg(width, height, parts + _marks(view, x, lane * len(found)) + _times(view, x, height))


def _stretches(points, step, merge):
    """(begin, end, value): equal neighbours are one when they are merged; where points are missing there is a gap."""
    found, last = [], -math.inf
    for moment, value in points:
        if not merge and moment < last + step - 0.01:
            continue
        last = moment
        if merge and found and found[-1][2] == value and moment - found[-1][1] < 0.5:
            found[-1][1] = moment + step
        else:
            found.append([moment, moment + step, value])
    return found


def _marks(view, x, height):
    return [f'<line x1="{x(moment):.1f}" x2="{x(moment):.1f}" y1="0" y2="{height:.0f}" stroke="{words.color(color)}" '
            f'stroke-width="1.5" stroke-dasharray="4 3"><title>{html.escape(title)}</title></line>'
            for moment, title, color in view["marks"]]


def _times(view, x, height):
    span, found = view["end"] - view["start"], []
    for moment in range(math.ceil(view["start"] / 5) * 5, int(view["end"]) + 1, 5 if span < 61 else 10):
        seconds = moment % 3600
        found.append(f'<text x="{x(moment):.0f}" y="{height - 2:.0f}" text-anchor="middle" class="axis">'
                     f"{seconds // 60:02d}:{seconds % 60:02d}</text>")
    return found


def _series(panel, answers, size, view):
    found = _ranges(panel, answers)
    if not found:
        return _empty(panel)
    defaults = panel["fieldConfig"]["defaults"]
    legend_height = min(16 * (len(found) + 1), size[1] * 0.45)
    width, height, left = size[0], size[1] - legend_height, 58
    stacked = _stacked(found) if defaults["custom"]["stacking"]["mode"] == "normal" else [points for *_, points in found]
    shown = [value for points in stacked for _, value in points if math.isfinite(value)]
    low = defaults["min"] if "min" in defaults else min(shown, default=0)
    high = max([*shown, low])
    high = high if high > low else low + 1
    high += (high - low) * 0.05
    x = lambda moment: left + (width - left) * (moment - view["start"]) / (view["end"] - view["start"])  # noqa: E731
    y = lambda value: (height - 16) * (1 - (value - low) / (high - low)) + 2  # noqa: E731
    parts = []
    for step in range(4):
        value = low + (high - low) * step / 3.2
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>'
                     f'<text x="{left - 4}" y="{y(value) + 4:.1f}" text-anchor="end" class="axis">'
                     f'{words.say(value, defaults["unit"])}</text>')
    limits = [each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]]
    colors = [words.COLORS["red"] if ref in limits else words.PALETTE[index % len(words.PALETTE)]
              for index, (_, ref, _) in enumerate(found)]
    for color, points in zip(colors, stacked):
        for run in _runs(points):
            line = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in run)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    rows = "".join(f'<tr><td><i style="background:{color}"></i>{html.escape(name)}</td>'
                   + "".join(f"<td>{words.say(value, defaults['unit'], 0, defaults.get('decimals'))}</td>"
                             for value in (points[-1][1], max(v for _, v in points))) + "</tr>"
                   for color, (name, _, points) in zip(colors, found))
    return (_svg(width, height, parts + _marks(view, x, height - 14) + _times(view, x, height))
            + f'<div class="legend" style="height:{legend_height:.0f}px"><table><tr><th>Name</th><th>Last</th><th>Max</th></tr>'
            f"{rows}</table></div>")


def _runs(points):
    """The stretches without a gap."""
    runs = []
    for moment, value in points:
        if runs and moment - runs[-1][-1][0] < 1.5:
            runs[-1].append((moment, value))
        else:
            runs.append([(moment, value)])
    return runs


def _stacked(found):
    below, lines = {}, []
    for *_, points in found:
        lines.append([(moment, below.get(moment, 0) + value) for moment, value in points])
        below |= dict(lines[-1])
    return lines


def _rows_of(panel, answers):
    """The table after Grafana's merge: rows of different queries become one where their shared labels agree."""
    many, rows = len(panel["targets"]) > 1, []
    for target in panel["targets"]:
        field = f"Value #{target['refId']}" if many else "Value"
        for series in answers[target["refId"]]["instant"]:
            new = {label: value for label, value in series["metric"].items() if label != "__name__"}
            fitting = [row for row in rows if field not in row
                       and all(row[key] == new[key] for key in new.keys() & row.keys())] if rows else []
            for row in fitting:
                row |= {**new, field: float(series["value"][1])}
            if not fitting:
                rows.append({**new, field: float(series["value"][1])})
    return rows


def _cell(value, column, override, defaults, view):
    if not isinstance(value, float):
        return f"<td>{html.escape(value or '')}</td>"
    settings = {each["id"]: each["value"] for each in override}
    own = {"unit": settings.get("unit", defaults["unit"]), "mappings": settings.get("mappings", defaults["mappings"]),
           "thresholds": settings.get("thresholds", defaults["thresholds"])}
    text, color = words.shown(value, own, view["end"])
    kind = settings.get("custom.cellOptions", defaults["custom"]["cellOptions"])["type"]
    style = {"color-background": f"background:{color};color:#fff", "color-text": f"color:{color}"}.get(kind, "")
    if kind == "gauge":
        part = 100 * value / column["top"] if column["top"] else 0
        return f'<td class="track"><i style="width:{part * 0.75:.1f}%;background:{color}"></i> {html.escape(text)}</td>'
    return f'<td style="{style}">{html.escape(text)}</td>'


def _table(panel, answers, _size, view):
    rows, defaults = _rows_of(panel, answers), panel["fieldConfig"]["defaults"]
    if not rows:
        return _empty(panel)
    steps = {step["id"]: step["options"] for step in panel["transformations"]}
    if "groupingToMatrix" in steps:
        rows, fields, titles = _matrix(rows, **{key: steps["groupingToMatrix"][key] for key in ("rowField", "columnField")})
    else:
        titles = steps["organize"]["renameByName"]
        fields = [name for name in steps["filterFieldsByName"]["include"]["names"] if any(name in row for row in rows)]
    overrides = {each["matcher"]["options"]: each["properties"] for each in panel["fieldConfig"]["overrides"]}
    for sort in panel["options"]["sortBy"]:
        by = next(field for field, title in titles.items() if title == sort["displayName"])
        rows.sort(key=lambda row: (by in row, row.get(by)), reverse=sort["desc"])
    tops = {field: max((row[field] for row in rows if isinstance(row.get(field), float)), default=0) for field in fields}
    lines = ["".join(_cell(row.get(field), {"top": tops[field]}, overrides.get(titles.get(field, field), ()), defaults, view)
                     for field in fields) for row in rows]
    head = "".join(f"<th>{html.escape(titles.get(field, field))}</th>" for field in fields)
    return f'<table class="table"><tr>{head}</tr><tr>{"</tr><tr>".join(lines)}</tr></table>'


def _matrix(rows, rowField, columnField):  # noqa: N803 (Grafana's names)
    columns = sorted({row[columnField] for row in rows})
    found = {}
    for row in rows:
        found.setdefault(row[rowField], {"": row[rowField]})[row[columnField]] = row["Value"]
    return [found[name] for name in sorted(found)], ["", *columns], {"": f"{rowField}\\{columnField}"}


def _svg(width, height, parts):
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'


KINDS = {"stat": _stat, "bargauge": _bars, "timeseries": _series, "state-timeline": _lanes, "status-history": _lanes,
         "table": _table}


def body(panel, answers, size, view):
    """The inside of one panel. `size`: pixels; `view`: start, end and marks of the board."""
    return KINDS[panel["type"]](panel, answers, size, view)
