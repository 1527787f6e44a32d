"""The power switch of the machines, out of band as a cloud's API is: a Unix socket that the fence command talks to."""

import os
import socket
import threading
import time


class Hypervisor:
    """Answers `off NAME`, `is-off NAME` and `state NAME` with one line. Serves until close()."""

    def __init__(self, world, path, on_event=lambda text: None):
        self._world = world
        self._on_event = on_event
        self.switched_off = {}  # server: when, by the monotonic clock; only what had run before
        self.looked_off = []  # (when, server): every answer that it is off, which is what a proof is made of
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        os.chmod(path, 0o600)
        self._socket.listen(16)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    words = connection.recv(200).decode("utf-8", "replace").split()
                    connection.sendall((self._answer(*words) + "\n").encode())
                except (OSError, TypeError, KeyError, TimeoutError) as error:
                    self._on_event(f"power switch: {error!r}")

    def _answer(self, verb, server):
        machine = self._world[self._world.server_region(server)].machine()
        if verb == "off":
            had = len(machine.pids())
            machine.kill()
            if had:
                self.switched_off.setdefault(server, time.monotonic())
                self._on_event(f"power off {server}: {had} processes killed")
            return "ok"
        left = len(machine.pids())
        if left:
            return f"on: {left} processes"
        self.looked_off.append((time.monotonic(), server))
        return "off"

    def close(self):
        # shutdown, because closing alone does not wake a thread that waits in accept.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        os.unlink(self.path)
