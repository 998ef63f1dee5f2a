"""What providers tell of mail, as the server hears it."""

from __future__ import annotations

import hmac
import json
import logging
import re
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from mailing_room import edition, freeze
from serving_stage import SECRET

from digest.errors import ProviderError, SettingsError
from digest.model import EventKind, Standing, Tally
from digest.providers import Setup
from digest.providers.outbox import Outbox
from digest.store import open_store
from digest.web.clerk import Clerk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Program
    from serving_stage import Serve, Served

    from digest.model import Event
    from digest.store import Store

KEY = b"a signing key"
NAMES = count()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send by Resend; the secrets of Postmark are still there, from before."""
    monkeypatch.setenv("DIGEST_PROVIDER", "resend")
    monkeypatch.setenv("RESEND_API_KEY", "re_0123456789")
    monkeypatch.setenv("RESEND_WEBHOOK_SECRET", f"whsec_{b64encode(KEY).decode()}")
    monkeypatch.setenv("POSTMARK_SERVER_TOKEN", "0123456789-token")
    monkeypatch.setenv("POSTMARK_WEBHOOK_AUTH", "postmark:a long password")


def news(kind: str = "email.bounced", email: str = "ada@example.org", **data: object) -> bytes:
    """Return what Resend says of a message."""
    told = {"email_id": "m-1", "to": [email], "bounce": {"type": "Permanent", "message": f"{email} is gone"}, **data}
    return json.dumps(
        {"type": kind, "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}", "data": told}
    ).encode()


def signed(body: bytes, name: str = "") -> dict[str, str]:
    """Return the header fields by which Resend proves a call."""
    name, stamp = name or f"msg_{next(NAMES)}", str(int(datetime.now(UTC).timestamp()))
    mac = hmac.digest(KEY, b".".join((name.encode(), stamp.encode(), body)), "sha256")
    return {"svix-id": name, "svix-timestamp": stamp, "svix-signature": f"v1,{b64encode(mac).decode()}"}


def call(served: Served, body: bytes, headers: dict[str, str] | None = None, provider: str = "resend") -> int:
    """Call the webhook, rightly signed unless there are other header fields; return the status of the answer."""
    headers = signed(body) if headers is None else headers
    return served.client.post(f"/webhooks/{provider}", content=body, headers=headers).status_code


def standing(served: Served, email: str = "ada@example.org") -> Standing:
    """Return how a reader stands, on disk."""
    reader = served.store.subscribers.find(email)
    assert reader
    return reader.standing


def test_bounce(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """It is on disk when it is answered, and kept once; the metrics count it, and no log names the reader."""
    caplog.set_level(logging.INFO)
    served, body = serve(), news()
    headers = signed(body)
    assert [call(served, body, headers), call(served, body, headers)] == [200, 200]
    assert standing(served) is Standing.BOUNCED
    assert call(served, news("domain.created")) == 200
    reader = served.store.subscribers.find("ada@example.org")
    assert reader
    assert [(item.kind, item.reason) for item in served.store.news.of_reader(reader.id)] == [
        (EventKind.BOUNCED, "… is gone")
    ]
    metrics = served.client.get("/metrics").text
    assert re.search(r'digest_events_total\{kind="bounced",provider="resend"\} \d', metrics)
    assert "ada@" not in caplog.text + metrics


def test_calls_that_are_refused(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """What is not the service's, or cannot be read, is 400; the log says why, and has no password and no address."""
    served, body = serve(), news()
    forged = {**signed(body), "svix-signature": "v1,AAAA"}
    garbage = b'{"type": "ada@example.org'
    assert [call(served, body, forged), call(served, body, {}), call(served, garbage)] == [400, 400, 400]
    assert call(served, b'{"RecordType": "Bounce"}', {"Authorization": "Basic bm9ib2R5OmE="}, "postmark") == 400
    assert standing(served) is Standing.ACTIVE
    assert "a call of resend was refused: the signature of the call is not the service's" in caplog.text
    assert not any(hidden in caplog.text for hidden in ("ada@", "long password", "a signing key"))
    assert re.search(r'digest_refused_calls_total\{provider="postmark"\} \d', served.client.get("/metrics").text)


def test_who_may_call(serve: Serve) -> None:
    """The provider that sends, and others whose secrets are there; no other method, and not at any length."""
    served = serve()
    bounce = {"RecordType": "HardBounce", "Type": "HardBounce", "ID": 1, "MessageID": "m", "Email": "noor@example.org"}
    told = {**bounce, "RecordType": "Bounce", "BouncedAt": "2026-11-24T09:00:00Z", "Description": "gone"}
    basic = f"Basic {b64encode(b'postmark:a long password').decode()}"
    assert call(served, json.dumps(told).encode(), {"Authorization": basic}, "postmark") == 200
    assert standing(served, "noor@example.org") is Standing.BOUNCED
    assert [call(served, b"{}", provider=name) for name in ("sendgrid", "outbox", "nobody", "..", "%00")] == [404] * 5
    answer = served.client.get("/webhooks/resend")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert call(served, b" " * (5 * 1024 * 1024 + 1)) == 413


