#!/usr/bin/python3
"""Asks a Prometheus every query of Grafana's dashboards, over a range and at its end, and says what is wrong.

Wrong is an error, more than 50 series, or a legend with a label that a series has not. That nothing was answered is
only listed: whether it should have been depends on what happened."""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from farlab import boards, preview  # noqa: E402

FOLDER = os.path.join(os.path.dirname(os.path.dirname(HERE)), "grafana/dashboards")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the Prometheus, such as http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=float, default=15, help="length of the range (15)")
    parser.add_argument("--end", type=float, default=None, metavar="UNIX_SECONDS", help="its end (now)")
    parser.add_argument("--save", metavar="FOLDER", help="write answers and previews there")
    options = parser.parse_args()
    end = options.end or time.time()
    moments = {"A": (end - options.minutes * 60, end)}
    record = boards.examine(options.url, FOLDER, moments, options.save, must_answer=False)
    if options.save:
        preview.draw(boards.load(FOLDER), os.path.join(options.save, "answers-A.json"), options.save)
    for silent in record["silent"]:
        print(f"no answer: {silent}")
    for fault in record["wrong"]:
        print(f"WRONG: {fault}")
    print(f"{record['queries']} queries in {record['seconds']} s, {len(record['wrong'])} wrong, "
          f"{len(record['silent'])} without an answer")
    return 1 if record["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
