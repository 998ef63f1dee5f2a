"""
MailerSend, https://mailersend.com: up to five hundred whole messages a request, taken at once and checked later.

Facts are of https://developers.mailersend.com, its package ``mailersend`` 2.2.0 and django-anymail 15.1, read on
2026-11-23. Its template language runs only over messages that bring ``personalization`` along; ours do not.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import httpx
import msgspec
from msgspec import Meta

from digest.config.kinds import Switch
from digest.errors import ContentError, ProviderError
from digest.model import Pattern, Receipt, State
from digest.providers import Finding, Ids, Limits, OneClick
from digest.providers.mailersend.news import events_of
from digest.providers.mailersend.suppressions import LISTS, page_of
from digest.providers.options import Secret, Switches, options, read_options
from digest.wire.answers import decoded, explained, looked_up, receipts_by_log, receipts_by_status, refusal
from digest.wire.columns import Columns, further_headers, issue_tag, named_address
from digest.wire.json_layout import Each, IfAny, Json, JsonLayout
from digest.wire.suppressions import read_all
from digest.wire.webhooks import check_signature, header_of, secret_for
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Edition, Event, InlineImage
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_API = "https://api.mailersend.com"
_KEY, _WEBHOOK_SECRET = "MAILERSEND_API_KEY", "MAILERSEND_WEBHOOK_SECRET"
SECRETS = {
    _KEY: Secret(meaning="the API token"),
    _WEBHOOK_SECRET: Secret(meaning="the webhook's signing secret", required=False),
}
_QUOTA = b"#MS42901"
# Fields that all messages share, with or without a message's place before them: "from.email", "message.1.from.email".
# An unverified sender is a fault of these: https://developers.mailersend.com/api/v1/email, read on 2026-11-23.
_OURS = re.compile(r"(?:message\.)?(?:\d+\.)?(?:from|reply_to|headers|list_unsubscribe|attachments|settings|send_at)\b")
_NO_NAME = re.compile("[;,]+")
_ADDRESS = re.compile(r"<(https?://[^<>]+)>")
_PAGE, _PAGES = 1000, 100
_LIMITS = Limits(
    messages=500,
    bytes=50_000_000,
    inline_images=True,
    pace=10 / 60,
    ids=Ids.REQUEST,
    one_click=OneClick.THEIRS,
    horizon=timedelta(hours=72),
    signature="HMAC-SHA256",
    log_delay=timedelta(minutes=15),  # it names none; what is not found then stays in doubt
    caveats=(
        "List-Unsubscribe, List-Id and the like are ours on its Professional and Enterprise plans alone.",
        "It takes a request first and checks messages and sender later: what it refuses then counts as sent.",
        "It allows no comma and no semicolon in a reader's name, so a space stands there.",
    ),
)


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    professional: Switch = False
    """Whether your plan carries our header fields, as Professional and Enterprise do."""
    messages: Annotated[int, Meta(ge=1, le=500, description="a whole number from 1 to 500")] = 500
    """How many messages a request may have on your plan."""


@dataclass(frozen=True, kw_only=True)  # no slots: they would hide the limits of the class
class MailerSend:
    """Puts batches in MailerSend's words."""

    name: ClassVar[str] = "mailersend"
    limits: Limits = _LIMITS
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the token."""
    webhook_secret: str = field(repr=False)
    professional: bool
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or the token is missing.
        """
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        return cls(
            limits=_limits(chosen),
            url=setup.api_url or _API,
            headers={"Authorization": f"Bearer {secrets[_KEY]}", "Accept": "application/json"},
            webhook_secret=secrets[_WEBHOOK_SECRET],
            professional=chosen.professional,
            switches=Switches.of(setup),
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return an array of whole messages.

        Raises:
            ContentError: there is nothing that List-Unsubscribe could lead to.
        """
        names = [_NO_NAME.sub(" ", name) for name in Columns(batch)["@display_name"]]
        layout = _layout(batch.edition, self.switches, professional=self.professional)
        body = layout.fill(Columns(batch, {"@name_in_to": names}))
        return body.post(f"{self.url}/v1/bulk-email", {**self.headers, "Content-Type": "application/json"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader; all bear the name of the request, as their messages have none yet.

        Raises:
            UnclearError: it does not say that it took them.
            RejectedError: something in the batch is wrong.
            ProviderError: the token or the sender is wrong, or a quota is used up.
        """
        if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY and _is_ours(response):
            raise refusal(response)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS and _QUOTA in response.content:
            raise refusal(response)
        return receipts_by_status(batch, response) or [
            Receipt(state=State.SENT, message_id=decoded(response, _Taken).bulk_email_id)
        ] * len(batch.readers)

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Look for the messages by their tags; one that is not found may still come, as no delay is documented.

        Raises:
            ProviderError: the service does not answer as it should, or does not know the sender's domain.
        """
        listed = {tag: _logged(email) for email in self._listed(batch, fetch) for tag in email.tags or []}
        return receipts_by_log(batch, listed)

    def _listed(self, batch: Batch, fetch: Fetch) -> Iterator[_Listed]:
        """Return what it has of the issue since the batch was claimed; the end is past, as dates ahead are refused."""
        window: dict[str, str | int] = {
            "domain_id": self._domain_id(batch.edition.sender.domain, fetch),
            "date_from": int(batch.at.timestamp()),
            "date_to": int((batch.at + (self.limits.log_delay or timedelta())).timestamp()),
            "tag": issue_tag(batch.edition),
            "limit": _PAGE,
        }
        for page in range(1, _PAGES + 1):
            emails = looked_up(self._asking("emails", {**window, "page": page}), fetch, _Emails).data
            yield from emails
            if len(emails) < _PAGE:
                return

    def _domain_id(self, name: str, fetch: Fetch) -> str:
        """Return the id of the sender's domain, of which it keeps log and lists."""
        domains = looked_up(self._asking("domains", {"limit": 100}), fetch, _Domains).data
        for domain in domains:
            if domain.covers(name):
                return domain.id
        msg = f"MailerSend does not know {name}, so it cannot be asked about it"
        raise ProviderError(msg, hint="Give the token the right to read domains.")

    def _asking(self, path: str, what: Mapping[str, str | int]) -> httpx.Request:
        return httpx.Request("GET", f"{self.url}/v1/{path}", params=what, headers=self.headers)

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of; it says of no moment when it was signed.

        Raises:
            ForgedError: its signature is wrong.
            SettingsError: the secret is not set.
            ProviderError: it cannot be read.
        """
        del now, fetch
        secret = secret_for(_WEBHOOK_SECRET, self.webhook_secret)
        check_signature(hmac.digest(secret, body, "sha256").hex(), header_of(headers, "Signature"))
        return events_of(body)

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, unsubscribed or bounced, of the sender's domain; what is old cannot be left out.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del since, clock
        domain = self._domain_id(sender.domain, fetch)

        def ask(place: str) -> httpx.Response:
            return fetch(httpx.Request("GET", f"{self.url}/v1/{place}&domain_id={domain}", headers=self.headers))

        for name in LISTS:
            yield from read_all(partial(page_of, ask, name))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the account's domains."""
        del now
        response = fetch(self._asking("domains", {"limit": 100}))
        if not response.is_success:
            hint = f"Make a token for {_KEY} anew."
            return [Finding(good=False, sentence=f"MailerSend says {said(response)}", hint=hint)]
        return [Finding(good=True, sentence="MailerSend knows the token"), _domain(sender.domain, response)]


def _limits(chosen: Options) -> Limits:
    if not chosen.professional:
        return replace(_LIMITS, messages=chosen.messages)
    return replace(_LIMITS, messages=chosen.messages, one_click=OneClick.OURS, caveats=_LIMITS.caveats[1:])


@lru_cache(maxsize=2)
def _layout(edition: Edition, switches: Switches, *, professional: bool) -> JsonLayout:
    message: dict[str, Json] = {
        "from": named_address(edition.sender, "From"),
        "to": [{"email": Pattern.of_field("@address"), "name": IfAny("@name_in_to")}],
        "subject": edition.subject,
        "html": edition.html,
        "text": edition.text,
        "tags": [issue_tag(edition), Pattern.of_field("@correlation_id")],
        "settings": {"track_opens": switches.opens, "track_clicks": switches.clicks, "track_content": False},
        **(_headers(edition) if professional else {}),
    }
    if edition.reply_to:
        message["reply_to"] = named_address(edition.reply_to, "Reply-To")
    if edition.images:
        message["attachments"] = [*map(_attachment, edition.images)]
    if edition.deliver_at:
        message["send_at"] = int(edition.deliver_at.timestamp())
    return JsonLayout.of(Each(message))


def _headers(edition: Edition) -> dict[str, Json]:
    """List-Unsubscribe has a property of its own, a bare address, which brings List-Unsubscribe-Post along."""
    further = {name.lower(): (name, value) for name, value in further_headers(edition).items()}
    _, unsubscribe = further.pop("list-unsubscribe", ("", None))
    further.pop("list-unsubscribe-post", None)
    headers: dict[str, Json] = {"headers": [{"name": name, "value": value} for name, value in further.values()]}
    return {**headers, "list_unsubscribe": _bare(unsubscribe)} if unsubscribe else headers


def _bare(unsubscribe: Pattern) -> Pattern:
    address = _ADDRESS.search(unsubscribe.marked)
    if address is None:
        msg = "MailerSend takes an address for List-Unsubscribe that begins with https://, and there is none"
        raise ContentError(msg)
    return Pattern.of_text(address[1])


def _attachment(image: InlineImage) -> Json:
    content = b64encode(image.content).decode()
    return {"id": image.cid, "filename": image.filename, "disposition": "inline", "content": content}


class _Faults(msgspec.Struct):
    errors: dict[str, object] = {}


def _is_ours(response: httpx.Response) -> bool:
    """Tell whether all faults are in what all messages share, so that no smaller batch would pass."""
    faults = explained(response, _Faults).errors
    return bool(faults) and all(map(_OURS.match, faults))


class _Taken(msgspec.Struct):
    bulk_email_id: str


class _Listed(msgspec.Struct):
    message_id: str = ""
    status: str = ""
    suppression_reason: str | None = None
    tags: list[str] | None = None


class _Emails(msgspec.Struct):
    data: list[_Listed]


def _logged(email: _Listed) -> Receipt:
    if email.status == "rejected":
        reason = email.suppression_reason or email.status
        return Receipt(state=State.REFUSED, message_id=email.message_id, reason=reason)
    return Receipt(state=State.SENT, message_id=email.message_id)


class _Domain(msgspec.Struct):
    id: str
    name: str
    is_verified: bool = False

    def covers(self, name: str) -> bool:
        """Tell whether senders at `name` may use it: "a verified domain or a subdomain from a verified domain"."""
        return f".{name}".endswith(f".{self.name}")


class _Domains(msgspec.Struct):
    data: list[_Domain]


def _domain(name: str, response: httpx.Response) -> Finding:
    known = [domain.is_verified for domain in decoded(response, _Domains).data if domain.covers(name)]
    if any(known):
        return Finding(good=True, sentence=f"MailerSend has verified {name}")
    found = f"has not verified {name} yet" if known else f"does not know {name}"
    return Finding(good=False, sentence=f"MailerSend {found}", hint="Add it under Domains, and its DNS records.")
