"""
Mailgun, https://www.mailgun.com: a thousand readers a request, merged, and a log that can be asked.

Facts are of its OpenAPI file (mailgun/mailgun-mcp-server@223dce0) and https://documentation.mailgun.com, read on
2026-11-23, and of django-anymail 15.1.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Meta

from digest.errors import ProviderError
from digest.model import Receipt, State
from digest.providers import Finding, Ids, Limits
from digest.providers.mailgun.form import Form
from digest.providers.mailgun.news import Call, Page
from digest.providers.mailgun.suppressions import LISTS, page_of
from digest.providers.options import Secret, Switches, options, read_options
from digest.wire.answers import UnclearError, decoded, receipts_by_status, refusal
from digest.wire.columns import Columns, issue_tag
from digest.wire.suppressions import read_all
from digest.wire.webhooks import ForgedError, check_moment, check_signature, read_body, secret_for
from digest.wire.words import said, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digest.model import Address, Batch, Event
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_REGIONS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
_KEY, _SIGNING_KEY = "MAILGUN_API_KEY", "MAILGUN_WEBHOOK_SIGNING_KEY"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    _SIGNING_KEY: Secret(meaning="the HTTP webhook signing key", required=False),
}
_WRONG_PLACE = "Mailgun Magnificent API"  # what a path that does not exist answers, with 200
_NOBODYS_FAULT = re.compile(r"\bfrom'? parameter|16KB total", re.IGNORECASE)
_SKEW = timedelta(hours=1)
"""By how much our clock and that of the log may differ."""
_RETRYING = 8 * 3600
"""
Seconds for which it tells again what it signed once, by the same token: the guide "Webhook Retries" at
https://documentation.mailgun.com, and hookdeck/webhook-skills@f491a9a, both read on 2026-11-23.
"""

Domain = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", description="a domain such as `mg.example.org`")
]
Region = Annotated[Literal["us", "eu"], Meta(description='`"us"` or `"eu"`')]
Days = Annotated[int, Meta(ge=1, le=30, description="a whole number from 1 to 30")]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    domain: Domain
    """The domain that sends, by its name at Mailgun."""
    region: Region = "us"
    """Where the domain is kept; each region knows its own alone."""
    log_days: Days = 1
    """For how many days your plan keeps events: of batches in doubt that are older, the log proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailgun:
    """Puts batches in Mailgun's words."""

    name: ClassVar[str] = "mailgun"
    limits: ClassVar[Limits] = Limits(
        messages=1000,
        bytes=25_000_000,
        inline_images=True,
        concurrency=2,
        log_delay=timedelta(minutes=30),  # pages of its log that are older can be trusted, the manual says
        ids=Ids.REQUEST,
        horizon=timedelta(days=3),  # seven on larger plans
        sandbox=True,
        signature="HMAC-SHA256 of moment and token",
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    signing_key: str = field(repr=False)
    options: Options
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown, wrong or missing, or the key is missing.
        """
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        key = b64encode(f"api:{secrets[_KEY]}".encode()).decode()
        return cls(
            url=setup.api_url or _REGIONS[chosen.region],
            headers={"Authorization": f"Basic {key}"},
            signing_key=secrets[_SIGNING_KEY],
            options=chosen,
            switches=Switches.of(setup),
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return a form with the edition, each reader's mailbox, and a table of their values.

        Raises:
            ContentError: the header fields are too long, or hold what would be filled in.
            RejectedError: two readers have the same address.
        """
        form = Form.of(batch, self.switches)
        headers = {**self.headers, "Content-Type": f"multipart/form-data; boundary={form.boundary}"}
        return form.body.post(f"{self.url}/v3/{self.options.domain}/messages", headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader, with the id of the request: it takes all of them, or none.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: an address of the batch is none to Mailgun.
            ProviderError: the key or the domain is wrong, or the account may not send.
        """
        if response.status_code == httpx.codes.NOT_FOUND or _WRONG_PLACE in response.text:
            msg = f"the service does not know {self.options.domain} there: {said(response)}"
            raise ProviderError(
                msg, hint='Compare the options domain and region ("us" or "eu") with its control panel.'
            )
        if response.status_code == httpx.codes.BAD_REQUEST and _NOBODYS_FAULT.search(words_of(response)):
            raise refusal(response)
        return receipts_by_status(batch, response) or _receipts(len(batch.readers), decoded(response, _Taken))

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Return SENT for everyone if the log says that they were accepted, and QUEUED if it knows nothing of them.

        Raises:
            ProviderError: Mailgun does not answer as it should, or its log tells of some alone, or not of that time.
        """
        addresses = [address.lower() for address in Columns(batch)["@address"]]
        found: dict[str, str] = {}
        for page in self._pages(batch, fetch):
            ours = (news for news in page.items if news.user_variables.get("batch") == batch.key)
            found |= {news.recipient.lower(): news.message_id for news in ours}
            if found.keys() >= {*addresses}:
                return [Receipt(state=State.SENT, message_id=found[address]) for address in addresses]
        if found:
            msg = f"the log of Mailgun tells of {len(found)} readers of a batch of {len(addresses)}"
            raise ProviderError(msg, hint="It takes all of a batch or nobody, so ask again later.")
        return [Receipt(state=State.QUEUED)] * len(addresses)

    def _pages(self, batch: Batch, fetch: Fetch) -> Iterator[Page]:
        """Yield what was accepted about the time of `batch`, page by page."""
        asked = {
            "begin": f"{(batch.at - _SKEW).timestamp():.0f}",
            "end": f"{(batch.at + _SKEW).timestamp():.0f}",
            "ascending": "yes",
            "limit": "300",
            "event": "accepted",
            "tags": issue_tag(batch.edition),
        }
        place = f"/v3/{self.options.domain}/events?{urlencode(asked)}"
        while True:
            response = self._ask(place, fetch)
            if not response.is_success:
                raise refusal(response)
            page = decoded(response, Page)
            if not page.items:
                _refuse_forgotten(response, batch.at + timedelta(days=self.options.log_days))
                return
            yield page
            place = httpx.URL(page.paging.next).raw_path.decode()  # on our host, as no other is to see the key

    def _ask(self, place: str, fetch: Fetch) -> httpx.Response:
        return fetch(httpx.Request("GET", f"{self.url}{place}", headers=self.headers))

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of. Its id is the token of the signature.

        A moment and that token are signed, and not what is told. Whoever has seen a call could tell other things with
        them; but as an id that was kept is not heard again, what is of a reader tells nothing new.

        Raises:
            ForgedError: its signature is wrong, or it is old.
            SettingsError: the key is not set.
            ProviderError: it cannot be read.
        """
        del headers, fetch
        key = secret_for(_SIGNING_KEY, self.signing_key)
        call = read_body(body, Call)
        if call.signature is None or call.event_data is None:
            msg = "the call has no signature, so it is not the service's"
            raise ForgedError(msg)
        signed = f"{call.signature.timestamp}{call.signature.token}".encode()
        expected = hmac.new(key, signed, "sha256").hexdigest()
        check_signature(expected, call.signature.signature, call.signature.parent_signature)
        check_moment(str(call.signature.timestamp), now, retried_for=_RETRYING)
        return [call.event_data.told_as(call.signature.token)]

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, unsubscribed or bounced, of the domain; what is old cannot be left out.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender, since, clock
        ask = partial(self._ask, fetch=fetch)
        for name in LISTS:
            yield from read_all(partial(page_of, ask, self.options.domain, name))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the domain, and whether it has an unsubscribe link of its own."""
        del now
        name = self.options.domain
        tracking = self._ask(f"/v3/domains/{name}/tracking", fetch)
        return [
            _domain(name, self._ask(f"/v4/domains/{name}", fetch)),
            *_alignment(name, sender),
            *_unsubscribing(name, tracking),
        ]


class _Taken(msgspec.Struct):
    id: str


def _receipts(count: int, taken: _Taken) -> Sequence[Receipt]:
    if not taken.id:
        msg = "Mailgun took the batch, and gave it no id"
        raise UnclearError(msg)
    return [Receipt(state=State.SENT, message_id=taken.id.strip("<>"))] * count


def _refuse_forgotten(response: httpx.Response, until: datetime) -> None:
    """
    See to it that the log still has what it may have had, by the service's own clock.

    Raises:
        ProviderError: it may have forgotten.
    """
    try:
        now = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError as fault:
        msg = "Mailgun does not tell the time, so nobody knows how far its log reaches back"
        raise ProviderError(msg) from fault
    if now > until:
        msg = "the log of Mailgun knows nothing of the batch, and may have forgotten it"
        hint = "Say it yourself; or set log_days under [provider] to the days for which your plan keeps events."
        raise ProviderError(msg, hint=hint)


class _State(msgspec.Struct):
    state: str


class _Known(msgspec.Struct):
    domain: _State


def _domain(name: str, response: httpx.Response) -> Finding:
    if response.status_code == httpx.codes.NOT_FOUND:
        hint = 'Compare the options domain and region ("us" or "eu") with the control panel of Mailgun.'
        return Finding(good=False, sentence=f"Mailgun does not know {name} in this region", hint=hint)
    if not response.is_success:
        hint = f"Give {_KEY} a key of the account: one that may only send can look at neither domains nor the log."
        return Finding(good=False, sentence=f"Mailgun says {said(response)}", hint=hint)
    state = decoded(response, _Known).domain.state
    hint = "Set up its DNS records as the control panel of Mailgun shows them."
    return Finding(good=state == "active", sentence=f"Mailgun knows the key, and {name} is {state}", hint=hint)


def _alignment(name: str, sender: Address) -> Iterator[Finding]:
    """Compare the domain that signs with that of the sender; DMARC lets one be below the other."""
    if not f".{name}".endswith(f".{sender.domain}") and not f".{sender.domain}".endswith(f".{name}"):
        sentence = f"Mailgun signs for {name}, and the newsletter comes from {sender.domain}"
        yield Finding(good=False, sentence=sentence, hint="Send from that domain, or from one above or below it.")


class _Switch(msgspec.Struct):
    active: bool | str


class _Switched(msgspec.Struct):
    unsubscribe: _Switch


class _Tracking(msgspec.Struct):
    tracking: _Switched


def _unsubscribing(name: str, response: httpx.Response) -> Iterator[Finding]:
    if response.is_success and decoded(response, _Tracking).tracking.unsubscribe.active in {True, "yes", "true"}:
        sentence = f"Mailgun adds an unsubscribe link and a List-Unsubscribe of its own to messages of {name}"
        hint = "Switch unsubscribe tracking off for the domain, in the control panel of Mailgun."
        yield Finding(good=False, sentence=sentence, hint=hint)
