"""Which calls go wrong and how: README.md lists the kinds."""
import json
import re
import threading

# kind -> (fields it must have, fields it may have). What a cloud adds stands in its FAULTS.
COMMON_FAULTS = {
    "status": (("status",), ("retry_after", "reason", "code", "acts")),
    "html": ((), ("status", "acts")),
    "answer": (("status", "json"), ("acts",)),
    "timeout_before": ((), ("seconds",)),
    "timeout_after": ((), ("seconds",)),
    "reset": ((), ()),
    "garbage": ((), ()),
    "edit": (("set",), ()),
    "second_writer": (("change",), ()),
}


class FaultScript:
    """What goes wrong, how often, and with which calls; the first row that fits a call is used."""

    def __init__(self, kinds):
        self._kinds, self._rows, self._lock = kinds, [], threading.Lock()

    def add(self, rows):
        if not isinstance(rows, list):
            raise ValueError("a list of faults is wanted")
        new = [self._checked(row) for row in rows]
        with self._lock:
            self._rows += new

    def _checked(self, row):
        fault, match = row.get("fault", {}), row.get("match", {})
        unknown = set(row) - {"fault", "match", "times", "after"} | set(match) - {"method", "path"}
        must, may = self._kinds.get(fault.get("kind"), ((), ()))
        if fault.get("kind") not in self._kinds or unknown or set(must) - set(fault) or set(fault) - {"kind", *must, *may}:
            raise ValueError(f"no such fault: {json.dumps(row)}")
        return {"fault": fault, "method": match.get("method"), "path": re.compile(match.get("path", "")),
                "times": row.get("times", 1), "after": row.get("after", 0)}

    def take(self, request):
        with self._lock:
            for row in self._rows:
                if row["method"] not in (None, request.method) or not row["path"].search(request.path):
                    continue
                if row["after"] > 0:
                    row["after"] -= 1
                    continue
                if row["times"] is not None:  # null: for ever
                    row["times"] -= 1
                    if row["times"] <= 0:
                        self._rows.remove(row)
                return row["fault"]
        return {"kind": None}

    def clear(self):
        with self._lock:
            self._rows.clear()