def test_secret_that_is_missing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """That is our fault, so the service may ask again; the log says what to do."""
    monkeypatch.delenv("RESEND_WEBHOOK_SECRET")
    served = serve()
    assert call(served, news()) == 503
    assert "RESEND_WEBHOOK_SECRET is not set. Set it to the secret" in caplog.text


def test_store_that_cannot_be_written_to(serve: Serve) -> None:
    """Nothing is answered with success that is not on disk."""

    def broken() -> AbstractContextManager[Store]:
        msg = "the disk is full"
        raise SettingsError(msg)

    served = serve(clerk=Clerk(broken))
    assert call(served, news()) == 503
    assert standing(served) is Standing.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Outbox):
    """A provider that believes a call if what the call names can be had."""

    def read_webhook(
        self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Callable[[httpx.Request], httpx.Response]
    ) -> Sequence[Event]:
        """Ask for the address that is the body."""
        del headers, now
        try:
            response = fetch(httpx.Request("GET", body.decode()))
        except httpx.HTTPError as fault:
            msg = "nobody answers"
            raise ProviderError(msg) from fault
        if response.is_error:
            msg = "it is not there"
            raise ProviderError(msg)
        return []


def test_service_that_cannot_be_asked(serve: Serve, tmp_path: Path) -> None:
    """Where proof must be fetched and nobody answers, the call may be genuine: it may come again."""
    served = serve(provider=Asking.from_settings(Setup(root=tmp_path)))
    there, missing = f"{served.url}/healthz", f"{served.url}/nowhere"
    statuses = [call(served, url.encode(), {}, "outbox") for url in (there, missing, "http://127.0.0.1:1/")]
    assert statuses == [200, 400, 503]


def test_call_that_tells_much(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of events in one call are all kept, and settle readers who are in doubt."""
    for name in ("MAILJET_API_KEY", "MAILJET_SECRET_KEY", "MAILJET_WEBHOOK_AUTH"):
        monkeypatch.setenv(name, "mailjet:a long password")
    served = serve()
    frozen = freeze(served.store)
    with served.store.claims(frozen) as claims:
        batch = claims.claim(now=datetime.now(UTC))
        assert batch
        claims.doubt(batch, reason="no answer", now=datetime.now(UTC))
    names = [*batch.correlation_ids, f"{edition().fingerprint[:16]}-99"]
    told = [{"event": "sent", "time": at, "MessageID": name, "CustomID": name} for name in names for at in range(100)]
    basic = {"Authorization": f"Basic {b64encode(b'mailjet:a long password').decode()}"}
    assert call(served, json.dumps(told).encode(), basic, "mailjet") == 200
    assert served.store.deliveries.tally(frozen) == Tally(sent=2)
    assert [len(served.store.news.of_reader(reader)) for reader in batch.readers.ids] == [100, 100]


def start(program: Program) -> tuple[Any, str]:
    """Start the server as a program, and return it and where it is."""
    process = program.start("serve", "--port", "0")
    assert process.stdout
    found = re.search(r"http://127\.0\.0\.1:\d+", "".join(iter(process.stdout.readline, "\n")))
    assert found
    return process, found[0]


def test_server_that_is_killed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the midst of calls, it has kept all that it said it had; told again, all are kept, each once."""
    monkeypatch.setenv("DIGEST_SECRET", SECRET)
    bodies = {f"msg_{one}": news("email.delivered", email_id=f"m-{one}") for one in range(60)}
    answered: list[str] = []

    def tell(url: str, names: Sequence[str]) -> None:
        with suppress(httpx.HTTPError), httpx.Client(transport=httpx.HTTPTransport()) as client:
            for name in names:
                headers = signed(bodies[name], name)
                if client.post(f"{url}/webhooks/resend", content=bodies[name], headers=headers).is_success:
                    answered.append(name)

    process, url = start(program)
    with process:
        threads = [Thread(target=tell, args=(url, [*bodies][place::3])) for place in range(3)]
        for thread in threads:
            thread.start()
        while len(answered) < 20:
            threads[0].join(0.001)
        process.kill()
        for thread in threads:
            thread.join()
        process.communicate()
    store_url = f"sqlite:///{program.folder}/.digest/digest.db"
    with open_store(store_url) as store:
        (ada,) = (reader.id for reader in store.subscribers.walk() if reader.email == "ada@example.org")
        assert 20 <= len({*answered}) <= len(store.news.of_reader(ada)) <= 60
        process, url = start(program)
        with process:
            tell(url, [*bodies])
            assert len(store.news.of_reader(ada)) == 60
            process.terminate()
            process.communicate()
