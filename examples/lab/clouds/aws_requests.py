"""Judges a request as AWS would: its signature, and its XML body against the service's model.

Needs Debian's python3-botocore and a folder with the model (route53/2013-04-01/service-2.json), as botocore publishes it.
Source of the algorithm: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""
import calendar
import hmac
import re
import time
import xml.etree.ElementTree

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.validate

from cloud_server import CloudError

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
CLOCK_SKEW_SECONDS = 15 * 60


def check_signature(request, keys, region, service):
    """keys: access key -> [secret, session token if it has one]. Raises CloudError with AWS's own codes."""
    header = request.headers.get("authorization")
    if header is None:
        raise CloudError(403, "Missing Authentication Token", code="MissingAuthenticationToken")
    found = AUTHORIZATION.fullmatch(header)
    stamp = request.headers.get("x-amz-date", "")
    if not found or not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise CloudError(400, "The request signature does not conform to AWS standards.", code="IncompleteSignature")
    key, day, its_region, its_service, names, signature = found.groups()
    if key not in keys:
        raise CloudError(403, "The security token included in the request is invalid.", code="InvalidClientTokenId")
    if (day, its_region, its_service) != (stamp[:8], region, service):
        raise CloudError(403, f"Credential should be scoped to {region}/{service}.", code="SignatureDoesNotMatch")
    if abs(calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.time()) > CLOCK_SKEW_SECONDS:
        raise CloudError(403, "Signature expired", code="SignatureDoesNotMatch")
    secret, *token = keys[key]
    if token and request.headers.get("x-amz-security-token") != token[0]:
        raise CloudError(403, "The security token included in the request is invalid.", code="InvalidClientTokenId")
    signed = names.split(";")
    if "host" not in signed or not hmac.compare_digest(expected(request, signed, secret, key, region, service), signature):
        raise CloudError(403, "The request signature we calculated does not match the signature you provided. Check your AWS "
                         "Secret Access Key and signing method.", code="SignatureDoesNotMatch")


def expected(request, signed, secret, key, region, service):
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), service, region)
    # A header that was signed and not sent counts as empty, so the signatures differ.
    headers = {name: request.headers.get(name, "") for name in signed}
    again = botocore.awsrequest.AWSRequest(request.method, f"https://{headers.get('host')}{request.target}", headers, request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    return signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)


class Model:
    def __init__(self, folder):
        loader = botocore.loaders.Loader(extra_search_paths=[folder], include_default_search_paths=False)
        self._service = botocore.model.ServiceModel(loader.load_service_model("route53", "service-2", "2013-04-01"))
        self._parser = botocore.parsers.RestXMLParser()
        self._validator = botocore.validate.ParamValidator()

    def read_batch(self, body):
        """The ChangeBatch of a request, as botocore would hand it to a program. Raises CloudError."""
        try:
            root = xml.etree.ElementTree.fromstring(body)
        except xml.etree.ElementTree.ParseError as error:
            raise CloudError(400, f"Could not parse XML: {error}", code="InvalidInput") from None
        batch = root.find(f"{{{NAMESPACE}}}ChangeBatch")
        if root.tag != f"{{{NAMESPACE}}}ChangeResourceRecordSetsRequest" or batch is None:
            raise CloudError(400, f"The root or its namespace is wrong: {root.tag}", code="InvalidInput")
        shape = self._service.shape_for("ChangeBatch")
        check_form(batch, shape)
        value = self._parser._parse_shape(shape, batch)  # what the library itself reads answers with
        self._validate(value, shape, CloudError)
        return value

    def check_answer(self, operation, body):
        """ValueError when we give what the model does not allow."""
        shape = self._service.operation_model(operation).output_shape
        value = self._parser.parse({"status_code": 200, "headers": {}, "body": body.encode()}, shape)
        value.pop("ResponseMetadata", None)
        self._validate(value, shape, lambda _status, report, code: ValueError(report))

    def _validate(self, value, shape, error):
        report = self._validator.validate(value, shape)
        if report.has_errors():
            raise error(400, report.generate_report(), code="InvalidInput")


def check_form(node, shape):
    """Elements that are known, in the model's order, with values of its enumerations: botocore checks none of these."""
    if shape.type_name == "structure":
        order = [member.serialization.get("name", name) for name, member in shape.members.items()]
        members = dict(zip(order, shape.members.values()))
        positions = [order.index(name) if (name := tag_of(child)) in members else -1 for child in node]
        if -1 in positions or positions != sorted(set(positions)):
            raise CloudError(400, f"{tag_of(node)}: elements that are unknown, twice or out of order", code="InvalidInput")
        for child in node:
            check_form(child, members[tag_of(child)])
    elif shape.type_name == "list":
        for child in node:
            if tag_of(child) != shape.member.serialization.get("name", "member"):
                raise CloudError(400, f"{tag_of(node)} has {tag_of(child)} in it", code="InvalidInput")
            check_form(child, shape.member)
    elif getattr(shape, "enum", None) and node.text not in shape.enum:
        raise CloudError(400, f"{tag_of(node)}: {node.text} is none of {', '.join(shape.enum)}", code="InvalidInput")


def tag_of(node):
    """Without its namespace, which must be the service's."""
    return node.tag.removeprefix(f"{{{NAMESPACE}}}")
