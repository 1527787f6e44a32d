#!/usr/bin/python3
"""The dashboards against Grafana's own types: of the release that their form is of, and of the newest one known here. A
misspelt key or a word that Grafana does not know is an error of the TypeScript compiler.

Skipped (exit code 77, with the reason) when node or npm is missing or the packages cannot be fetched."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SKIPPED = 77
CONFIG = {"strict": True, "noEmit": True, "skipLibCheck": True, "target": "es2022", "module": "esnext", "types": [],
          "moduleResolution": "bundler", "lib": ["es2022", "dom"]}
NEWEST = "./node_modules/grafana-schema-newest"
RELEASES = {  # which types stand behind the name @grafana/schema
    "11.4": {},
    "13.2": {"paths": {"@grafana/schema": [f"{NEWEST}/dist/types/index.d.ts"], "@grafana/schema/*": [f"{NEWEST}/*"]}},
}
KINDS = {"timeseries": "TimeSeries", "stat": "Stat", "table": "Table", "state-timeline": "StateTimeline",
         "status-history": "StatusHistory", "bargauge": "BarGauge"}
WITH_FIELDS = ("timeseries", "table", "state-timeline", "status-history")  # the others have no fieldConfig.custom

# Grafana's enums are words and numbers in JSON. A query of Prometheus, and what its marks have beside the others', are not
# in the package.
HEAD = """
import type { Dashboard as AnyDashboard } from '@grafana/schema';
type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends Array<infer U> ? Array<Plain<U>> : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
interface Query {
  datasource: { type: 'prometheus'; uid: string }; editorMode: 'code' | 'builder'; expr: string;
  format: 'time_series' | 'table' | 'heatmap'; instant: boolean; range: boolean; legendFormat: string; refId: string;
}
type List<T> = T extends { list?: Array<infer U> } ? U : never;
type Mark = Omit<List<NonNullable<AnyDashboard['annotations']>>, 'target'> & {
  expr?: string; step?: string; titleFormat?: string; textFormat?: string; tagKeys?: string; useValueForTime?: boolean;
  target?: { limit: number; matchAny: boolean; tags: string[]; type: 'tags' };
};
type Dashboard = Plain<Omit<AnyDashboard, 'annotations'>> & { annotations: { list: Array<Plain<Mark>> } };
"""


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def fetch_packages(folder):
    """npm ci, unless what is there came of the same lock file."""
    lock, stamp = os.path.join(HERE, "package-lock.json"), os.path.join(folder, "installed.lock.json")
    if os.path.exists(stamp) and filecmp.cmp(lock, stamp, shallow=False):
        return
    for program in ("node", "npm"):
        if not shutil.which(program):
            skip(f"{program} is not there")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), folder)
    try:
        npm = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, timeout=120,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except subprocess.TimeoutExpired:
        skip("npm ci did not end within 120 s")
    if npm.returncode != 0:
        skip("npm ci failed:\n" + npm.stdout)
    shutil.copy(lock, stamp)


def source(boards):
    """The boards as TypeScript constants of Grafana's types."""
    lines = [HEAD]
    for kind, name in KINDS.items():
        lines.append(f"import type * as {name} from '@grafana/schema/dist/esm/raw/composable/{kind.replace('-', '')}/panelcfg/x/"
                     f"{name}PanelCfg_types.gen';")
    for number, board in enumerate(boards):
        lines.append(f"// {board['uid']}\nexport const board{number}: Dashboard = {json.dumps(board, indent=1)};")
        for panel in board["panels"]:
            if panel["type"] == "row":
                continue
            of, name = KINDS[panel["type"]], f"panel{number}_{panel['id']}"
            lines.append(f"// {board['uid']}, {panel['title']}")
            lines.append(f"export const {name}_options: Plain<{of}.Options> = {json.dumps(panel['options'])};")
            if panel["type"] in WITH_FIELDS:
                custom = json.dumps(panel["fieldConfig"]["defaults"]["custom"])
                lines.append(f"export const {name}_custom: Plain<{of}.FieldConfig> = {custom};")
            lines += [f"export const {name}_{target['refId']}: Query = {json.dumps(target)};" for target in panel["targets"]]
    return "\n".join(lines) + "\n"


def compile_source(folder, text, release):
    """What the compiler says against; empty when it is content."""
    with open(os.path.join(folder, "boards.ts"), "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(folder, "tsconfig.json"), "w", encoding="utf-8") as file:
        json.dump({"compilerOptions": {**CONFIG, **RELEASES[release]}, "files": ["boards.ts"]}, file)
    done = subprocess.run(["node", "node_modules/typescript/bin/tsc", "-p", "."], cwd=folder, timeout=200,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode else ""


# Each must be an error, or the check would see nothing: (what stands there for the last time, what it is made).
MISTAKES = (('"displayMode": "list"', '"displayMode": "lst"'), ('"colorMode"', '"colourMode"'), ('"schemaVersion"', '"schemaVerson"'),
            ('"legendFormat"', '"legend"'), ('"showPoints": "never"', '"showPoints": "no"'), ('"cellHeight"', '"cellHight"'))


def constant_at(text, place):
    """The name of the constant that stands at this place of the source."""
    return re.findall(r"^export const (\w+)", text[:place], re.M)[-1]


def constants_with_errors(text, complaints):
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return {constant_at(text, starts[int(line)]) for line in re.findall(r"boards\.ts\((\d+),", complaints)}


def unseen_mistakes(folder, text):
    wanted = set()
    for right, wrong in MISTAKES:
        at = text.rindex(right)
        wanted.add(constant_at(text, at))
        text = text[:at] + wrong + text[at + len(right):]
    assert len(wanted) == len(MISTAKES), "one mistake hides another"
    return wanted - constants_with_errors(text, compile_source(folder, text, "11.4"))


def main():
    folder = os.path.join(os.getcwd(), "types")
    os.makedirs(folder, exist_ok=True)
    fetch_packages(folder)
    boards = []
    for name in sorted(os.listdir(os.path.join(ROOT, "grafana/dashboards"))):
        with open(os.path.join(ROOT, "grafana/dashboards", name), encoding="utf-8") as file:
            boards.append(json.load(file))
    text, failed = source(boards), 0
    for release in RELEASES:
        complaints = compile_source(folder, text, release)
        print(f"{len(boards)} boards by the types of {release}: {complaints or 'fine'}")
        failed += bool(complaints)
    missed = unseen_mistakes(folder, text)
    print(f"{len(MISTAKES)} mistakes made, not found those in {sorted(missed)}")
    return 1 if failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
