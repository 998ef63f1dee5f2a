"""What only Resend has: keys, signing secrets of a form of their own, and keys that may only send."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from nasty import EDITIONS, READERS, batch
from stand_ins import NOW

from digest.errors import SettingsError
from digest.model import Address
from digest.providers import Setup
from digest.providers.resend import Resend

ENVIRON = {"RESEND_API_KEY": "re_0123456789abcdef"}
EDITOR = Address(email="editor@example.org")


def resend(webhook: str = "") -> Resend:
    """Return the provider with the signing secret of its webhook."""
    return Resend.from_settings(Setup(root=Path(), environ={**ENVIRON, "RESEND_WEBHOOK_SECRET": webhook}))


def test_a_batch_bears_its_key() -> None:
    """The key of a batch goes with it, so that the same batch again is the same request."""
    sent = batch(EDITIONS["an ordinary one"], READERS[:2])
    assert resend().build_request(sent).headers["Idempotency-Key"] == sent.key


def test_a_secret_of_another_kind_is_told() -> None:
    """A signing secret that cannot be one is a fault of the settings, and is not shown."""
    headers = httpx.Headers({"svix-id": "x", "svix-timestamp": "1", "svix-signature": "v1,x"})
    with pytest.raises(SettingsError, match="RESEND_WEBHOOK_SECRET is no signing secret") as caught:
        resend("whsec_no base64!").read_webhook(headers, b"{}", now=NOW, fetch=nobody)
    assert "no base64" not in "\n".join(caught.value.lines())


def nobody(request: httpx.Request) -> httpx.Response:
    """Answer that nothing is here."""
    return httpx.Response(404, request=request)


@pytest.mark.parametrize(
    ("answer", "good", "words"),
    [
        ({"data": [{"name": "example.org", "status": "verified"}]}, [True, True], "has verified example.org"),
        ({"data": [{"name": "example.org", "status": "pending"}]}, [True, False], "example.org is pending"),
        ({"data": []}, [True, False], "does not know example.org"),
        ({"name": "restricted_api_key", "message": "This API key is restricted"}, [True], "which may only send"),
        ({"name": "invalid_api_key", "message": "API key is invalid"}, [False], "API key is invalid"),
    ],
)
def test_the_domain_is_looked_up(answer: dict[str, object], good: list[bool], words: str) -> None:
    """Its domains say whether the sender's is verified; a key that may only send is good, too."""

    def domains(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/domains"
        assert request.headers["Authorization"] == "Bearer re_0123456789abcdef"
        return httpx.Response(200 if "data" in answer else 401, json=answer)

    findings = resend().examine(EDITOR, now=NOW, fetch=domains)
    assert [finding.good for finding in findings] == good
    assert words in findings[-1].sentence
    assert all(finding.good or finding.hint for finding in findings)
