"""
Mailjet, https://mailjet.com, Send API v3.1: fifty whole messages a request, each accepted or refused on its own.

Facts are of https://dev.mailjet.com and mailjet/api-documentation@06a7979 (``guides/_send-api.md``), read on
2026-11-23. Its template language is off unless a message asks for it, so whole messages arrive as they are.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, ClassVar, Self

import httpx
import msgspec

from digest.errors import ContentError
from digest.model import Pattern, Receipt, State
from digest.providers import Finding, Ids, Limits
from digest.providers.mailjet.news import events_of
from digest.providers.mailjet.suppressions import KINDS, page_of
from digest.providers.options import Secret, Switches, options, read_options
from digest.wire.answers import (
    decoded,
    looked_up,
    one_for_each,
    receipts_by_log,
    receipts_by_status,
    refusal,
)
from digest.wire.columns import Columns, further_headers, issue_tag, named_address
from digest.wire.json_layout import Each, IfAny, Json, JsonLayout
from digest.wire.suppressions import read_all
from digest.wire.webhooks import check_basic
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Edition, Event, InlineImage
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_API = "https://api.mailjet.com"
_KEY, _SECRET, _WEBHOOK_AUTH = "MAILJET_API_KEY", "MAILJET_SECRET_KEY", "MAILJET_WEBHOOK_AUTH"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    _SECRET: Secret(meaning="the secret key"),
    _WEBHOOK_AUTH: Secret(meaning="the name and password in the webhook's address", required=False),
}
_LONGEST_SUBJECT = 255
_SWITCH = {True: "enabled", False: "disabled"}


@options
class Options:
    """It has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailjet:
    """Puts batches in Mailjet's words."""

    name: ClassVar[str] = "mailjet"
    limits: ClassVar[Limits] = Limits(
        messages=50,
        bytes=15_000_000,  # what it names for attachments; it names no number for a request, but has one
        inline_images=True,
        concurrency=4,
        ids=Ids.MESSAGE,
        sandbox=True,
        signature="Basic",
        log_delay=timedelta(minutes=15),  # it names none; what is not found then stays in doubt
        caveats=(
            "Mailjet does not allow the header field List-Id, so it is left out.",
            "A subject has 255 characters at most.",
        ),
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the two keys."""
    webhook_auth: str = field(repr=False)
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown, or a key is missing.
        """
        _, secrets = read_options(setup, cls.name, Options, SECRETS)
        keys = b64encode(f"{secrets[_KEY]}:{secrets[_SECRET]}".encode()).decode()
        return cls(
            url=setup.api_url or _API,
            headers={"Authorization": f"Basic {keys}"},
            webhook_auth=secrets[_WEBHOOK_AUTH],
            switches=Switches.of(setup),
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return whole messages.

        Raises:
            ContentError: the subject is too long.
        """
        body = _layout(batch.edition, self.switches).fill(Columns(batch))
        return body.post(f"{self.url}/v3.1/send", {**self.headers, "Content-Type": "application/json"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader; an answer of 4xx may hold successes.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: the request as a whole is wrong.
            ProviderError: a key is wrong, or the sender is not allowed.
        """
        results = _results(response)
        if results or response.is_success:
            return _receipts(batch, response, results)
        return receipts_by_status(batch, response) or []

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Ask for each message by its CustomID; one that is not found may still come, as no delay is documented.

        Raises:
            ProviderError: the service does not answer as it should.
        """
        listed = {name: self._listed(name, fetch) for name in batch.correlation_ids}
        known = {name: str(messages[0].id) for name, messages in listed.items() if messages}
        return receipts_by_log(batch, {name: Receipt(state=State.SENT, message_id=known[name]) for name in known})

    def _listed(self, custom_id: str, fetch: Fetch) -> Sequence[_Message]:
        url = f"{self.url}/v3/REST/message"
        request = httpx.Request("GET", url, params={"CustomID": custom_id}, headers=self.headers)
        return looked_up(request, fetch, _Found).data

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the events that a call tells of: one, or many where they are grouped.

        Raises:
            ForgedError: it has another name and password.
            SettingsError: nobody has said which it has.
            ProviderError: it cannot be read.
        """
        del now, fetch
        check_basic(headers, _WEBHOOK_AUTH, self.webhook_auth)
        return events_of(body)

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, left or bounced, by the log of messages of the account.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender, clock

        def ask(query: str) -> httpx.Response:
            return fetch(httpx.Request("GET", f"{self.url}/v3/REST/message?{query}", headers=self.headers))

        for kind in KINDS:
            yield from read_all(partial(page_of, ask, since, kind))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the account's senders."""
        del now
        response = fetch(httpx.Request("GET", f"{self.url}/v3/REST/sender?Limit=1000", headers=self.headers))
        if not response.is_success:
            hint = f"Make {_KEY} and {_SECRET} anew."
            return [Finding(good=False, sentence=f"Mailjet says {said(response)}", hint=hint)]
        return [Finding(good=True, sentence="Mailjet knows the keys"), _sender(sender, response)]


@lru_cache(maxsize=2)
def _layout(edition: Edition, switches: Switches) -> JsonLayout:
    _refuse_long(edition.subject)
    headers = {name: value for name, value in further_headers(edition).items() if name.lower() != "list-id"}
    message: dict[str, Json] = {
        "From": _named_address(edition.sender, "From"),
        "To": [{"Email": Pattern.of_field("@address"), "Name": IfAny("@display_name")}],
        "Subject": edition.subject,
        "HTMLPart": edition.html,
        "TextPart": edition.text,
        "TemplateLanguage": False,
        "Headers": headers,
        "CustomID": Pattern.of_field("@correlation_id"),
        "CustomCampaign": issue_tag(edition),
        "TrackOpens": _SWITCH[switches.opens],
        "TrackClicks": _SWITCH[switches.clicks],
    }
    if edition.reply_to:
        message["ReplyTo"] = _named_address(edition.reply_to, "Reply-To")
    if edition.images:
        message["InlinedAttachments"] = [*map(_attachment, edition.images)]
    return JsonLayout.of({"Messages": Each(message), "SandboxMode": switches.sandbox})


def _refuse_long(subject: Pattern) -> None:
    """One that is too long for some readers only is the service's to refuse."""
    if sum(map(len, subject.texts)) > _LONGEST_SUBJECT:
        msg = f"the subject has more than the {_LONGEST_SUBJECT} characters that Mailjet takes"
        raise ContentError(msg, hint="Shorten the subject.")


def _named_address(address: Address, header: str) -> Json:
    return {key.capitalize(): value for key, value in named_address(address, header).items()}


def _attachment(image: InlineImage) -> Json:
    return {
        "ContentType": image.media_type,
        "Filename": image.filename,
        "ContentID": image.cid,
        "Base64Content": b64encode(image.content).decode(),
    }


class _To(msgspec.Struct, rename="pascal"):
    message_id: int | str = msgspec.field(name="MessageID", default="")
    """A number of 64 bits; 0 in the sandbox."""


class _Error(msgspec.Struct, rename="pascal"):
    error_code: str = ""
    error_message: str = ""
    status_code: int = 400


class _Result(msgspec.Struct, rename="pascal"):
    status: str
    to: list[_To] = []
    errors: list[_Error] = []


class _Answer(msgspec.Struct, rename="pascal"):
    messages: list[_Result] = []


def _results(response: httpx.Response) -> Sequence[_Result]:
    """Return what became of each message; an answer of 4xx that cannot be read may have told of successes."""
    tells = response.is_client_error and response.content.lstrip()[:1] == b"{"
    return decoded(response, _Answer).messages if response.is_success or tells else []


def _receipts(batch: Batch, response: httpx.Response, results: Sequence[_Result]) -> Sequence[Receipt]:
    """Read the results, which are in order: a message that is refused is named in no other way."""
    if all(map(_is_barred, one_for_each(batch, results))):
        raise refusal(response)
    return [*map(_receipt, results)]


def _is_barred(result: _Result) -> bool:
    """Tell whether a message was refused for who sends it."""
    barring = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    return any(error.status_code in barring for error in result.errors)


def _receipt(result: _Result) -> Receipt:
    if result.status == "success":
        return Receipt(state=State.SENT, message_id=str(result.to[0].message_id or "") if result.to else "")
    reason = "; ".join(f"{error.error_code} {error.error_message}" for error in result.errors)
    worst = max((error.status_code for error in result.errors), default=httpx.codes.INTERNAL_SERVER_ERROR)
    if worst >= httpx.codes.INTERNAL_SERVER_ERROR or result.status != "error":
        return Receipt(state=State.IN_DOUBT, reason=reason or f"Mailjet says {result.status!r}")
    return Receipt(state=State.QUEUED if worst == httpx.codes.TOO_MANY_REQUESTS else State.REFUSED, reason=reason)


class _Message(msgspec.Struct):
    id: int | str = msgspec.field(name="ID")


class _Found(msgspec.Struct, rename="pascal"):
    data: list[_Message]


class _Sender(msgspec.Struct, rename="pascal"):
    email: str
    status: str = ""


class _Senders(msgspec.Struct, rename="pascal"):
    data: list[_Sender] = []


def _sender(sender: Address, response: httpx.Response) -> Finding:
    """Look for the address or, as ``*@example.org``, its domain."""
    wanted = {sender.email.lower(), f"*@{sender.domain.lower()}"}
    known = [one.status for one in decoded(response, _Senders).data if one.email.lower() in wanted]
    if "Active" in known:
        return Finding(good=True, sentence=f"Mailjet allows {sender.domain} as a sender")
    found = f"says that the sender is {known[0].lower()}" if known else f"does not know a sender of {sender.domain}"
    return Finding(
        good=False,
        sentence=f"Mailjet {found}",
        hint="Add it at https://app.mailjet.com/account/sender and validate it.",
    )
