"""Pictures of local pages by one headless Chromium, which is told what to do through a pipe (DevTools protocol)."""

import base64
import json
import os
import select
import shutil
import signal
import tempfile
import time

PROGRAM = "/usr/bin/chromium"
LIMIT = 60.0  # seconds for one answer; a loaded machine takes its time to start a browser


def there():
    return shutil.which(PROGRAM) is not None


class Chromium:
    """A context manager. OSError (TimeoutError is one) when it does not answer or ends."""

    def __enter__(self):
        self._profile = tempfile.mkdtemp(prefix="farshore-chromium.")
        their_in, self._out = os.pipe()
        self._in, their_out = os.pipe()
        # It refuses its sandbox to root; it sees nothing here but our own pages. It dies with the lab, as all of it does.
        command = ["setpriv", "--pdeathsig", "KILL", PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
                   f"--user-data-dir={self._profile}", "--remote-debugging-pipe", "about:blank"]
        quiet = os.open(os.devnull, os.O_RDWR)
        self._pid = os.posix_spawnp("setpriv", command, os.environ, setpgroup=0, file_actions=[
            *((os.POSIX_SPAWN_DUP2, quiet, number) for number in (0, 1, 2)),
            (os.POSIX_SPAWN_DUP2, their_in, 500), (os.POSIX_SPAWN_DUP2, their_out, 501),  # first out of the way of 3 and 4
            (os.POSIX_SPAWN_DUP2, 500, 3), (os.POSIX_SPAWN_DUP2, 501, 4),
            (os.POSIX_SPAWN_CLOSE, 500), (os.POSIX_SPAWN_CLOSE, 501)])
        for number in (their_in, their_out, quiet):
            os.close(number)
        self._number, self._session, self._read = 0, None, b""
        try:
            target = self._call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            self._call("Page.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self._pid, 0)
        for number in (self._in, self._out):
            os.close(number)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _message(self, deadline):
        """The next one; they end with a zero byte."""
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"Chromium did not answer within {LIMIT:g} s")
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise OSError("Chromium ended")
            self._read += piece
        text, self._read = self._read.split(b"\0", 1)
        return json.loads(text)

    def _until(self, wanted):
        deadline = time.monotonic() + LIMIT
        while True:
            message = self._message(deadline)
            if wanted(message):
                return message

    def _call(self, method, **parameters):
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._out, json.dumps(request).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == self._number)
        if "error" in answer:
            raise OSError(f"Chromium, {method}: {answer['error'].get('message')}")
        return answer["result"]

    def picture(self, page, target, width, height):
        """Draws the file `page` at this size into the PNG `target`."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._call("Page.navigate", url="file://" + os.path.abspath(page))
        self._until(lambda message: message.get("method") == "Page.loadEventFired")
        data = self._call("Page.captureScreenshot", format="png")["data"]
        with open(target, "wb") as file:
            file.write(base64.b64decode(data))
