"""Process 1 of a region: starts what it is told to on standard input, says on standard output what ended.

Runs as a script inside the region's namespaces. Requests and answers are JSON lines:
  {"spawn": name, "argv": [...], "env": {...}, "log": path, "user": name or null}  ->  {"spawned": name, "pid": n}
  {"exited": name, "code": n} comes by itself. End of input means that the lab is gone: everything here ends too.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def spawn(request, names):
    with open(request["log"], "ab") as log:
        user = request.get("user")
        identity = {"user": user, "group": user, "extra_groups": []} if user else {}
        try:
            process = subprocess.Popen(request["argv"], env=request["env"], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, cwd="/", start_new_session=True, **identity)
        except OSError as error:
            say(spawned=request["spawn"], error=str(error))
            return
    names[process.pid] = (request["spawn"], process)
    say(spawned=request["spawn"], pid=process.pid)


def reap(names):
    """Orphans are ours as well: we are process 1 (or the subreaper that stands in for it)."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        name, process = names.pop(pid, (None, None))
        if process is not None:
            process.returncode = os.waitstatus_to_exitcode(status)
            say(exited=name, code=process.returncode)


def end_everything():
    if os.getpid() == 1:
        return  # the kernel ends a PID namespace with its process 1
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, here)
    from farlab import processes  # pylint: disable=import-outside-toplevel

    for pid in processes.descendants(os.getpid()):
        processes.send([pid], signal.SIGKILL)


def main():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Ctrl-C reaches the whole terminal; the lab decides what ends and in which order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    names, pending = {}, b""
    say(ready=os.getpid())
    while True:
        ready, _, _ = select.select([0, read_end], [], [])
        if read_end in ready:
            os.read(read_end, 4096)
            reap(names)
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                end_everything()
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                spawn(json.loads(line), names)


if __name__ == "__main__":
    main()
