#!/usr/bin/python3
"""Writes grafana/dashboards/*.json from boards/. `--check` writes nothing and says what is not as the source has it."""

import json
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from boards import BOARDS, board  # noqa: E402

FOLDER = os.path.join(HERE, "dashboards")


def rendered():
    """{file name: text} of all boards."""
    return {each.uid + ".json": json.dumps(board.to_json(each), indent=1, ensure_ascii=False) + "\n" for each in BOARDS}


def on_disk():
    found = {}
    for name in os.listdir(FOLDER) if os.path.isdir(FOLDER) else ():
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            found[name] = file.read()
    return found


def main():
    wanted, there = rendered(), on_disk()
    different = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if "--check" in sys.argv[1:]:
        for name in different:
            print(f"grafana/dashboards/{name} is not what grafana/dashboards.py gives: run it")
        return 1 if different else 0
    os.makedirs(FOLDER, exist_ok=True)
    for name in different:
        if name not in wanted:
            os.remove(os.path.join(FOLDER, name))
            continue
        with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
            file.write(wanted[name])
        print(f"wrote grafana/dashboards/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
