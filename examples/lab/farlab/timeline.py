"""What happened when, counted from the fault, printed as it happens."""

import sys
import threading
import time


class Timeline:
    """Thread safe. Times are of the monotonic clock, which all processes of one machine share."""

    def __init__(self, out=sys.stdout):
        self._out = out
        self._lock = threading.Lock()
        self._events = {}
        self.fault_at, self.first_fault_at = None, None

    def say(self, text):
        with self._lock:
            print(text, file=self._out, flush=True)

    def event(self, name, detail="", when=None):
        """Only the first of a name counts; True then."""
        when = time.monotonic() if when is None else when
        with self._lock:
            if name in self._events:
                return False
            self._tell(name, detail, when)
            return True

    def _tell(self, name, detail, when):
        self._events[name] = when
        since = f"{when - self.fault_at:+9.3f} s" if self.fault_at is not None else " " * 11
        print(f"{since}  {name}{': ' + detail if detail else ''}", file=self._out, flush=True)

    def fault(self, name):
        """From here on times are counted from this one."""
        with self._lock:
            self.fault_at = time.monotonic()
            self.first_fault_at = self.first_fault_at or self.fault_at
            self._tell("fault", name, self.fault_at)

    def healed(self, name):
        with self._lock:
            self._tell("healed", name, time.monotonic())

    def at(self, name):
        return self._events.get(name)

    def since_fault(self, name):
        """Seconds, or None for what did not happen."""
        when = self._events.get(name)
        return None if when is None else round(when - self.fault_at, 4)


def monotonic_of_wall(wall_seconds):
    """A wall-clock instant of this machine on the monotonic clock."""
    return wall_seconds - time.time() + time.monotonic()
