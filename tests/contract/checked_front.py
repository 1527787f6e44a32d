#!/usr/bin/python3
"""Stands before `prism proxy --errors`: hands every call to it, writes down the violations that it finds in the request or in
the answer, and plays the faults that no API description allows (HTML, garbage, a cut, silence) after Prism has judged."""
import http.client
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/lab/clouds"))
import cloud_server  # noqa: E402
from cloud_server import REHEARSAL, Reply  # noqa: E402

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "expect", "date"}
PRISM_ERRORS = "https://stoplight.io/prism/errors#"


def judgement(answer, body):
    """The violations that Prism found, in its header or in the answer that it made up; and whether what stands behind
    it hung up, which to the client must look like a server that hangs up."""
    header = answer.getheader("sl-violations", "[]")
    if not header.startswith("["):  # too many for a header
        return [header], False
    found = [f"{'.'.join(one['location'])}: {one['message']}" for one in json.loads(header) if one["severity"] == "Error"]
    if found or not answer.getheader("content-type", "").startswith("application/problem+json"):
        return found, False
    problem = json.loads(body)
    if not problem.get("type", "").startswith(PRISM_ERRORS):
        return [], True
    details = problem.get("validation", [{"location": [], "message": problem.get("detail")}])
    return [f"{problem['title']}: {'.'.join(one['location'])}: {one['message']}" for one in details], False


class Front(cloud_server.Cloud):
    def __init__(self, options):
        super().__init__(options)
        self.prism = urllib.parse.urlsplit(options.prism)
        self.rehearsable = options.rehearsable

    def act(self, request, fault):
        return self.forward(request, {})

    def rehearse(self, request):
        return self.forward(request, {REHEARSAL: "1"}) if self.rehearsable else Reply(503)

    def error(self, status, reason, **details):
        return Reply.json(status, {"error": reason} | details)

    def forward(self, request, further):
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP} | further
        wire = http.client.HTTPConnection(self.prism.hostname, self.prism.port, timeout=120)
        try:
            wire.request(request.method, request.target, request.body or None, headers)
            answer = wire.getresponse()
            body = answer.read()
            reply = Reply(answer.status, body, headers={
                name: value for name, value in answer.getheaders()
                if name.lower() not in HOP_BY_HOP and not name.lower().startswith("access-control-")})
            found, reply.cut = judgement(answer, body)
            reply.notes = {"violations": found}
            return reply
        except (OSError, http.client.HTTPException, ValueError) as error:
            reply = Reply(502)
            reply.cut, reply.notes = True, {"violations": [f"Prism does not answer: {error}"]}
            return reply
        finally:
            wire.close()


def main():
    parser = cloud_server.arguments(__doc__)
    parser.add_argument("--prism", required=True, metavar="URL")
    parser.add_argument("--rehearsable", action="store_true", help="what stands behind Prism is one of the clouds")
    options = parser.parse_args()
    cloud_server.serve(Front(options), options)


if __name__ == "__main__":
    main()
