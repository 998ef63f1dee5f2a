"""Pigeon Post, https://pigeon.test: fifty whole messages a request, and keys by which a request can be repeated."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self

import httpx
import msgspec

from digest.config.kinds import Word
from digest.model import Event, EventKind, Pattern, Receipt, State
from digest.providers import Finding, Ids, Limits
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.answers import decoded, one_for_each, receipts_by_status, refusal
from digest.wire.columns import Columns, further_headers, issue_tag, mailbox
from digest.wire.json_layout import Each, Json, JsonLayout
from digest.wire.webhooks import check_moment, check_signature, header_of, read_body, secret_for
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.model import Address, Batch, Edition
    from digest.providers import Setup
    from digest.wire import Fetch

_API = "https://api.pigeon.test"
_KEY, _WEBHOOK_SECRET = "PIGEON_API_KEY", "PIGEON_WEBHOOK_SECRET"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    _WEBHOOK_SECRET: Secret(meaning="the secret of its webhook", required=False),
}
_KINDS = {
    "landed": EventKind.DELIVERED,
    "circling": EventKind.DEFERRED,
    "lost": EventKind.BOUNCED,
    "shooed": EventKind.COMPLAINED,
}


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    loft: Word = "main"
    """The loft that the pigeons start from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pigeon:
    """Puts batches in Pigeon Post's words."""

    name: ClassVar[str] = "pigeon"
    limits: ClassVar[Limits] = Limits(
        messages=50,
        bytes=10_000_000,
        inline_images=False,
        key_lifetime=timedelta(hours=24),
        concurrency=2,
        ids=Ids.MESSAGE,
        sandbox=True,
        signature="HMAC-SHA256",
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    webhook_secret: str = field(repr=False)
    loft: str
    sandbox: bool

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or the key is missing.
        """
        refuse_tracking(setup, cls.name)
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        return cls(
            url=setup.api_url or _API,
            headers={"Authorization": f"Bearer {secrets[_KEY]}"},
            webhook_secret=secrets[_WEBHOOK_SECRET],
            loft=chosen.loft,
            sandbox=setup.sandbox,
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return whole messages, under the batch's key."""
        headers = {**self.headers, "Content-Type": "application/json", "Idempotency-Key": batch.key}
        body = _layout(batch.edition, self.loft, dry_run=self.sandbox).fill(Columns(batch))
        return body.post(f"{self.url}/v1/messages", headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the batch is wrong.
            ProviderError: the key is wrong, or the quota is used up.
        """
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS and b'"quota"' in response.content:
            raise refusal(response)  # else a 429 means: too fast, and the engine waits
        return receipts_by_status(batch, response) or [
            *map(_receipt, one_for_each(batch, decoded(response, _Taken).results))
        ]

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of.

        Raises:
            ForgedError: its signature is wrong, or it is old.
            SettingsError: the secret is not set.
            ProviderError: it cannot be read.
        """
        del fetch  # for services whose calls cannot be believed without asking
        stamp = header_of(headers, "Pigeon-Timestamp")
        secret = secret_for(_WEBHOOK_SECRET, self.webhook_secret)
        expected = hmac.digest(secret, b"%s.%s" % (stamp.encode(), body), "sha256").hex()
        check_signature(expected, header_of(headers, "Pigeon-Signature"))
        check_moment(stamp, now)
        return [_event(read_body(body, _Call))]

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask whether the domain of `sender` is verified."""
        del now  # for services whose requests are signed with the moment
        response = fetch(httpx.Request("GET", f"{self.url}/v1/domains/{sender.domain}", headers=self.headers))
        if not response.is_success:
            hint = f"Compare {_KEY} with the key over there."
            return [Finding(good=False, sentence=f"Pigeon Post says {said(response)}", hint=hint)]
        verified = decoded(response, _Domain).verified
        found = "has verified" if verified else "has not yet verified"
        return [Finding(good=verified, sentence=f"Pigeon Post {found} {sender.domain}", hint="Add its DNS records.")]


@lru_cache(maxsize=2)
def _layout(edition: Edition, loft: str, *, dry_run: bool) -> JsonLayout:
    message: dict[str, Json] = {
        "from": mailbox(edition.sender),
        "to": Pattern.of_field("@mailbox"),
        "subject": edition.subject,
        "html": edition.html,
        "text": edition.text,
        "headers": further_headers(edition),
        "tag": issue_tag(edition),
        "reference": Pattern.of_field("@correlation_id"),
    }
    if edition.reply_to:
        message["reply_to"] = mailbox(edition.reply_to)
    return JsonLayout.of({"loft": loft, "dry_run": dry_run, "messages": Each(message)})


class _Result(msgspec.Struct):
    id: str = ""
    error: str = ""


class _Taken(msgspec.Struct):
    results: list[_Result]


def _receipt(result: _Result) -> Receipt:
    if result.error:
        return Receipt(state=State.REFUSED, reason=result.error)
    if not result.id:
        return Receipt(state=State.IN_DOUBT, reason="it gave the message no name")
    return Receipt(state=State.SENT, message_id=result.id)


class _Domain(msgspec.Struct):
    verified: bool


class _Call(msgspec.Struct):
    id: str
    type: str
    at: datetime
    reference: str = ""
    message_id: str = ""
    email: str = ""
    reason: str = ""


def _event(call: _Call) -> Event:
    return Event(
        id=call.id,
        kind=_KINDS.get(call.type, EventKind.OTHER),
        at=call.at,
        original=call.type,
        reason=call.reason,
        correlation_id=call.reference,
        message_id=call.message_id,
        email=call.email,
    )
