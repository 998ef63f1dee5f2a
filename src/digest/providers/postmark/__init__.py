"""
Postmark, https://postmarkapp.com: five hundred whole messages a request, and a log that can be searched by our names.

Facts are of https://postmarkapp.com/developer and its articles 1125, 1215, 1299 and 1300, and of the webhooks' guide in
ActiveCampaign/postmark-skills@1d8f368, read on 2026-11-23.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import httpx
import msgspec
from msgspec import Meta

from digest.config.kinds import Switch
from digest.errors import ContentError, ProviderError
from digest.model import Pattern, Receipt, State
from digest.providers import Finding, Ids, Limits, OneClick
from digest.providers.options import Secret, Switches, options, read_options
from digest.providers.postmark.news import Metadata, event_of
from digest.providers.postmark.suppressions import Dump
from digest.wire.answers import (
    decoded,
    explained,
    looked_up,
    one_for_each,
    put_off,
    receipts_by_log,
    receipts_by_status,
    refusal,
)
from digest.wire.columns import Columns, further_headers, issue_tag, mailbox
from digest.wire.json_layout import Each, Json, JsonLayout
from digest.wire.suppressions import listed
from digest.wire.webhooks import check_basic
from digest.wire.words import clean, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digest.model import Address, Batch, Edition, Event, InlineImage
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_API = "https://api.postmarkapp.com"
_TOKEN, _WEBHOOK_AUTH = "POSTMARK_SERVER_TOKEN", "POSTMARK_WEBHOOK_AUTH"
SECRETS = {
    _TOKEN: Secret(meaning="the token of a server"),
    _WEBHOOK_AUTH: Secret(meaning="the webhook's name and password, as name:password", required=False),
}
_LIMITS = Limits(
    messages=500,
    bytes=50_000_000,
    inline_images=True,
    concurrency=4,
    log_delay=timedelta(minutes=15),  # it names none; what is not found then stays in doubt
    ids=Ids.MESSAGE,
    one_click=OneClick.THEIRS,
    sandbox=True,
    signature="Basic",
    caveats=("Postmark puts its own unsubscribe address in place of ours, and a link to it below the mail.",),
)
# Numbers of https://postmarkapp.com/developer/api/overview#error-codes; they look like those of HTTP, and are not.
_SENT = 0
_LATER = frozenset({100, 429})  # maintenance; too fast
# The token, the sender, credits, the account, or the stream: whoever the reader is, nothing is taken.
_WHOEVER_IT_IS = frozenset({10, 400, 401, 405, 412, 413, 1235, 1236})
# An invalid field, whose name is in the words: "Invalid 'From' address: … is not a verified sender signature",
# https://postmarkapp.com/support/article/troubleshooting-422-unprocessable-entity-errors, read on 2026-11-23.
_INVALID = 300
_OURS = re.compile(r"'(?:From|ReplyTo)'")
_INACTIVE = "will not deliver to these inactive addresses"
_REPLACED = re.compile(r"\{\{\s*\{?\s*pm:", re.IGNORECASE)

StreamId = Annotated[
    str, Meta(pattern=r"\A[a-z][a-z0-9_-]{0,29}\Z", description="the ID of a message stream, such as `broadcast`")
]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    stream: StreamId = "broadcast"
    """The message stream that it goes through; newsletters belong in a broadcast stream."""
    own_unsubscribe: Switch = False
    """Whether Postmark's support has opened the stream for your own unsubscribe address."""


