"""
Resend, https://resend.com: a hundred whole messages a request, and keys by which a request can safely be repeated.

Facts are of its OpenAPI file (resend/resend-openapi@fd6f395), its Python SDK 2.52 and https://resend.com/docs, read on
2026-11-22. Its log is not consulted: what it lists of a message has neither tags nor headers, so that nothing there is
surely ours.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self

import httpx
import msgspec

from digest.errors import SettingsError
from digest.model import Event, EventKind, Pattern, Receipt, Standing, State
from digest.providers import Finding, Ids, Limits
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.answers import UnclearError, decoded, explained, receipts_by_status, refusal
from digest.wire.columns import Columns, further_headers, issue_tag, mailbox
from digest.wire.json_layout import Each, Json, JsonLayout
from digest.wire.suppressions import Page, Suppression, listed, read_all, told_at
from digest.wire.webhooks import check_moment, check_signature, header_of, moment_of, read_body, secret_for
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digest.model import Address, Batch, Edition
    from digest.providers import Setup
    from digest.wire import Fetch

_API = "https://api.resend.com"
_KEY, _WEBHOOK_SECRET = "RESEND_API_KEY", "RESEND_WEBHOOK_SECRET"
SECRETS = {_KEY: Secret(meaning="the API key"), _WEBHOOK_SECRET: Secret(meaning="the secret", required=False)}
_QUOTAS = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
_KINDS = {
    "email.sent": EventKind.ACCEPTED,
    "email.scheduled": EventKind.ACCEPTED,
    "email.delivered": EventKind.DELIVERED,
    "email.delivery_delayed": EventKind.DEFERRED,
    "email.failed": EventKind.REFUSED,
    "email.suppressed": EventKind.REFUSED,
    "email.complained": EventKind.COMPLAINED,
    "email.opened": EventKind.OPENED,
    "email.clicked": EventKind.CLICKED,
}
# Why it suppresses an address: https://resend.com/docs/api-reference/suppressions/list-suppressions, 2026-11-23.
_STANDINGS = {"complaint": Standing.COMPLAINED, "bounce": Standing.BOUNCED}


@options
class Options:
    """It has none: opens and clicks are tracked or not by the settings of its domains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """Puts batches in Resend's words."""

    name: ClassVar[str] = "resend"
    limits: ClassVar[Limits] = Limits(
        messages=100,
        bytes=40_000_000,  # said of a message, and nothing of a batch
        inline_images=False,  # a batch takes no attachments, and no time to deliver at
        key_lifetime=timedelta(hours=24),
        concurrency=2,
        pace=5,
        ids=Ids.MESSAGE,
        signature="Svix HMAC-SHA256",
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    webhook_secret: str = field(repr=False)

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown, or the key is missing.
        """
        refuse_tracking(setup, cls.name)
        _, secrets = read_options(setup, cls.name, Options, SECRETS)
        return cls(
            url=setup.api_url or _API,
            headers={"Authorization": f"Bearer {secrets[_KEY]}"},
            webhook_secret=secrets[_WEBHOOK_SECRET],
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return an array of whole messages, under the batch's key."""
        headers = {
            **self.headers,
            "Content-Type": "application/json",
            "Idempotency-Key": batch.key,
            "x-batch-validation": "permissive",  # else one bad address refuses a hundred readers
        }
        return _layout(batch.edition).fill(Columns(batch)).post(f"{self.url}/emails/batch", headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader.

        Raises:
            UnclearError: it does not say what it took, or tells of another request under the same key (409).
            RejectedError: something in the batch is wrong.
            ProviderError: the key is wrong, a quota is used up, or the sender's domain is not verified.
        """
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS and explained(response, _Failure).name in _QUOTAS:
            raise refusal(response)
        return receipts_by_status(batch, response) or _receipts(len(batch.readers), decoded(response, _Taken))

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of.

        Raises:
            ForgedError: its signature is wrong, or it is old.
            SettingsError: the secret is not set, or is none.
            ProviderError: it cannot be read.
        """
        del fetch
        key = self._signing_key()
        call_id, stamp = header_of(headers, "svix-id"), header_of(headers, "svix-timestamp")
        signed = b".".join((call_id.encode(), stamp.encode(), body))
        expected = b64encode(hmac.digest(key, signed, "sha256")).decode()
        given = header_of(headers, "svix-signature").split(" ")
        check_signature(expected, *(one.removeprefix("v1,") for one in given if one.startswith("v1,")))
        check_moment(stamp, now)
        return _events(call_id, read_body(body, _Call))

    def _signing_key(self) -> bytes:
        secret = secret_for(_WEBHOOK_SECRET, self.webhook_secret)
        try:
            key = b64decode(secret.removeprefix(b"whsec_"), validate=True)
        except Error:
            key = b""
        if not key:
            msg = f"{_WEBHOOK_SECRET} is no signing secret of Resend"
            raise SettingsError(msg, hint='It begins with "whsec_", and is shown once, when the webhook is made.')
        return key

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained or bounced, or was put on the list by hand, of the team; it cannot leave out what is old.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender, since, clock

        def read(mark: str) -> Page:
            asked = {"limit": "100", **({"after": mark} if mark else {})}
            request = httpx.Request("GET", f"{self.url}/suppressions", params=asked, headers=self.headers)
            found = listed(fetch(request), _Suppressed)
            entries = [entry.told() for entry in found.data]
            return Page(suppressions=entries, following=found.data[-1].id if found.has_more and found.data else "")

        yield from read_all(read)

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the account's domains."""
        del now
        response = fetch(httpx.Request("GET", f"{self.url}/domains?limit=100", headers=self.headers))
        if explained(response, _Failure).name == "restricted_api_key":
            return [Finding(good=True, sentence="Resend knows the key, which may only send, so it tells of no domains")]
        if not response.is_success:
            return [Finding(good=False, sentence=f"Resend says {said(response)}", hint=f"Make a key for {_KEY} anew.")]
        return [Finding(good=True, sentence="Resend knows the key"), _domain(sender.domain, response)]


@lru_cache(maxsize=2)
def _layout(edition: Edition) -> JsonLayout:
    message: dict[str, Json] = {
        "from": mailbox(edition.sender),
        "to": [Pattern.of_field("@mailbox")],
        "subject": edition.subject,
        "html": edition.html,
        "text": edition.text,
        "headers": further_headers(edition),
        "tags": [
            {"name": "issue", "value": issue_tag(edition)},
            {"name": "correlation_id", "value": Pattern.of_field("@correlation_id")},
        ],
    }
    if edition.reply_to:
        message["reply_to"] = mailbox(edition.reply_to)
    return JsonLayout.of(Each(message))


class _Id(msgspec.Struct):
    id: str


class _Fault(msgspec.Struct):
    index: int
    message: str = ""


class _Taken(msgspec.Struct):
    data: list[_Id]
    errors: list[_Fault] = []


def _receipts(count: int, taken: _Taken) -> Sequence[Receipt]:
    """Give the ids, which are in order, to those places of which no fault is told."""
    refused = {fault.index: Receipt(state=State.REFUSED, reason=fault.message) for fault in taken.errors}
    left = [place for place in range(count) if place not in refused]
    if len(taken.data) != len(left) or len(left) + len(refused) != count:
        msg = f"Resend took {len(taken.data)} messages and refused {len(refused)}, of {count}"
        raise UnclearError(msg)
    ids = iter(taken.data)
    return [refused.get(place) or Receipt(state=State.SENT, message_id=next(ids).id) for place in range(count)]


class _Failure(msgspec.Struct):
    name: str = ""


class _Cause(msgspec.Struct, frozen=True):
    type: str = ""
    message: str = ""
    reason: str = ""


class _Click(msgspec.Struct, frozen=True):
    link: str = ""


class _Tags(msgspec.Struct, frozen=True):
    correlation_id: str = ""


class _News(msgspec.Struct):
    email_id: str = ""
    to: list[str] = []
    tags: _Tags = _Tags()
    bounce: _Cause = _Cause()
    failed: _Cause = _Cause()
    suppressed: _Cause = _Cause()
    click: _Click = _Click()


class _Call(msgspec.Struct):
    type: str
    created_at: datetime
    data: _News


def _events(call_id: str, call: _Call) -> Sequence[Event]:
    # Contacts and domains are no news of a message, and mail that comes in is none of ours.
    if not call.type.startswith("email.") or call.type == "email.received":
        return []
    news = call.data
    return [
        Event(
            id=call_id,
            kind=_kind(call),
            at=moment_of(call.created_at),
            original=call.type,
            reason=news.bounce.message or news.failed.reason or news.suppressed.message,
            correlation_id=news.tags.correlation_id,
            message_id=news.email_id,
            email=parseaddr(news.to[0])[1] if news.to else "",  # it may bring the name along
            url=news.click.link,
        )
    ]


def _kind(call: _Call) -> EventKind:
    if call.type == "email.bounced":
        return EventKind.BOUNCED if call.data.bounce.type == "Permanent" else EventKind.SOFT_BOUNCED
    return _KINDS.get(call.type, EventKind.OTHER)


class _Entry(msgspec.Struct):
    id: str
    email: str
    origin: str = ""
    created_at: str = ""

    def told(self) -> Suppression:
        standing = _STANDINGS.get(self.origin, Standing.LEFT)
        return Suppression(email=self.email, standing=standing, reason=self.origin, at=told_at(self.created_at))


class _Suppressed(msgspec.Struct):
    data: list[_Entry]
    has_more: bool = False


class _Domain(msgspec.Struct):
    name: str
    status: str


class _Domains(msgspec.Struct):
    data: list[_Domain]


def _domain(name: str, response: httpx.Response) -> Finding:
    status = {domain.name: domain.status for domain in decoded(response, _Domains).data}.get(name)
    if status == "verified":
        return Finding(good=True, sentence=f"Resend has verified {name}")
    found = f"says that {name} is {status}" if status else f"does not know {name}"
    return Finding(
        good=False, sentence=f"Resend {found}", hint="Add it at https://resend.com/domains, and its DNS records."
    )
