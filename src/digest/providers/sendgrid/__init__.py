"""
SendGrid, https://sendgrid.com: one message for a thousand readers, whose own values it puts in.

Facts are of its OpenAPI file (twilio/sendgrid-oai@dbe0e0d, ``tsg_mail_v3``) and https://www.twilio.com/docs/sendgrid,
read on 2026-11-23. Its logs are not asked: they tell no delay after which they are complete, do not turn pages, and
cannot be searched by our names of messages; and its categories are not meant to tell one request from another.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import httpx
import msgspec
from msgspec import Meta

from digest.errors import ProviderError
from digest.model import Pattern, Receipt, Spelling, State, merge
from digest.providers import Finding, Ids, Limits
from digest.providers.options import Secret, Switches, options, read_options
from digest.providers.sendgrid.news import PUBLIC_KEY, events_of
from digest.providers.sendgrid.suppressions import LISTS, page_of
from digest.wire.answers import RejectedError, UnclearError, decoded, explained, receipts_by_status, refusal
from digest.wire.columns import Columns, further_headers, issue_tag, named_address
from digest.wire.doing import done
from digest.wire.json_layout import Each, Json, JsonLayout
from digest.wire.suppressions import read_all
from digest.wire.webhooks import secret_for
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Edition, Event, InlineImage
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_REGIONS = {"global": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
_KEY = "SENDGRID_API_KEY"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    PUBLIC_KEY: Secret(meaning="the verification key of the event webhook", required=False),
}
# It puts values in by plain replacement, in values too, wherever a name occurs. So names are what nobody can guess,
# and nothing else has a meaning.
_SPELLING = Spelling(variable=lambda name: f"-{name}-", special=re.compile(r"(?!)"), guarded=True)
_MOST_VALUES = 5_000
"""Bytes of a reader's values: half of the 10,000 that are allowed, as it is not said if JSON's escapes count."""
_NO_NAME = re.compile("[;,]")
Region = Annotated[Literal["global", "eu"], Meta(description='`"global"` or `"eu"`')]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    region: Region = "global"
    """Where the account is: `"eu"` for a subuser of the European Union."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGrid:
    """Puts batches in SendGrid's words."""

    name: ClassVar[str] = "sendgrid"
    limits: ClassVar[Limits] = Limits(
        messages=1000,
        bytes=30_000_000,
        inline_images=True,
        concurrency=4,
        ids=Ids.REQUEST,
        horizon=timedelta(hours=72),
        sandbox=True,
        signature="ECDSA P-256",
        caveats=("A reader's name that has a comma or a semicolon is left out of To, as SendGrid takes none there.",),
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    public_key: str = field(repr=False)
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or the key is missing.
        """
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        return cls(
            url=setup.api_url or _REGIONS[chosen.region],
            headers={"Authorization": f"Bearer {secrets[_KEY]}"},
            public_key=secrets[PUBLIC_KEY],
            switches=Switches.of(setup),
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return one message with everybody's values; whole, for a single reader whose values are too many.

        Raises:
            RejectedError: among several readers, somebody's values are too many.
        """
        merged = merge(batch.edition, _SPELLING)
        values = merged.columns(batch.readers)
        too_long = _largest(values) > _MOST_VALUES
        if too_long and len(batch.readers) > 1:
            msg = f"the values of a reader have more than {_MOST_VALUES} bytes, which SendGrid may not take"
            raise RejectedError(msg)
        names = ["" if _NO_NAME.search(name) else name for name in Columns(batch)["@display_name"]]
        layout = _layout(batch.edition, self.switches, whole=too_long)
        body = layout.fill(Columns(batch, {**values, "@name_in_to": names}))
        return body.post(f"{self.url}/v3/mail/send", {**self.headers, "Content-Type": "application/json"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader: a request is taken whole, without a body, or not at all.

        Raises:
            UnclearError: it does not say that it took the request.
            RejectedError: something in the batch is wrong.
            ProviderError: key, content or sender are wrong, or all credits are used up.
        """
        if response.status_code == httpx.codes.BAD_REQUEST and _is_at_fault_for_all(response):
            raise refusal(response)
        receipts = receipts_by_status(batch, response)
        if receipts is not None:
            return receipts
        if response.status_code != (httpx.codes.OK if self.switches.sandbox else httpx.codes.ACCEPTED):
            msg = f"the service answered {said(response)}, which is no answer of SendGrid's"
            raise UnclearError(msg)
        return [Receipt(state=State.SENT, message_id=response.headers.get("X-Message-Id", ""))] * len(batch.readers)

    notice: ClassVar[timedelta] = timedelta(minutes=10)

    def reserve(self, fetch: Fetch) -> str:
        """
        Have SendGrid name what is handed over ahead; only what bears such a name can be cancelled.

        Raises:
            ProviderError: it gives none.
        """
        request = self._post("mail/batch", {})
        return decoded(done(fetch, request), _Named).batch_id

    def take_back(self, edition: Edition, fetch: Fetch) -> None:
        """
        Cancel all that bears the edition's name: it is thrown away when its time comes.

        Raises:
            UnclearError: nobody knows whether it is.
            ProviderError: it is not, as where ten others are being cancelled.
        """
        try:
            done(fetch, self._post("user/scheduled_sends", {"batch_id": edition.recall, "status": "cancel"}))
        except ProviderError:  # also where it was cancelled before, or the answer was lost that says so
            if not self._is_cancelled(edition.recall, fetch):
                raise

    def _is_cancelled(self, name: str, fetch: Fetch) -> bool:
        try:
            answer = self._ask(f"user/scheduled_sends/{name}", fetch)
        except ProviderError:
            return False
        return _Cancelled("cancel") in explained(answer, list[_Cancelled])

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the events that a call tells of.

        Raises:
            ForgedError: its signature is wrong, or it is old.
            SettingsError: the verification key is not set, or is none; or the library is missing that checks it.
            ProviderError: it cannot be read.
        """
        del fetch
        return events_of(headers, body, secret_for(PUBLIC_KEY, self.public_key), now)

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, unsubscribed or cannot be reached, of the account.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender, clock
        ask = partial(self._ask, fetch=fetch)
        for name in LISTS:
            yield from read_all(partial(page_of, ask, since, name))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask what the key may do, and where it may, for the domain of `sender`."""
        del now
        response = self._ask("scopes", fetch)
        if not response.is_success:
            return [
                Finding(good=False, sentence=f"SendGrid says {said(response)}", hint=f"Make a key for {_KEY} anew.")
            ]
        scopes = decoded(response, _Scopes).scopes
        if "mail.send" not in scopes:
            return [Finding(good=False, sentence="the key may not send mail", hint="Give it the access Mail Send.")]
        known = Finding(good=True, sentence="SendGrid knows the key, and lets it send")
        if "whitelabel.read" not in scopes:
            return [known, Finding(good=True, sentence="the key may not see which domains SendGrid has authenticated")]
        return [known, _domain(sender.domain, self._ask("whitelabel/domains?limit=500", fetch))]

    def _post(self, path: str, body: Mapping[str, str]) -> httpx.Request:
        return httpx.Request("POST", f"{self.url}/v3/{path}", headers=self.headers, json=body)

    def _ask(self, path: str, fetch: Fetch) -> httpx.Response:
        return fetch(httpx.Request("GET", f"{self.url}/v3/{path}", headers=self.headers))


def _largest(values: Mapping[str, Sequence[str]]) -> int:
    """Return how many bytes the names and values of one reader have at most."""
    names = sum(len(_SPELLING.variable(name)) for name in values)
    return names + max((len("".join(row).encode()) for row in zip(*values.values(), strict=True)), default=0)


@lru_cache(maxsize=4)
def _layout(edition: Edition, switches: Switches, *, whole: bool) -> JsonLayout:
    """Write the request down, for SendGrid to put values in, or whole for a single reader."""
    merged = merge(edition, _SPELLING)
    content = edition if whole else merged
    reader: dict[str, Json] = {
        "to": [{"email": Pattern.of_field("@address"), "name": Pattern.of_field("@name_in_to")}],
        "headers": further_headers(edition),  # nothing is put in here
        "custom_args": {
            "correlation_id": Pattern.of_field("@correlation_id"),
            "batch": Pattern.of_field("@batch"),
        },
    }
    if merged.slots and not whole:
        reader["substitutions"] = {_SPELLING.variable(name): Pattern.of_field(name) for name in merged.slots}
    message: dict[str, Json] = {
        "personalizations": Each(reader),
        "from": named_address(edition.sender, "From"),
        "subject": content.subject,
        "content": [  # in this order, by RFC 2046 and by SendGrid
            {"type": "text/plain", "value": content.text},
            {"type": "text/html", "value": content.html},
        ],
        "categories": [issue_tag(edition)],
        # What is not said is as the account has it.
        "mail_settings": {"footer": {"enable": False}, "sandbox_mode": {"enable": switches.sandbox}},
        "tracking_settings": {
            "click_tracking": {"enable": switches.clicks, "enable_text": False},
            "open_tracking": {"enable": switches.opens},
            "subscription_tracking": {"enable": False},  # it would add its own List-Unsubscribe
            "ganalytics": {"enable": False},
        },
    }
    if edition.reply_to:
        message["reply_to"] = named_address(edition.reply_to, "Reply-To")
    if edition.images:
        message["attachments"] = [*map(_attachment, edition.images)]
    if edition.deliver_at:
        message["send_at"] = int(edition.deliver_at.timestamp())
    if edition.recall:
        message["batch_id"] = edition.recall
    return JsonLayout.of(message)


def _attachment(image: InlineImage) -> Json:
    return {
        "content": b64encode(image.content).decode(),
        "type": image.media_type,
        "filename": image.filename,
        "disposition": "inline",
        "content_id": image.cid,
    }


class _Named(msgspec.Struct):
    batch_id: str


class _Cancelled(msgspec.Struct):
    status: str


class _Fault(msgspec.Struct):
    field: str | None = None


class _Faults(msgspec.Struct):
    errors: list[_Fault] = []


def _is_at_fault_for_all(response: httpx.Response) -> bool:
    """Tell whether faults are named in what all readers share, so that no smaller batch would pass."""
    fields = [fault.field for fault in explained(response, _Faults).errors if fault.field and fault.field != "null"]
    return bool(fields) and not any(field.startswith("personalizations") for field in fields)


class _Scopes(msgspec.Struct):
    scopes: list[str]


class _Domain(msgspec.Struct):
    domain: str
    valid: bool


def _domain(name: str, response: httpx.Response) -> Finding:
    if not response.is_success:
        return Finding(good=False, sentence=f"SendGrid says {said(response)} of its domains", hint="Ask again later.")
    valid = [domain.valid for domain in decoded(response, list[_Domain]) if domain.domain == name]
    if any(valid):
        return Finding(good=True, sentence=f"SendGrid has authenticated {name}")
    found = "has not yet found the DNS records of" if valid else "does not know"
    hint = "Authenticate it at https://app.sendgrid.com/settings/sender_auth, and add its DNS records."
    return Finding(good=False, sentence=f"SendGrid {found} {name}", hint=hint)
