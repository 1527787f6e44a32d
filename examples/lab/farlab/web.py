"""Small HTTP calls of the lab itself, each with a limit."""

import json
import urllib.error
import urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the lab never leaves the machine


def call(url, method="GET", body=None, headers=None, timeout=2.0):
    """Parsed JSON (None when there is no body). OSError (URLError is one) when it fails or says an error status."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    with OPENER.open(request, timeout=timeout) as answer:
        text = answer.read()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode("utf-8", "replace")


def answers(url, timeout=1.0):
    """True when something speaks HTTP there and is content."""
    try:
        call(url, timeout=timeout)
        return True
    except OSError:
        return False
