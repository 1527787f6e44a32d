"""What the clouds share: HTTP, the control address, faults as they look on the wire, and the log of calls.

A cloud is a subclass of Cloud with a table of routes. README.md says what the control address takes.
"""
import argparse
import http.server
import json
import re
import select
import signal
import socket
import socketserver
import struct
import sys
import threading
import traceback
import urllib.parse

from publisher import Publisher
from scripted_faults import COMMON_FAULTS, FaultScript

MAX_BODY = 2 << 20
REHEARSAL = "x-rehearsal"  # of a checker in front: judge the form of this call, but nothing is to happen

class CloudError(Exception):
    """An answer that is a refusal, in whatever shape the cloud gives it."""

    def __init__(self, status, reason, **details):
        super().__init__(reason)
        self.status, self.reason, self.details = status, reason, details


class Request:
    def __init__(self, method, target, headers, body):
        parts = urllib.parse.urlsplit(target)
        self.method, self.target, self.raw_path = method, target, parts.path
        self.path = urllib.parse.unquote(parts.path)
        self.raw_query = parts.query
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    def json(self):
        """The body, which must be an object; an empty one is no object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise CloudError(400, "The body is not valid JSON") from None
        if not isinstance(value, dict):
            raise CloudError(400, "The body must be a JSON object")
        return value


class Reply:
    def __init__(self, status, body=b"", content_type="application/json", headers=None):
        self.status, self.headers, self.cut, self.notes = status, dict(headers or {}), False, {}
        self.body = body if isinstance(body, bytes) else body.encode()
        if self.body:
            self.headers.setdefault("Content-Type", content_type)

    @classmethod
    def json(cls, status, value, headers=None):
        return cls(status, json.dumps(value), headers=headers)


def set_in(value, path, new):
    """set_in(answer, "data.0.ttl_sec", "30")"""
    *parents, last = path.split(".")
    for step in parents:
        value = value[int(step)] if isinstance(value, list) else value[step]
    value[int(last) if isinstance(value, list) else last] = new


class Cloud:
    ROUTES = []  # (method, pattern of the whole path, name of the function: self, request, *groups -> value or Reply)
    FAULTS = {}

    def __init__(self, options):
        self.lock = threading.RLock()
        self.faults = FaultScript(COMMON_FAULTS | self.FAULTS)
        self.log, self._log_lock = [], threading.Lock()
        self.token_file = options.token_file
        self.seed = {}
        if options.state:
            with open(options.state, encoding="utf-8") as file:
                self.seed = json.load(file)
        self.publisher = Publisher(options.publish, options.publish_key_file, options.delay, self.look_up)
        self._routes = [(method, re.compile(pattern), name) for method, pattern, name in self.ROUTES]

    # What a cloud says for itself.
    def load(self, seed):
        """Forgets everything and begins with `seed`, a fresh copy; publishes what it holds without delay."""

    def look_up(self, zone, name, kind):
        raise NotImplementedError

    def authorise(self, request):
        """Raises CloudError."""

    def error(self, status, reason, **details):
        raise NotImplementedError

    def change(self, what):
        """Somebody else changes something: one row of /_control/change. ValueError when there is no such thing."""
        raise ValueError(f"nothing can be changed here: {what}")

    def change_record(self, number, fields, **stamps):
        """The same, of a cloud that keeps its records by their numbers; without fields the record goes."""
        record = self.records[number]
        self.publish(record)
        if fields is None:
            del self.records[number]
        else:
            record.update(fields, **stamps)
            self.publish(record)

    def rehearse(self, request):
        """Instead of acting, when a fault strikes before the cloud has acted. Only what it notes is used."""
        return Reply(503)

    def reset(self):
        self.faults.clear()
        with self.lock:
            self.load(json.loads(json.dumps(self.seed)))
            self.publisher.restart()
        if not self.publisher.wait_empty(20):
            raise ValueError("PowerDNS does not take what is held: see stderr")
        with self._log_lock:
            self.log.clear()

    def tokens(self):
        """token -> its scopes ([]: all), one a line, read anew for every call."""
        with open(self.token_file, encoding="utf-8") as file:
            lines = [line.split() for line in file if line.strip()]
        return {words[0]: words[1:] for words in lines}

    def bearer(self, request):
        """The scopes of the token that was sent, or None when it is not known."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return self.tokens().get(token) if kind == "Bearer" else None

    def act(self, request, fault):
        """The cloud's true answer. Those faults that only the cloud itself can play it finds in self.fault."""
        try:
            self.authorise(request)
            found = [(method, name, match.groups()) for method, pattern, name in self._routes
                     if (match := pattern.fullmatch(request.path))]
            if not found:
                raise CloudError(404, "Not found")
            for method, name, groups in found:
                if method == request.method:
                    with self.lock:  # until it is text: what is held may change the moment after
                        self.fault = fault
                        value = getattr(self, name)(request, *groups)
                        return value if isinstance(value, Reply) else self.success(value)
            raise CloudError(405, "Method Not Allowed")
        except CloudError as refusal:
            return self.error(refusal.status, refusal.reason, **refusal.details)
        except (KeyError, TypeError, ValueError, AttributeError):  # a body that Prism would have stopped, or our own mistake
            traceback.print_exc()
            return self.error(500, "Internal error")

    def success(self, value):
        return Reply.json(200, value)

    def answer(self, request, connection):
        """The reply, or None when there is to be none; logs the call."""
        if REHEARSAL in request.headers:
            return self.error(503, "rehearsal")
        fault = self.faults.take(request)
        entry = {"method": request.method, "path": request.path, "query": request.raw_query, "fault": fault["kind"],
                 "body": self.without_secrets(request.body[:65536].decode(errors="replace")), "status": None}
        with self._log_lock:
            self.log.append(entry)
        acts = fault.get("acts", fault["kind"] not in ("status", "html", "answer", "timeout_before"))
        reply = self.act(request, fault) if acts else self.rehearse(request)
        entry.update(reply.notes)
        reply = self.with_fault(reply, fault, connection)
        entry["status"] = reply.status if reply is not None else None
        return reply

    def without_secrets(self, text):
        for token in self.tokens() if self.token_file else ():
            text = text.replace(token, "<token>")
        return text

    def with_fault(self, reply, fault, connection):
        kind = fault["kind"]
        if kind in ("status", "html"):
            reply = self.made_up(fault)
        elif kind == "answer":
            reply = Reply.json(fault["status"], fault["json"])
        elif kind in ("timeout_before", "timeout_after"):
            wait_for_end(connection, fault.get("seconds", 60))
            return None
        elif kind == "reset":
            reply.cut = True
        elif kind == "garbage":
            reply.body = reply.body[:len(reply.body) // 2] + b"\x00\xff{"
        elif kind == "edit":
            value = json.loads(reply.body)
            for path, new in fault["set"].items():
                set_in(value, path, new)
            reply.body = json.dumps(value).encode()
        elif kind == "second_writer":
            with self.lock:
                for row in fault["change"]:
                    self.change(row)
        return reply

    def made_up(self, fault):
        status = fault.get("status", 502)
        if fault["kind"] == "html":
            text = f"<html>\r\n<head><title>{status}</title></head>\r\n<body><center><h1>{status}</h1></center>" \
                   "<hr><center>nginx</center></body>\r\n</html>\r\n"
            return Reply(status, text, "text/html")
        details = {"code": fault["code"]} if "code" in fault else {}
        reply = self.error(status, fault.get("reason", "A fault that was asked for"), **details)
        if "retry_after" in fault:
            reply.headers["Retry-After"] = str(fault["retry_after"])
        return reply

    def control(self, request):
        name, verb = request.path.removeprefix("/_control/"), request.method
        try:
            value = json.loads(request.body) if request.body else None
            if (name, verb) == ("faults", "POST"):
                self.faults.add(value)
            elif (name, verb) == ("faults", "DELETE"):
                self.faults.clear()
            elif (name, verb) == ("log", "GET"):
                with self._log_lock:
                    return Reply.json(200, self.log)
            elif (name, verb) == ("change", "POST"):
                with self.lock:
                    for row in value:
                        self.change(row)
            elif (name, verb) == ("reset", "POST"):
                self.reset()
            elif (name, verb) == ("publication", "POST"):
                self.publisher.delay = float(value.get("delay", self.publisher.delay))
                self.publisher.paused = bool(value.get("paused", self.publisher.paused))
                self.publisher.wake()
            elif (name, verb) != ("publication", "GET"):
                return Reply.json(404, {"error": "no such control"})
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
            return Reply.json(400, {"error": f"{type(error).__name__}: {error}"})
        return Reply.json(200, {"delay": self.publisher.delay, "paused": self.publisher.paused,
                                "pending": self.publisher.pending()})


def wait_for_end(connection, seconds):
    """Says nothing until the client gives up, or for so long."""
    ready, _, _ = select.select([connection], [], [], seconds)
    if ready:
        connection.recv(1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server_version, sys_version = "cloud", ""

    def respond(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return self.deliver(Reply(411, "a body needs a Content-Length of at most 2 MiB", "text/plain"))
        request = Request(self.command, self.path, self.headers, self.rfile.read(int(length)))
        cloud = self.server.cloud
        if request.path.startswith("/_control/"):
            return self.deliver(cloud.control(request))
        reply = cloud.answer(request, self.connection)
        if reply is None:
            self.close_connection = True
            return None
        return self.deliver(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

    def deliver(self, reply):
        phrase = http.server.BaseHTTPRequestHandler.responses.get(reply.status, ("",))[0]
        head = [f"HTTP/1.1 {reply.status} {phrase}", f"Date: {self.date_time_string()}", f"Content-Length: {len(reply.body)}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        message = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + reply.body
        if reply.cut:  # RST in the middle of the body
            self.connection.sendall(message[:len(message) - max(1, len(reply.body) // 2)])
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.connection.sendall(message)

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass  # the client went first, or was thrown out

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # clients may go at any time
            super().handle_error(request, client_address)


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="no port: a free one, which is printed")
    parser.add_argument("--token-file", help="one token a line, and after it the scopes it has (none: all)")
    parser.add_argument("--state", metavar="FILE", help="JSON: what there is at the beginning (README.md)")
    parser.add_argument("--publish", metavar="URL", help="the API of a PowerDNS that serves the same zones")
    parser.add_argument("--publish-key-file", metavar="FILE")
    parser.add_argument("--delay", type=float, default=2, metavar="SECONDS", help="from a change to its publication")
    return parser


def serve(cloud, options):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    cloud.reset()
    host, _, port = options.listen.rpartition(":")
    with Server((host, int(port)), Handler) as server:
        server.cloud = cloud
        print(f"listening on http://{host}:{server.server_address[1]}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
