"""
Brevo, https://brevo.com: a thousand versions of a message a request, each with its own texts and headers.

Facts are of https://developers.brevo.com, its package ``brevo-python`` 5.1.0 and django-anymail 15.1, which is tested
against the service; read on 2026-11-23. Brevo runs its template language over whatever it sends. Its variables are
escaped for HTML, and there is a report of values that were run as templates themselves
(https://github.com/betagouv/recommandations-collaboratives/pull/2381), so a variable holds nothing but a brace here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import httpx
import msgspec
from msgspec import Meta

from digest.model import Context, Event, EventKind, Pattern, Receipt, State, one_line
from digest.providers import Finding, Ids, Limits, OneClick
from digest.providers.brevo.scheduling import delete, name_of_all
from digest.providers.brevo.suppressions import page_of
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.answers import decoded, explained, one_for_each, receipts_by_status
from digest.wire.columns import Columns, further_headers, issue_tag, named_address
from digest.wire.json_layout import Each, IfAny, Json, JsonLayout
from digest.wire.suppressions import read_all
from digest.wire.webhooks import check_basic, check_signature, event_id, header_of, moment_of, read_body, secret_for
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Edition, Slot
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_API = "https://api.brevo.com"
_KEY, _WEBHOOK_AUTH = "BREVO_API_KEY", "BREVO_WEBHOOK_AUTH"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    _WEBHOOK_AUTH: Secret(meaning="what the webhook's calls bring along", required=False),
}
_KNOWN_KEY = "duplicate_parameter"
_LONGEST_NAME = 70
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')
# `{{`, `{%` and `{#` open something; a brace at the end of a piece may meet another one in a reader's value.
_OPENING = re.compile(r"\{(?=[{%#]|\Z)")
_BRACE = "{{params.brace}}"
_KINDS = {
    "request": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "blocked": EventKind.REFUSED,
    "error": EventKind.REFUSED,
    "soft_bounce": EventKind.SOFT_BOUNCED,
    "hard_bounce": EventKind.BOUNCED,
    "invalid_email": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "complaint": EventKind.COMPLAINED,
    "unsubscribe": EventKind.LEFT,
    "unsubscribed": EventKind.LEFT,
    "opened": EventKind.OPENED,
    "unique_opened": EventKind.OPENED,
    "proxy_open": EventKind.OPENED,
    "unique_proxy_open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}


@options
class Options:
    """It has none: what Brevo tracks is set over there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brevo:
    """Puts batches in Brevo's words."""

    name: ClassVar[str] = "brevo"
    limits: ClassVar[Limits] = Limits(
        messages=1000,
        bytes=20_000_000,  # what it names for one message; it names nothing for a request
        inline_images=False,
        key_lifetime=timedelta(minutes=30),
        concurrency=2,
        pace=100 / 60,
        ids=Ids.MESSAGE,
        one_click=OneClick.UNDOCUMENTED,
        horizon=timedelta(hours=72),
        sandbox=True,
        signature="Basic or bearer",
        caveats=(
            "Header fields of each reader, such as List-Unsubscribe, are taken, but Brevo does not document it.",
            "Our name of the message stands in a header field, X-Mailin-custom, which readers can see.",
            "Of a display name, 70 characters are kept.",
        ),
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    webhook_auth: str = field(repr=False)
    sandbox: bool

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
            headers={"api-key": secrets[_KEY], "Accept": "application/json"},
            webhook_auth=secrets[_WEBHOOK_AUTH],
            sandbox=setup.sandbox,
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return a message with a version for each reader, under the batch's key."""
        readers = Columns(batch)
        further = {name: [*map(_without_braces, readers[field])] for name, field in _braced(batch.edition).items()}
        names = [*map(_name, readers["@display_name"])]
        layout = _layout(batch.edition, sandbox=self.sandbox)
        body = layout.fill(Columns(batch, {**further, "@name_in_to": names}))
        return body.post(f"{self.url}/v3/smtp/email", {**self.headers, "Content-Type": "application/json"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the batch is wrong.
            ProviderError: the key is wrong, there are no credits, or the sender is not allowed.
        """
        if response.status_code == httpx.codes.BAD_REQUEST and explained(response, _Fault).code == _KNOWN_KEY:
            # It has had this key before, and does nothing under it again. What became of the request that had it is
            # not said, and nowhere that only a request which was accepted uses its key up:
            # https://developers.brevo.com/docs/heterogenous-versions-batch-emails, read on 2026-11-23.
            doubt = Receipt(state=State.IN_DOUBT, reason="Brevo had it before, and does not say if it took it")
            return [doubt] * len(batch.readers)
        return receipts_by_status(batch, response) or _receipts(batch, decoded(response, _Taken))

    notice: ClassVar[timedelta] = timedelta(0)

    def take_back(self, edition: Edition, fetch: Fetch) -> None:
        """Delete all that is scheduled of an edition."""
        delete(fetch, httpx.Request("DELETE", f"{self.url}/v3/smtp/email/{name_of_all(edition)}", headers=self.headers))

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the events that a call tells of.

        Raises:
            ForgedError: it has another name and password, or another token.
            SettingsError: nobody has said what it has.
            ProviderError: it cannot be read.
        """
        del fetch
        self._check(headers)
        news = read_body(body, list[_News] | _News)  # type: ignore[arg-type]  # msgspec takes unions
        return [_event(one, now) for one in (news if isinstance(news, list) else [news])]

    def _check(self, headers: httpx.Headers) -> None:
        secret = secret_for(_WEBHOOK_AUTH, self.webhook_auth)
        scheme, _, token = header_of(headers, "Authorization").partition(" ")
        if scheme.lower() == "bearer":
            check_signature(secret, token)
        else:
            check_basic(headers, _WEBHOOK_AUTH, self.webhook_auth)

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, unsubscribed or bounced, of the account.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender, clock

        def ask(query: str) -> httpx.Response:
            place = f"{self.url}/v3/smtp/blockedContacts?{query}"
            return fetch(httpx.Request("GET", place, headers=self.headers))

        yield from read_all(partial(page_of, ask, since))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the account's domains."""
        del now
        response = fetch(httpx.Request("GET", f"{self.url}/v3/senders/domains", headers=self.headers))
        if not response.is_success:
            return [Finding(good=False, sentence=f"Brevo says {said(response)}", hint=f"Make a key for {_KEY} anew.")]
        return [Finding(good=True, sentence="Brevo knows the key"), _domain(sender.domain, response)]


@lru_cache(maxsize=2)
def _layout(edition: Edition, *, sandbox: bool) -> JsonLayout:
    drop: dict[str, Json] = {"X-Sib-Sandbox": "drop"} if sandbox else {}
    texts: dict[str, Json] = {
        "subject": _spelled(edition.subject),
        "htmlContent": _spelled(edition.html),
        "textContent": _spelled(edition.text),
    }
    version: dict[str, Json] = {
        "to": [{"email": Pattern.of_field("@address"), "name": IfAny("@name_in_to")}],
        **texts,
        "params": {"brace": "{"},
        # Whether fields of the whole message reach its versions is not documented, so all are here.
        "headers": {**further_headers(edition), "X-Mailin-custom": Pattern.of_field("@correlation_id"), **drop},
    }
    message: dict[str, Json] = {
        "sender": _named_address(edition.sender, "From"),
        **texts,  # a message has to have them; its versions have their own
        "tags": [issue_tag(edition)],
        "headers": {"idempotencyKey": Pattern.of_field("@batch"), **drop},
        "messageVersions": Each(version),
    }
    if edition.reply_to:
        message["replyTo"] = _named_address(edition.reply_to, "Reply-To")
    if edition.deliver_at:
        message["scheduledAt"] = edition.deliver_at.isoformat(timespec="milliseconds")
    if edition.recall:
        message["batchId"] = name_of_all(edition)
    return JsonLayout.of(message)


def _named_address(address: Address, header: str) -> Json:
    return named_address(replace(address, name=_name(one_line(address.name))), header)


def _name(name: str) -> str:
    """
    Return a display name that Brevo carries.

    It drops one that is beyond ASCII and has a special sign, unless it is an encoded word, and it decodes encoded
    words: django-anymail's ``backends/brevo.py``, 2026-07.
    """
    name = name[:_LONGEST_NAME].strip()
    if "=?" not in name and (name.isascii() or not _SPECIAL.search(name)):
        return name
    encoded = f"=?utf-8?b?{b64encode(name.encode()).decode()}?="
    return encoded if len(encoded) <= _LONGEST_NAME else _SPECIAL.sub(" ", name.replace("=?", "= ?"))


def _spelled(pattern: Pattern) -> Pattern:
    """Write a text so that it is itself again when the template language has been over it."""
    return Pattern(
        texts=tuple(_OPENING.sub(_BRACE, text) for text in pattern.texts), slots=tuple(map(_slot, pattern.slots))
    )


def _slot(slot: Slot) -> Slot:
    if slot.context is Context.URL:  # braces are %-escapes there
        return slot
    return replace(slot, name=f"braced {slot.name}", fallback=slot.fallback and _without_braces(slot.fallback))


def _braced(edition: Edition) -> dict[str, str]:
    """Return which columns have the values of which fields without braces."""
    return {f"braced {name}": name for name, _ in edition.slots}


def _without_braces(value: str) -> str:
    return value.replace("{", _BRACE)


class _Taken(msgspec.Struct, rename="camel"):
    message_ids: list[str] = []
    message_id: str = ""


def _receipts(batch: Batch, taken: _Taken) -> Sequence[Receipt]:
    ids = taken.message_ids or ([taken.message_id] if taken.message_id else [])
    return [Receipt(state=State.SENT, message_id=message_id) for message_id in one_for_each(batch, ids)]


class _Fault(msgspec.Struct):
    code: str = ""


class _News(msgspec.Struct):
    event: str
    email: str = ""
    message_id: str = msgspec.field(name="message-id", default="")
    correlation_id: str = msgspec.field(name="X-Mailin-custom", default="")
    ts_epoch: Annotated[int, Meta(le=10**15)] = 0
    """Milliseconds; the other moments are in the account's zone."""
    reason: str = ""
    link: str = ""


def _event(news: _News, now: datetime) -> Event:
    return Event(
        id=event_id(news.event, news.message_id, news.email, str(news.ts_epoch), news.link),
        kind=_KINDS.get(news.event, EventKind.OTHER),
        at=moment_of(news.ts_epoch / 1000) if news.ts_epoch else now,
        original=news.event,
        reason=news.reason,
        correlation_id=news.correlation_id,
        message_id=news.message_id,
        email=news.email,
        url=news.link,
    )


class _Domain(msgspec.Struct):
    domain_name: str
    authenticated: bool = False


class _Domains(msgspec.Struct):
    domains: list[_Domain] = []


def _domain(name: str, response: httpx.Response) -> Finding:
    known = {domain.domain_name: domain.authenticated for domain in decoded(response, _Domains).domains}
    if known.get(name):
        return Finding(good=True, sentence=f"Brevo has authenticated {name}")
    found = f"has not authenticated {name} yet" if name in known else f"does not know {name}"
    return Finding(
        good=False,
        sentence=f"Brevo {found}",
        hint="Add it under Senders, Domains & Dedicated IPs, and its DNS records.",
    )
