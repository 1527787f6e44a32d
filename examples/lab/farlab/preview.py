"""A preview of the dashboards' layout, drawn from what Prometheus answered. It is not Grafana, and says so on every page."""

import html
import json
import os

from . import chromium, preview_panels

WIDTH, UNIT, GAP, HEAD = 1600, 38, 8, 28  # pixels: the page, a unit of height, between panels, a panel's title
STYLE = """
body{margin:0;background:#111217;color:#ccccdc;font:12px "DejaVu Sans",sans-serif;width:1600px}
h1{font-size:17px;margin:10px 12px 2px}p{margin:0 12px;color:#9fa1ad}p b{color:#e0812b}
#grid{position:relative;margin-top:8px}
.panel{position:absolute;background:#181b1f;border:1px solid #2c3036;box-sizing:border-box;overflow:hidden;border-radius:2px}
.panel h2{font-size:13px;font-weight:600;margin:5px 8px}
.row{position:absolute;left:12px;font-size:14px;font-weight:600;color:#e6e6f0}
.tiles{display:flex;flex-wrap:wrap;gap:4px;height:calc(100% - 30px);padding:0 6px}
.tile{flex:1;min-width:60px;display:flex;flex-direction:column;justify-content:center;align-items:center;color:#fff;border-radius:2px}
.tile b{white-space:nowrap}
.none{padding:14px 8px;color:#8e8e9a;text-align:center}
table{border-collapse:collapse;width:calc(100% - 16px);margin:0 8px}td,th{padding:3px 6px;text-align:left;white-space:nowrap}
th{color:#8ab8ff;font-weight:600;border-bottom:1px solid #2c3036}.table td{border-bottom:1px solid #22262b}
.track{width:55%}.bars .track{background:#22262b;padding:2px}.track i{display:inline-block;height:12px;vertical-align:middle}
.legend{overflow:hidden;font-size:11px}.legend td,.legend th{padding:0 6px;line-height:16px}.legend td+td,.legend th+th{text-align:right}
.legend i{display:inline-block;width:12px;height:3px;margin-right:6px;vertical-align:middle}
svg text{fill:#ccccdc;font-size:11px}svg text.axis{fill:#9fa1ad;font-size:10px}svg text.in{fill:#fff;font-size:10px}
.grid{stroke:#262a30}
"""


def page(board, answers):
    """One dashboard as a page, and its height."""
    column, parts, bottom = WIDTH / 24, [], 0
    view = {key: answers[key] for key in ("start", "end", "marks")}
    for panel in board["panels"]:
        place = panel["gridPos"]
        left, top = place["x"] * column + GAP / 2, place["y"] * UNIT
        wide, high = place["w"] * column - GAP, place["h"] * UNIT - GAP
        bottom = max(bottom, top + high)
        if panel["type"] == "row":
            parts.append(f'<div class="row" style="top:{top + 6}px">{html.escape(panel["title"])}</div>')
            continue
        inside = preview_panels.body(panel, answers["panels"][str(panel["id"])], (wide - 2, high - HEAD - 2), view)
        parts.append(f'<div class="panel" style="left:{left:.0f}px;top:{top}px;width:{wide:.0f}px;height:{high}px">'
                     f'<h2>{html.escape(panel["title"])}</h2>{inside}</div>')
    marks = "; ".join(dict.fromkeys(title for _, title, _ in view["marks"])) or "none"
    return (f'<!doctype html><meta charset="utf-8"><title>{html.escape(board["title"])}</title><style>{STYLE}</style>'
            f'<h1>{html.escape(board["title"])}</h1><p><b>Layout preview, not Grafana.</b> {html.escape(board["description"])} '
            f'Marks: {html.escape(marks)}.</p><div id="grid" style="height:{bottom + GAP}px">{"".join(parts)}</div>'), bottom + 70


def draw(boards, answers_file, target, pictures=True):
    """UID.html and, where there is a Chromium, UID.png of each dashboard; how many pictures were made."""
    with open(answers_file, encoding="utf-8") as file:
        answers = json.load(file)
    pages = {}
    for board in boards:
        text, height = page(board, answers[board["uid"]])
        source = os.path.join(target, board["uid"] + ".html")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        pages[source] = height
        picture = source.replace(".html", ".png")
        if os.path.exists(picture):  # of an earlier run: no picture is better than an old one
            os.remove(picture)
    return _pictures(pages) if pictures and chromium.there() else 0


def _pictures(pages):
    drawn = 0
    try:
        with chromium.Chromium() as browser:
            for source, height in pages.items():
                browser.picture(source, source.replace(".html", ".png"), WIDTH, height)
                drawn += 1
    except OSError as trouble:
        print(f"no more previews: {trouble}")
    return drawn
