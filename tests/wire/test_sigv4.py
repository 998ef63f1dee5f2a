"""Signature Version 4, held to what botocore makes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from digest.wire.bodies import Body
from digest.wire.sigv4 import Signer, query_of

_KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
_JSON = {"Content-Type": "application/json"}
_QUERY = query_of({"StartDate": "2026-11-24T09:00:00Z", "PageSize": "1000", "NextToken": "+/ß ~*=="})
_LARGE = Body([b"snow " * 50_000, "Жąß ".encode(), b"x" * 300_000])


@pytest.mark.parametrize("token", ["", "IQoJb3JpZ2luX2VjE//////////wEaCXVzLWVhc3Q="], ids=["lasting", "temporary"])
@pytest.mark.parametrize(
    ("method", "url", "headers", "body"),
    [
        ("POST", "https://email.eu-west-1.amazonaws.com/v2/email/outbound-bulk-emails", _JSON, _LARGE),
        ("POST", "http://127.0.0.1:8080/proxy/v2/email/outbound-bulk-emails", _JSON, Body([b"{}"])),
        ("GET", "https://email.eu-west-1.amazonaws.com/v2/email/account", {}, Body([])),
        ("GET", "https://email.eu-west-1.amazonaws.com/v2/email/identities/a%40example.org", {}, Body([])),
        ("GET", "https://email.eu-west-1.amazonaws.com", {}, Body([])),
        ("GET", f"https://email.eu-west-1.amazonaws.com/v2/email/suppression/addresses?{_QUERY}", {}, Body([])),
    ],
)
def test_requests_are_signed_as_botocore_signs_them(
    method: str, url: str, headers: dict[str, str], body: Body, token: str
) -> None:
    """The same request of the same moment has the same signature, whoever makes it."""
    theirs = AWSRequest(method, url, headers=headers, data=b"".join(body))
    SigV4Auth(Credentials(*_KEYS, token or None), "ses", "eu-west-1").add_auth(theirs)
    at = datetime.strptime(theirs.context["timestamp"], SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    signer = Signer(service="ses", region="eu-west-1", key_id=_KEYS[0], secret=_KEYS[1], session_token=token)
    assert signer.sign(method, url, at, headers=headers, body=body) == dict(theirs.headers)
