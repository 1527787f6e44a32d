"""Numbers as words and colours, by the unit, the mappings and the thresholds of a panel, as Grafana would say them."""

import datetime

COLORS = {"green": "#4a9d5b", "orange": "#e0812b", "red": "#d4434f", "blue": "#4a7fd6", "purple": "#8d5fc4"}
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#96d98d", "#fade2a", "#ffa6b0")
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def color(name):
    return COLORS.get(name, name)


def _size(value, suffix=""):
    for unit in _SIZES:
        if abs(value) < 1024 or unit == _SIZES[-1]:
            return f"{value:.3g} {unit}{suffix}" if abs(value) < 1000 else f"{value:.0f} {unit}{suffix}"
        value /= 1024
    return ""


def _span(value):
    for limit, divisor, unit in ((1e-3, 1e-6, "µs"), (1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min"), (172800, 3600, "hours")):
        if abs(value) < limit:
            return f"{value / divisor:.3g} {unit}"
    return f"{value / 86400:.3g} days"


def say(value, unit, now=0.0, decimals=None):
    if unit in ("bytes", "Bps"):
        return _size(value, "/s" if unit == "Bps" else "")
    if unit == "s":
        return _span(value) if decimals is None or abs(value) >= 120 else f"{value:.{decimals}f} s"
    if unit == "percentunit":
        return f"{value * 100:.3g} %" if decimals is None else f"{value * 100:.{decimals}f} %"
    if unit == "dateTimeFromNow":
        return _span(now - value / 1000) + " ago"
    if unit == "dateTimeAsIso":
        return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-5]
    text = f"{value:.{decimals}f}" if decimals is not None else f"{value:.4g}"
    return text + {"ops": " /s", "reqps": " /s"}.get(unit, "")


def mapped(value, mappings):
    """(word, colour) of a mapping, or None."""
    for mapping in mappings:
        found = mapping["options"].get(f"{value:g}")
        if found:
            return found["text"], color(found["color"])
    return None


def threshold(value, steps):
    found = steps[0]["color"]
    for step in steps:
        if step["value"] is not None and value >= step["value"]:
            found = step["color"]
    return color(found)


def shown(value, defaults, now):
    """(text, colour) of one value of a panel."""
    return mapped(value, defaults.get("mappings", ())) or (
        say(value, defaults["unit"], now, defaults.get("decimals")), threshold(value, defaults["thresholds"]["steps"]))
