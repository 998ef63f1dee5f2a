"""What only Scaleway has: a project, one region, and Reply-To as a header field."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from registered import Registered, read
from services.scaleway import STAND_IN, certificate, serving, signed
from stand_ins import NOW

from digest.errors import ProviderError, SettingsError
from digest.model import Address
from digest.providers.scaleway import Scaleway
from digest.wire.webhooks import ForgedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Event
    from digest.wire import Fetch

EDITION = nasty.EDITIONS["an ordinary one"]
SENDER = Address(email="editor@example.org")
PROJECT = "8a512135-9f5f-42b3-a900-9fdf0195b563"


def scaleway(**options: object) -> Scaleway:
    """Return the provider with these options besides a project."""
    provider = Registered.of("scaleway").provider(options={"project_id": PROJECT, **options})
    assert isinstance(provider, Scaleway)
    return provider


def test_the_one_region_that_has_it() -> None:
    """The region is a part of the address, and there is nothing to choose."""
    request = scaleway().build_request(nasty.batch(EDITION, nasty.READERS[:1]))
    assert str(request.url) == "https://api.scaleway.com/transactional-email/v1alpha1/regions/fr-par/emails"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"region": "nl-ams"}, 'has no option "region"'),
        ({"project_id": "my project"}, "must be the ID of a project"),
    ],
)
def test_options_are_checked(options: dict[str, object], sentence: str) -> None:
    """A region, where there is none to choose, and what is no ID, are faults of the settings."""
    with pytest.raises(SettingsError, match=sentence):
        scaleway(**options)


def test_a_project_is_needed() -> None:
    """Nothing can be sent without saying whose it is."""
    with pytest.raises(SettingsError, match='needs the option "project_id"'):
        Registered.of("scaleway").provider(options={})


def test_reply_to_is_a_header_field_in_ascii() -> None:
    """It has no property of its own, and names beyond ASCII are encoded in header fields."""
    edition = replace(EDITION, reply_to=Address(email="answers@example.org", name="Zürich"))
    request = scaleway().build_request(nasty.batch(edition, nasty.READERS[:1]))
    message: dict[str, Any] = json.loads(read(request).content)
    headers = {header["key"]: header["value"] for header in message["additional_headers"]}
    assert headers["Reply-To"] == "=?utf-8?q?Z=C3=BCrich?= <answers@example.org>"


def _domains(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/transactional-email/v1alpha1/regions/fr-par/domains"
    assert request.url.params["project_id"] == PROJECT
    states = {"example.org": "checked", "example.test": "pending"}
    name = request.url.params["name"]
    domains = [{"name": name, "status": states[name]}] if name in states else []
    return httpx.Response(200, json={"total_count": len(domains), "domains": domains})


@pytest.mark.parametrize(
    ("domain", "good", "sentence"),
    [
        ("example.org", True, "Scaleway has checked example.org"),
        ("example.test", False, "Scaleway says that example.test is pending"),
        ("elsewhere.test", False, "Scaleway does not know elsewhere.test in this project"),
    ],
)
def test_the_domain_is_examined(domain: str, good: bool, sentence: str) -> None:  # noqa: FBT001  # a column of a table
    """Scaleway says how a domain of the project stands."""
    key, found = scaleway().examine(replace(SENDER, email=f"editor@{domain}"), now=NOW, fetch=_domains)
    assert key.good
    assert (found.good, found.sentence) == (good, sentence)


def heard(body: bytes, fetch: Fetch, **options: object) -> Sequence[Event]:
    """Return what a provider that has heard nothing before makes of a call."""
    provider = scaleway(**{"topic": STAND_IN.options["topic"], **options})
    return provider.read_webhook(httpx.Headers(), body, now=NOW, fetch=fetch)


def test_a_certificate_has_to_be_of_its_authority() -> None:
    """Whoever makes a certificate of the same name by an authority of their own is not believed."""
    theirs = certificate(authority_key=generate_private_key(public_exponent=65537, key_size=2048))
    with pytest.raises(ForgedError, match="is not of Scaleway's authority"):
        heard(STAND_IN.calls[0].body, serving(theirs))


def test_a_certificate_has_an_end() -> None:
    """One that is past its end proves nothing."""
    with pytest.raises(ForgedError, match="is not of now"):
        heard(STAND_IN.calls[0].body, serving(certificate(end=NOW - timedelta(seconds=1))))


def test_certificates_that_cannot_be_read_prove_nothing() -> None:
    """A page where a certificate should be is told."""
    with pytest.raises(ProviderError, match="cannot be read"):
        heard(STAND_IN.calls[0].body, serving(b"<html></html>"))


@pytest.mark.parametrize(
    "url",
    [
        "http://messaging.s3.fr-par.scw.cloud/fr-par/sns/sns_certificate_1.crt",
        "https://another.s3.fr-par.scw.cloud/fr-par/sns/sns_certificate_1.crt",
        "https://messaging.s3.fr-par.scw.cloud@example.test/sns_certificate_1.crt",
        "https://messaging.s3.fr-par.scw.cloud.example.test/sns_certificate_1.crt",
        "https://messaging.s3.fr-par.scw.cloud/x?y",
    ],
)
def test_certificates_are_fetched_of_scaleway_alone(url: str) -> None:
    """No other address is asked for a certificate, whatever a call says."""
    with pytest.raises(ForgedError, match="certificate"):
        heard(signed(Message="{}", SigningCertURL=url), nobody)


def nobody(request: httpx.Request) -> httpx.Response:
    """Fail, as nobody is to be asked."""
    raise AssertionError(request.url)


def test_without_a_topic_nobody_is_believed() -> None:
    """Anyone can make a topic, and have Scaleway sign what it tells."""
    with pytest.raises(SettingsError, match="the option topic is not set"):
        scaleway().read_webhook(httpx.Headers(), STAND_IN.calls[0].body, now=NOW, fetch=nobody)
    other = "arn:scw:sns:fr-par:project-11111111-2222-3333-4444-555555555555:newsletter"
    with pytest.raises(ForgedError, match="of another topic"):
        heard(STAND_IN.calls[0].body, nobody, topic=other)