@dataclass(frozen=True, kw_only=True)  # no slots: they would hide the limits of the class
class Postmark:
    """Puts batches in Postmark's words."""

    name: ClassVar[str] = "postmark"
    limits: Limits = _LIMITS
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the token."""
    webhook_auth: str = field(repr=False)
    stream: str
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or the token is missing.
        """
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        token = "POSTMARK_API_TEST" if setup.sandbox else secrets[_TOKEN]  # everyone's: it delivers nothing
        return cls(
            limits=replace(_LIMITS, one_click=OneClick.OURS, caveats=()) if chosen.own_unsubscribe else _LIMITS,
            url=setup.api_url or _API,
            headers={"X-Postmark-Server-Token": token, "Accept": "application/json"},
            webhook_auth=secrets[_WEBHOOK_AUTH],
            stream=chosen.stream,
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
            ContentError: Postmark would replace something in the text.
        """
        body = _layout(batch.edition, self.stream, self.switches).fill(Columns(batch))
        return body.post(f"{self.url}/email/batch", {**self.headers, "Content-Type": "application/json"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the batch is wrong.
            ProviderError: the token or the sender is wrong, or the account may not send.
        """
        fault = explained(response, _Result)
        if response.is_client_error and _is_nobodys(fault):
            raise refusal(response)
        if response.is_error and fault.error_code in _LATER:
            return put_off(batch, response)
        return receipts_by_status(batch, response) or _receipts(one_for_each(batch, decoded(response, list[_Result])))

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Search for what has the batch's key in its metadata; a page of the log is as large as a batch can be.

        Whoever is not found stays in doubt: when the log is complete is not documented.

        Raises:
            ProviderError: it does not answer as it should.
        """
        asked = {"count": "500", "offset": "0", "messagestream": self.stream, "metadata_batch": batch.key}
        request = httpx.Request("GET", f"{self.url}/messages/outbound", params=asked, headers=self.headers)
        known = looked_up(request, fetch, _Page).messages
        return receipts_by_log(batch, {message.metadata.correlation_id: _logged(message) for message in known})

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of. Calls are not signed, so their age cannot be told.

        Raises:
            ForgedError: it has not the name and password that were agreed.
            SettingsError: none were.
            ProviderError: it cannot be read.
        """
        del now, fetch
        check_basic(headers, _WEBHOOK_AUTH, self.webhook_auth)
        # The trace stays the same when an event is told again; test calls have none.
        return [event_of(headers.get("X-PM-Webhook-Trace-Id") or sha256(body).hexdigest(), body)]

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, left or bounced, of the stream; it tells all of them in one answer.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender, clock
        asked = {"fromdate": f"{since:%Y-%m-%d}"} if since else {}
        place = f"{self.url}/message-streams/{self.stream}/suppressions/dump"
        response = fetch(httpx.Request("GET", place, params=asked, headers=self.headers))
        yield from (entry.told() for entry in listed(response, Dump).suppressions)

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the stream. Domains are told to the account's token alone, which sending does not need."""
        del sender, now
        response = fetch(httpx.Request("GET", f"{self.url}/message-streams/{self.stream}", headers=self.headers))
        if not response.is_success:
            hint = f"Set {_TOKEN} to the token of your server there, and stream under [provider] to one of its streams."
            return [Finding(good=False, sentence=f"Postmark says {said(response)}", hint=hint)]
        return [Finding(good=True, sentence="Postmark knows the token"), *self._found(decoded(response, _Stream))]

    def _found(self, stream: _Stream) -> Iterator[Finding]:
        good = stream.message_stream_type == "Broadcasts"
        hint = "" if good else "Name one as stream under [provider]; newsletters must go through a broadcast stream."
        yield Finding(good=good, sentence=f'"{self.stream}" is {"a" if good else "no"} broadcast stream', hint=hint)
        handling = stream.subscription_management_configuration.unsubscribe_handling_type
        if handling == "Postmark" and self.limits.one_click is OneClick.OURS:
            hint = "Ask its support to open the stream for your own, or remove own_unsubscribe from [provider]."
            yield Finding(good=False, sentence="Postmark replaces the unsubscribe address on this stream", hint=hint)


@lru_cache(maxsize=2)
def _layout(edition: Edition, stream: str, switches: Switches) -> JsonLayout:
    # The one thing that Postmark replaces in a text that is no template: ``{{{ pm:unsubscribe }}}``.
    if any(_REPLACED.search(text) for part in (edition.html, edition.text) for text in part.texts):
        msg = "the issue holds braces with pm: in them, which Postmark replaces by an unsubscribe link"
        raise ContentError(msg, hint="Write it otherwise: there is no way to tell Postmark to leave it alone.")
    message: dict[str, Json] = {
        "MessageStream": stream,
        "From": mailbox(edition.sender),
        "To": Pattern.of_field("@mailbox"),
        "Subject": edition.subject,
        "HtmlBody": edition.html,
        "TextBody": edition.text,
        "Headers": [{"Name": name, "Value": value} for name, value in further_headers(edition).items()],
        "Tag": issue_tag(edition),
        "Metadata": {"correlation_id": Pattern.of_field("@correlation_id"), "batch": Pattern.of_field("@batch")},
        "TrackOpens": switches.opens,
        "TrackLinks": "HtmlAndText" if switches.clicks else "None",
    }
    if edition.reply_to:
        message["ReplyTo"] = mailbox(edition.reply_to)
    if edition.images:
        message["Attachments"] = [*map(_attachment, edition.images)]
    return JsonLayout.of(Each(message))


def _attachment(image: InlineImage) -> Json:
    return {
        "Name": image.filename,
        "Content": b64encode(image.content).decode(),
        "ContentType": image.media_type,
        "ContentID": f"cid:{image.cid}",
    }


class _Result(msgspec.Struct, rename="pascal"):
    error_code: int = _SENT
    message: str = ""
    message_id: str = msgspec.field(default="", name="MessageID")


def _receipts(results: Sequence[_Result]) -> Sequence[Receipt]:
    """Return a receipt for each result, unless all say that nothing is taken, whoever the reader is."""
    if results and all(map(_is_nobodys, results)):
        msg = f"the service refused everyone with {results[0].error_code}: {clean(results[0].message)}"
        raise ProviderError(msg, hint="Mend what it names and run it again; it took nothing of this batch.")
    return [*map(_receipt, results)]


def _receipt(result: _Result) -> Receipt:
    reason = f"{result.error_code}: {result.message}"
    if result.error_code in _LATER or _is_nobodys(result):  # credits that ran out in mid-batch, for one
        return Receipt(state=State.QUEUED, reason=reason)
    if result.error_code != _SENT or _INACTIVE in result.message:
        return Receipt(state=State.REFUSED, reason=reason)
    if not result.message_id:
        return Receipt(state=State.IN_DOUBT, reason="it gave the message no name")
    return Receipt(state=State.SENT, message_id=result.message_id)


def _is_nobodys(result: _Result) -> bool:
    """Tell whether a message is refused whoever the reader is."""
    is_ours = result.error_code == _INVALID and _OURS.search(result.message)
    return result.error_code in _WHOEVER_IT_IS or bool(is_ours)


class _Known(msgspec.Struct, rename="pascal"):
    metadata: Metadata
    message_id: str = msgspec.field(name="MessageID")


def _logged(message: _Known) -> Receipt:
    return Receipt(state=State.SENT, message_id=message.message_id)


class _Page(msgspec.Struct, rename="pascal"):
    messages: list[_Known]


class _Unsubscribing(msgspec.Struct, rename="pascal", frozen=True):
    unsubscribe_handling_type: str = ""


class _Stream(msgspec.Struct, rename="pascal"):
    message_stream_type: str
    subscription_management_configuration: _Unsubscribing = _Unsubscribing()
