"""What only Brevo has: braces by way of a variable, names that it would drop, versions that repeat everything."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from registered import Registered, read
from stand_ins import NOW

from digest.model import Address, Batch, Pattern
from digest.providers.brevo import Brevo

if TYPE_CHECKING:
    from digest.model import Edition

EDITION = nasty.EDITIONS["an ordinary one"]
SENDER = Address(email="editor@example.org")


def brevo(**changes: object) -> Brevo:
    """Return the provider as its stand-in sets it up, but for `changes`."""
    provider = Registered.of("brevo").provider(**changes)
    assert isinstance(provider, Brevo)
    return provider


def body(batch: Batch, **changes: object) -> dict[str, Any]:
    """Return what a request for a batch says."""
    said: dict[str, Any] = json.loads(read(brevo(**changes).build_request(batch)).content)
    return said


@pytest.mark.parametrize("title", nasty.EDITIONS)
def test_a_variable_holds_a_brace_and_nothing_else(title: str) -> None:
    """No value of a reader goes through a variable, as there it might be run as a template."""
    versions = body(nasty.batch(nasty.EDITIONS[title]))["messageVersions"]
    assert [version["params"] for version in versions] == [{"brace": "{"}] * len(nasty.READERS)


def test_what_opens_nothing_stays_as_it_is() -> None:
    """Style sheets are full of braces that mean nothing to a template language."""
    style = "<style>@media print{p{margin:0}}</style>"
    edition = replace(EDITION, html=Pattern.of_html(style))
    assert body(nasty.batch(edition))["messageVersions"][0]["htmlContent"] == style


def test_the_sandbox_is_everywhere() -> None:
    """Whether fields of the message reach its versions is not documented, so nothing is left to chance."""
    said = body(nasty.batch(EDITION), sandbox=True)
    everywhere = [said["headers"], *(version["headers"] for version in said["messageVersions"])]
    assert {headers["X-Sib-Sandbox"] for headers in everywhere} == {"drop"}


def test_the_key_and_the_moment_are_the_messages() -> None:
    """The key of the batch goes into the body, and so does the moment of delivery, with its zone."""
    batch = nasty.batch(replace(EDITION, deliver_at=NOW + timedelta(hours=1)))
    said = body(batch)
    assert said["headers"] == {"idempotencyKey": batch.key}
    assert said["scheduledAt"] == "2026-11-24T10:00:00.000+00:00"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Lovelace, Ada", "Lovelace, Ada"),
        ("Żaneta Zając", "Żaneta Zając"),
        ("Zając, Żaneta", "=?utf-8?b?WmFqxIVjLCDFu2FuZXRh?="),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ("Zając, Żaneta " * 4, "Zając  Żaneta " * 3 + "Zając  Żaneta"),
        ("a" * 71, "a" * 70),
        ("  ", None),
    ],
)
def test_names_are_written_so_that_they_are_kept(name: str, sent: str | None) -> None:
    """Seventy characters are allowed, and one beyond ASCII that has special signs is kept as an encoded word."""
    reader = nasty.subscriber(1, name, "")
    (version,) = body(nasty.batch(EDITION, [reader]))["messageVersions"]
    assert version["to"] == [{"email": reader.email, **({"name": sent} if sent else {})}]


def test_an_event_without_a_moment_is_of_now() -> None:
    """Its other moments are in the account's zone, and nobody says which that is."""
    told = b'{"event": "delivered", "email": "reader1@example.org", "date": "2026-11-24 10:00:00"}'
    headers = httpx.Headers({"Authorization": "Bearer digest:hunter2-hunter2"})
    (event,) = brevo().read_webhook(headers, told, now=NOW, fetch=_domains)
    assert event.at == NOW


def _domains(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/v3/senders/domains"
    assert request.headers["api-key"]
    domains = [
        {"domain_name": name, "authenticated": name == "example.org"} for name in ("example.org", "example.test")
    ]
    return httpx.Response(200, json={"domains": domains, "count": 2})


@pytest.mark.parametrize(
    ("domain", "good", "sentence"),
    [
        ("example.org", True, "Brevo has authenticated example.org"),
        ("example.test", False, "Brevo has not authenticated example.test yet"),
        ("elsewhere.test", False, "Brevo does not know elsewhere.test"),
    ],
)
def test_the_domain_is_examined(domain: str, good: bool, sentence: str) -> None:  # noqa: FBT001  # a column of a table
    """Brevo says whether a domain is authenticated."""
    key, found = brevo().examine(replace(SENDER, email=f"editor@{domain}"), now=NOW, fetch=_domains)
    assert key.good
    assert (found.good, found.sentence) == (good, sentence)


def test_an_edition_is_written_down_once() -> None:
    """Another edition, and the sandbox, are other bodies; the same again is the same."""
    other: Edition = replace(EDITION, slug="another")
    tags = [body(nasty.batch(edition))["tags"] for edition in (EDITION, other, EDITION)]
    assert tags == [["their-languages-100"], ["another"], ["their-languages-100"]]
