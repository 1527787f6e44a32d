#!/usr/bin/python3
"""Runs clang-tidy over every .cc of the compilation database that belongs to the tree.

clang-tidy takes seconds per file, so a file that was clean is remembered by the hash of all that its verdict depends
on: its own text, the project headers that it reaches, the checks, the tool, its flags. As with ccache that holds for
every checkout of a user: in $XDG_CACHE_HOME/farshore-tidy, or ~/.cache/farshore-tidy.

usage: tidy.py [--build DIR] [--jobs N] [FILE...]
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = "clang-tidy-19"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
# RapidJSON 1.1.0 holds a template that clang 19 refuses even where nobody uses it.
RAPIDJSON = re.compile(rb"#\s*include\s*<rapidjson/")


def reachable(path, seen):
    """Adds path and every project header it includes, directly or not, to seen (path -> text)."""
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen or not current.is_file():
            continue
        text = current.read_bytes()
        seen[current] = text
        for name in INCLUDE.findall(text):
            waiting.append(ROOT / name.decode())
            waiting.append(current.parent / name.decode())


def configurations(path):
    return [parent / ".clang-tidy" for parent in path.parents
            if parent.is_relative_to(ROOT) and (parent / ".clang-tidy").is_file()]


def fingerprint(path, command, version):
    seen = {}
    reachable(path, seen)
    digest = hashlib.sha256(version)
    digest.update(command.replace(str(ROOT), ".").encode())
    for each in configurations(path):
        digest.update(each.read_bytes())
    for each in sorted(seen):
        digest.update(str(each.relative_to(ROOT)).encode() + b"\0" + seen[each])
    return digest.hexdigest(), any(RAPIDJSON.search(text) for text in seen.values())


def memory():
    """The folder of what was clean; what nobody asked about for a month is forgotten."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "farshore-tidy"
    folder.mkdir(parents=True, exist_ok=True)
    for each in folder.iterdir():
        if time.time() - each.stat().st_mtime > 30 * 24 * 3600:
            each.unlink(missing_ok=True)
    return folder


def check(path, build, delayed):
    command = [TOOL, "-p", str(build), "--quiet"]
    if delayed:
        command += ["--extra-arg=-fdelayed-template-parsing", "--extra-arg=-Wno-error"]
    done = subprocess.run(command + [str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    noise = re.compile(r"^\d+ warnings?( and \d+ errors?)? generated|^Suppressed |^Use -header-filter")
    said = [line for line in (done.stdout + done.stderr).splitlines() if not noise.match(line)]
    return done.returncode == 0, "\n".join(said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=str(ROOT / "build/dev"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    only = {pathlib.Path(name).resolve() for name in options.files}
    database = json.loads((build / "compile_commands.json").read_text())
    version = subprocess.run([TOOL, "--version"], stdout=subprocess.PIPE, check=True).stdout
    remembered = memory()

    todo = []
    for entry in database:
        path = pathlib.Path(entry["file"]).resolve()
        if not path.is_relative_to(ROOT) or path.is_relative_to(build) or (only and path not in only):
            continue
        key, delayed = fingerprint(path, entry["command"], version)
        if (remembered / key).exists():
            (remembered / key).touch()
        else:
            todo.append((path, key, delayed))
    print(f"clang-tidy: {len(todo)} of {len(database)} files to look at", flush=True)

    began, failures = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(check, path, build, delayed): (path, key) for path, key, delayed in todo}
        for number, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            path, key = waiting[future]
            clean, said = future.result()
            if clean:
                (remembered / key).touch()
            else:
                failures += 1
                print(said, flush=True)
            if number % 25 == 0:
                print(f"clang-tidy: {number} of {len(todo)}, {time.monotonic() - began:.0f} s", flush=True)
    if todo:
        print(f"clang-tidy: {failures} files with findings, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
