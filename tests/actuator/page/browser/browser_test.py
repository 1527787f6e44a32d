#!/usr/bin/python3
"""The status page in a browser: starts the server of made-up states, and node with drive.mjs against it.

Skipped (exit code 77, with the reason) when Chromium, node or npm is missing or the two packages cannot be
fetched: a machine without a way to the registry must be able to run all the other tests.
"""
import argparse
import filecmp
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = "/usr/bin/chromium"
SKIPPED = 77


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def fetch_packages(folder):
    """npm ci, unless what is there came of the same lock file."""
    os.makedirs(folder, exist_ok=True)
    lock = os.path.join(HERE, "package-lock.json")
    stamp = os.path.join(folder, "installed.lock.json")
    if os.path.exists(stamp) and filecmp.cmp(lock, stamp, shallow=False):
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), folder)
    try:
        npm = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, timeout=90,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except subprocess.TimeoutExpired:
        skip("npm ci did not end within 90 s")
    if npm.returncode != 0:
        skip("npm ci failed:\n" + npm.stdout)
    shutil.copy(lock, stamp)


def ports_of(server):
    ports = {}
    for line in server.stdout:
        if line.strip() == "ready":
            return ports
        state, port = line.split()
        ports[state] = int(port)
    raise SystemExit("the server of the made-up states did not start")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--work", required=True)
    arguments = parser.parse_args()
    for program in (CHROMIUM, "node", "npm"):
        if not shutil.which(program):
            skip(f"{program} is not there")
    fetch_packages(arguments.work)
    pictures = os.path.join(arguments.work, "screenshots")
    shutil.rmtree(pictures, ignore_errors=True)
    os.makedirs(pictures)
    script = os.path.join(arguments.work, "drive.mjs")  # beside node_modules, where node looks for packages
    shutil.copy(os.path.join(HERE, "drive.mjs"), script)
    server = subprocess.Popen([arguments.server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        settings = dict(os.environ, PORTS=repr(ports_of(server)).replace("'", '"'), CHROMIUM=CHROMIUM,
                        SCREENSHOTS=pictures)
        return subprocess.run(["node", "--test", script], env=settings, timeout=240).returncode
    finally:
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
