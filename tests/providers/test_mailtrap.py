"""What only Mailtrap has: a part that messages share, streams and sandboxes at hosts of their own, a log by pages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from nasty import COVER, EDITIONS, READERS, batch
from stand_ins import NOW

from digest.errors import ContentError, ProviderError, SettingsError
from digest.model import Address, Pattern, State
from digest.providers import Setup
from digest.providers.mailtrap import Mailtrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Batch

ENVIRON = {"MAILTRAP_API_KEY": "0123456789abcdef-mailtrap", "MAILTRAP_WEBHOOK_SECRET": "fedcba9876543210-signing"}
ORDINARY = EDITIONS["an ordinary one"]
THREE = batch(ORDINARY, READERS[:3])
EDITOR = Address(email="editor@example.org")


def mailtrap(*, sandbox: bool = False, **options: object) -> Mailtrap:
    """Return the provider with these options."""
    return Mailtrap.from_settings(Setup(root=Path(), options=options, environ=ENVIRON, sandbox=sandbox))


def said(of: Batch) -> dict[str, Any]:
    """Return what a request says."""
    body: dict[str, Any] = json.loads(mailtrap().build_request(of).read())
    return body


def test_what_is_the_same_for_all_goes_once() -> None:
    """Texts without fields of the reader, and images, are in the part that the messages share."""
    plain = Pattern.of_html("<p>Snow</p>" * 1000)
    body = said(batch(replace(ORDINARY, html=plain, images=(COVER,)), READERS[:3]))
    assert {"html", "attachments"} <= set(body["base"])
    assert all({"html", "attachments"}.isdisjoint(request) for request in body["requests"])


def test_each_has_all_header_fields() -> None:
    """Header fields are in each message, since those of the shared part would be replaced as a whole."""
    body = said(THREE)
    assert "headers" not in body["base"]
    assert all(set(request["headers"]) == set(ORDINARY.headers) for request in body["requests"])


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        (mailtrap(), "https://bulk.api.mailtrap.io/api/batch"),
        (mailtrap(stream="transactional"), "https://send.api.mailtrap.io/api/batch"),
        (mailtrap(sandbox=True, sandbox_id=4711), "https://sandbox.api.mailtrap.io/api/batch/4711"),
    ],
)
def test_each_stream_has_its_host(provider: Mailtrap, url: str) -> None:
    """The stream and the sandbox are chosen by where a batch goes."""
    assert str(provider.build_request(THREE).url) == url


def test_a_sandbox_must_be_named() -> None:
    """Without the number of a sandbox, nothing can be caught there; a stream that there is not is a fault, too."""
    with pytest.raises(SettingsError, match="which of your sandboxes"):
        mailtrap(sandbox=True)
    with pytest.raises(SettingsError, match='"bulk"` or `"transactional'):
        mailtrap(stream="slow")


def test_what_would_be_replaced_is_refused() -> None:
    """An issue that holds the one thing that Mailtrap replaces is told of, not changed."""
    edition = replace(ORDINARY, text=Pattern.of_text("Write __unsubscribe_url__ into it."))
    with pytest.raises(ContentError, match="which Mailtrap replaces"):
        mailtrap().build_request(batch(edition))


class Log:
    """Mailtrap's log of one account, a message a page, of which the variables are given."""

    def __init__(self, known: Sequence[dict[str, str]]) -> None:
        self._known = known

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer for the accounts, or a search."""
        assert str(request.url).startswith("https://mailtrap.io/api/accounts")
        assert request.headers["Authorization"] == "Bearer 0123456789abcdef-mailtrap"
        if request.url.path == "/api/accounts":
            return httpx.Response(200, json=[{"id": 3229, "name": "Past the Plateau", "access_levels": [100]}])
        assert request.url.path == "/api/accounts/3229/email_logs"
        asked = request.url.params
        assert asked["filters[sent_after]"] == "2026-11-24T08:50:00+00:00"
        assert asked["filters[category][operator]"] == "equal"
        assert asked["filters[category][value]"] == said(THREE)["base"]["category"]
        return httpx.Response(200, json=self._page(int(asked.get("search_after", 0))))

    def _page(self, place: int) -> dict[str, object]:
        listed = [{"message_id": f"m{place}", "custom_variables": one} for one in self._known[place : place + 1]]
        cursor = str(place + 1) if place + 1 < len(self._known) else None
        return {"messages": listed, "total_count": len(self._known), "next_page_cursor": cursor}


def test_the_log_settles_who_is_in_it() -> None:
    """Whoever is in the log, by this batch, was sent; others stay in doubt, as the log may not be complete."""
    first, second, third = THREE.correlation_ids
    ours = [{"correlation_id": name, "batch": THREE.key} for name in (third, first)]
    earlier = {"correlation_id": second, "batch": "an attempt before"}
    receipts = mailtrap().consult_log(THREE, Log([earlier, *ours, {}]))
    assert [(receipt.state, receipt.message_id) for receipt in receipts] == [
        (State.SENT, "m2"),
        (State.IN_DOUBT, ""),
        (State.SENT, "m1"),
    ]


def test_a_log_without_our_names_tells_nothing() -> None:
    """Where the log does not tell the variables of a message, nothing is known, rather than that nobody got it."""

    def log(request: httpx.Request) -> httpx.Response:
        page = {"messages": [{"message_id": "m1"}], "total_count": 1, "next_page_cursor": None}
        return httpx.Response(200, json=[{"id": 3229}] if request.url.path == "/api/accounts" else page)

    with pytest.raises(ProviderError):
        mailtrap().consult_log(THREE, log)


@pytest.mark.parametrize(
    ("domain", "good", "words"),
    [
        ({"domain_name": "example.org", "compliance_status": "compliant"}, [True, True], "is compliant"),
        ({"domain_name": "example.org", "compliance_status": "unverified_dns"}, [True, False], "is unverified_dns"),
        ({"domain_name": "example.net", "compliance_status": "compliant"}, [True, False], "does not know example.org"),
        (
            {"domain_name": "example.org", "compliance_status": "compliant", "open_tracking_enabled": True},
            [True, True, False],
            "tracks what readers",
        ),
    ],
)
def test_the_domain_is_looked_up(domain: dict[str, object], good: list[bool], words: str) -> None:
    """Its domains say whether the sender's is verified, and whether it tracks readers, which no message can forbid."""

    def service(request: httpx.Request) -> httpx.Response:
        accounts = request.url.path == "/api/accounts"
        assert accounts or request.url.path == "/api/accounts/3229/sending_domains"
        return httpx.Response(200, json=[{"id": 3229}] if accounts else {"data": [domain]})

    findings = mailtrap().examine(EDITOR, now=NOW, fetch=service)
    assert [finding.good for finding in findings] == good
    assert words in findings[-1].sentence
    assert all(finding.good or finding.hint for finding in findings)
