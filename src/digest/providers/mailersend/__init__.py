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
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Self, TypeVar

import httpx
import msgspec
from msgspec import Meta

from digest.config.settings import Switch
from digest.errors import ContentError, ProviderError
from digest.model import Pattern, Receipt, State, one_line
from digest.providers import Finding, Ids, Limits, OneClick
from digest.providers.mailersend.news import events
from digest.providers.options import Secret, options, read_options
from digest.wire.answers import decoded, receipts_by_status, refusal
from digest.wire.columns import Columns, further_headers, issue_tag
from digest.wire.header_fields import wire_address
from digest.wire.json_layout import Each, IfAny, Json, JsonLayout
from digest.wire.webhooks import check_signature, header_of, secret_for
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Edition, Event, InlineImage
    from digest.providers import Setup
    from digest.wire import Fetch

_Kind = TypeVar("_Kind")
_API = "https://api.mailersend.com"
_KEY, _WEBHOOK_SECRET = "MAILERSEND_API_KEY", "MAILERSEND_WEBHOOK_SECRET"
SECRETS = {
    _KEY: Secret(meaning="the API token"),
    _WEBHOOK_SECRET: Secret(meaning="the webhook's signing secret", required=False),
}
_QUOTA = b"#MS42901"
_NO_NAME = re.compile("[;,]+")
_ADDRESS = re.compile(r"<(https?://[^<>]+)>")
_PAGE, _PAGES = 1000, 100
_LIMITS = Limits(
    messages=500,
    bytes=20_000_000,  # it names no number for a request
    inline_images=True,
    pace=10 / 60,
    ids=Ids.REQUEST,
    one_click=OneClick.THEIRS,
    horizon=timedelta(hours=72),
    signature="HMAC-SHA256",
    log_delay=timedelta(minutes=15),  # it names none; what is not found then stays in doubt
    caveats=(
        "List-Unsubscribe, List-Id and the like are ours on its Professional and Enterprise plans alone.",
        "It takes a request first and checks its messages later; whom it refuses then, its webhook tells.",
        "It allows no comma and no semicolon in a reader's name, so a space stands there.",
    ),
)


@options
class Options:
    """What MailerSend has to be told of its plans."""

    professional: Switch = False
    """Whether your plan carries our header fields, as Professional and Enterprise do."""
    messages: Annotated[int, Meta(ge=1, le=500, description="a whole number from 1 to 500")] = 500
    """How many messages a request may have on your plan."""


@dataclass(frozen=True, kw_only=True)  # no slots: the class has limits, and each newsletter may have others
class MailerSend:
    """Puts batches in MailerSend's words."""

    name: ClassVar[str] = "mailersend"
    transport: ClassVar[None] = None
    limits: Limits = _LIMITS
    url: str
    professional: bool
    track_opens: bool
    track_clicks: bool
    key: str = field(repr=False)
    webhook_secret: str = field(repr=False)

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
            professional=chosen.professional,
            track_opens=setup.track_opens,
            track_clicks=setup.track_clicks,
            key=secrets[_KEY],
            webhook_secret=secrets[_WEBHOOK_SECRET],
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    @property
    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return an array of whole messages.

        Raises:
            ContentError: there is nothing that List-Unsubscribe could lead to.
        """
        readers = Columns(batch)
        names = [_NO_NAME.sub(" ", name) for name in readers["@display_name"]]
        layout = _layout(batch.edition, self.professional, self.track_opens, self.track_clicks)
        headers = {**self._auth, "Content-Type": "application/json"}
        return layout.fill(Columns(batch, {"@plain_name": names})).post(f"{self.url}/v1/bulk-email", headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader; all bear the name of the request, as their messages have none yet.

        Raises:
            UnclearError: it does not say that it took them.
            RejectedError: something in the batch is wrong.
            ProviderError: the token is wrong, or a quota is used up.
        """
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
        listed = {tag: email for email in self._listed(batch, fetch) for tag in email.tags or []}
        return [_logged(listed.get(correlation_id)) for correlation_id in batch.correlation_ids]

    def _listed(self, batch: Batch, fetch: Fetch) -> Iterator[_Listed]:
        """Return what it has of the issue since the batch was claimed; the end is past, as dates ahead are refused."""
        name = batch.edition.sender.domain
        domains = self._asked("/domains", {"limit": 100}, fetch, _Domains).data
        window: dict[str, str | int] = {
            "domain_id": next((domain.id for domain in domains if domain.name == name), ""),
            "date_from": int(batch.at.timestamp()),
            "date_to": int((batch.at + (self.limits.log_delay or timedelta())).timestamp()),
            "tag": issue_tag(batch.edition),
            "limit": _PAGE,
        }
        if not window["domain_id"]:
            msg = f"MailerSend does not know {name}, so its log cannot be asked"
            raise ProviderError(msg, hint="Give the token the right to read domains.")
        for page in range(1, _PAGES + 1):
            emails = self._asked("/emails", {**window, "page": page}, fetch, _Emails).data
            yield from emails
            if len(emails) < _PAGE:
                return

    def _asked(self, path: str, what: dict[str, str | int], fetch: Fetch, kind: type[_Kind]) -> _Kind:
        response = fetch(httpx.Request("GET", httpx.URL(f"{self.url}/v1{path}", params=what), headers=self._auth))
        if response.is_success:
            return decoded(response, kind)
        msg = f"MailerSend says {said(response)}"
        raise ProviderError(msg, hint="Ask again later.")

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
        return events(body)

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the account's domains."""
        del now
        response = fetch(httpx.Request("GET", f"{self.url}/v1/domains?limit=100", headers=self._auth))
        if not response.is_success:
            hint = f"Make a token for {_KEY} anew."
            return [Finding(good=False, sentence=f"MailerSend says {said(response)}", hint=hint)]
        return [Finding(good=True, sentence="MailerSend knows the token"), _domain(sender.domain, response)]


def _limits(chosen: Options) -> Limits:
    if not chosen.professional:
        return replace(_LIMITS, messages=chosen.messages)
    return replace(_LIMITS, messages=chosen.messages, one_click=OneClick.OURS, caveats=_LIMITS.caveats[1:])


@lru_cache(maxsize=2)
def _layout(edition: Edition, professional: bool, opens: bool, clicks: bool) -> JsonLayout:  # noqa: FBT001  # a cache's key
    message: dict[str, Json] = {
        "from": _mailbox(edition.sender, "From"),
        **({"reply_to": _mailbox(edition.reply_to, "Reply-To")} if edition.reply_to else {}),
        "to": [{"email": Pattern.of_field("@address"), "name": IfAny("@plain_name")}],
        "subject": edition.subject,
        "html": edition.html,
        "text": edition.text,
        "tags": [issue_tag(edition), Pattern.of_field("@correlation_id")],
        "settings": {"track_opens": opens, "track_clicks": clicks, "track_content": False},
        **(_headers(edition) if professional else {}),
        **({"attachments": [*map(_attachment, edition.images)]} if edition.images else {}),
        **({"send_at": int(edition.deliver_at.timestamp())} if edition.deliver_at else {}),
    }
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
    return Pattern.of_line(address[1])


def _mailbox(address: Address, header: str) -> Json:
    name = one_line(address.name)
    return {"email": wire_address(address.email, header), **({"name": name} if name.strip() else {})}


def _attachment(image: InlineImage) -> Json:
    content = b64encode(image.content).decode()
    return {"id": image.cid, "filename": image.filename, "disposition": "inline", "content": content}


class _Taken(msgspec.Struct):
    bulk_email_id: str


class _Listed(msgspec.Struct):
    message_id: str = ""
    status: str = ""
    suppression_reason: str | None = None
    tags: list[str] | None = None


class _Emails(msgspec.Struct):
    data: list[_Listed]


def _logged(email: _Listed | None) -> Receipt:
    if email is None:
        return Receipt(state=State.IN_DOUBT)
    if email.status == "rejected":
        return Receipt(
            state=State.REFUSED, message_id=email.message_id, reason=email.suppression_reason or email.status
        )
    return Receipt(state=State.SENT, message_id=email.message_id)


class _Domain(msgspec.Struct):
    id: str
    name: str
    is_verified: bool = False


class _Domains(msgspec.Struct):
    data: list[_Domain]


def _domain(name: str, response: httpx.Response) -> Finding:
    known = {domain.name: domain.is_verified for domain in decoded(response, _Domains).data}
    if known.get(name):
        return Finding(good=True, sentence=f"MailerSend has verified {name}")
    found = f"has not verified {name} yet" if name in known else f"does not know {name}"
    return Finding(good=False, sentence=f"MailerSend {found}", hint="Add it under Domains, and its DNS records.")
