"""
Mailtrap, https://mailtrap.io: five hundred messages a request, beside what they share.

Facts are of its OpenAPI files (mailtrap/mailtrap-openapi@f96b352, and @a2f6170 for the log), of https://docs.mailtrap.io
(mailtrap/mailtrap-docs@1872a5c) and of its Python SDK 2.11, read on 2026-11-23.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, TypeVar

import httpx
import msgspec
from msgspec import Meta

from digest.errors import ContentError, SettingsError
from digest.model import Pattern, Receipt, State
from digest.providers import Finding, Ids, Limits, OneClick
from digest.providers.mailtrap.news import Names, events_of
from digest.providers.mailtrap.suppressions import page_of
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.answers import RejectedError, decoded, looked_up, one_for_each, receipts_by_log, receipts_by_status
from digest.wire.columns import Columns, further_headers, issue_tag, named_address
from digest.wire.json_layout import Each, Json, JsonLayout
from digest.wire.suppressions import listed, read_all
from digest.wire.webhooks import check_signature, header_of, secret_for
from digest.wire.words import clean, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digest.model import Address, Batch, Edition, Event, InlineImage
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_HOSTS = {"bulk": "https://bulk.api.mailtrap.io", "transactional": "https://send.api.mailtrap.io"}
_SANDBOX, _GENERAL = "https://sandbox.api.mailtrap.io", "https://mailtrap.io"
_KEY, _WEBHOOK_SECRET = "MAILTRAP_API_KEY", "MAILTRAP_WEBHOOK_SECRET"
SECRETS = {_KEY: Secret(meaning="the API token"), _WEBHOOK_SECRET: Secret(meaning="the signing secret", required=False)}
_REPLACED = "__unsubscribe_url__"
_Answer = TypeVar("_Answer")
Stream = Annotated[Literal["bulk", "transactional"], Meta(description='`"bulk"` or `"transactional"`')]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    stream: Stream = "bulk"
    """The stream that it goes through; Mailtrap wants newsletters in the bulk stream."""
    sandbox_id: Annotated[int, Meta(ge=1, description="the number of a sandbox")] | None = None
    """The sandbox that catches what is sent with ``--sandbox``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailtrap:
    """Puts batches in Mailtrap's words."""

    name: ClassVar[str] = "mailtrap"
    limits: ClassVar[Limits] = Limits(
        messages=500,
        bytes=50_000_000,
        inline_images=True,
        concurrency=4,
        pace=15,
        log_delay=timedelta(minutes=15),  # it names none; what is not found then stays in doubt
        ids=Ids.MESSAGE,
        one_click=OneClick.UNDOCUMENTED,
        sandbox=True,
        signature="HMAC-SHA256",
        caveats=("Mailtrap's bulk stream sets an unsubscribe address of its own, perhaps in place of ours.",),
    )
    transport: ClassVar[None] = None
    url: str
    general_url: str
    """Where everything but sending is asked for."""
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the token."""
    webhook_secret: str = field(repr=False)

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, the token is missing, or the sandbox is not named.
        """
        refuse_tracking(setup, cls.name)
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        if setup.sandbox and chosen.sandbox_id is None:
            msg = 'the provider "mailtrap" does not know which of your sandboxes is to catch the messages'
            raise SettingsError(msg, hint="Under [provider] in digest.toml, set sandbox_id to its number.")
        host = _SANDBOX if setup.sandbox else _HOSTS[chosen.stream]
        return cls(
            url=f"{setup.api_url or host}/api/batch" + (f"/{chosen.sandbox_id}" if setup.sandbox else ""),
            general_url=setup.api_url or _GENERAL,
            headers={"Authorization": f"Bearer {secrets[_KEY]}"},
            webhook_secret=secrets[_WEBHOOK_SECRET],
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return what the messages share, and what each has for itself.

        Raises:
            ContentError: Mailtrap would replace something in the text.
        """
        headers = {**self.headers, "Content-Type": "application/json"}
        return _layout(batch.edition).fill(Columns(batch)).post(self.url, headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the batch is wrong.
            ProviderError: the token is wrong, or the sender's domain is not verified.
        """
        if by_status := receipts_by_status(batch, response):
            return by_status
        answer = decoded(response, _Taken)
        if not (answer.success or answer.responses):
            msg = f"the service rejected it with {clean('; '.join(answer.errors))}"
            raise RejectedError(msg)
        return [*map(_receipt, one_for_each(batch, answer.responses))]

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Search the logs that the token may see for messages with the batch's key.

        Whoever is not found stays in doubt: when the log is complete, and for how long, is not documented.

        Raises:
            ProviderError: it does not answer as it should.
        """
        begun = (batch.at - timedelta(minutes=10)).isoformat()  # by a clock of ours that may be fast
        accounts = self._ask(fetch, "/api/accounts", list[_Account])
        logs = [f"/api/accounts/{account.id}/email_logs" for account in accounts]
        filters = {
            "filters[sent_after]": begun,
            "filters[category][operator]": "equal",
            "filters[category][value]": issue_tag(batch.edition),
        }
        known = (message for log in logs for message in self._search(fetch, log, filters))
        ours = (message for message in known if message.custom_variables.batch == batch.key)
        return receipts_by_log(batch, {message.custom_variables.correlation_id: _logged(message) for message in ours})

    def _search(self, fetch: Fetch, log: str, filters: Mapping[str, str]) -> Iterator[_Known]:
        page = self._ask(fetch, log, _Page, filters)
        yield from page.messages
        while page.messages and page.next_page_cursor:
            page = self._ask(fetch, log, _Page, {**filters, "search_after": page.next_page_cursor})
            yield from page.messages

    def _ask(self, fetch: Fetch, path: str, kind: type[_Answer], filters: Mapping[str, str] | None = None) -> _Answer:
        request = httpx.Request("GET", f"{self.general_url}{path}", params=filters, headers=self.headers)
        return looked_up(request, fetch, kind)

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the events that a call tells of. Its moment is not signed, so its age cannot be told.

        Raises:
            ForgedError: its signature is wrong.
            SettingsError: the secret is not set.
            ProviderError: it cannot be read.
        """
        del now, fetch
        expected = hmac.digest(secret_for(_WEBHOOK_SECRET, self.webhook_secret), body, "sha256").hex()
        check_signature(expected, header_of(headers, "Mailtrap-Signature"))
        return events_of(body)

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained, unsubscribed or bounced, of the sender's domain, in all accounts of the token.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del clock

        def ask(query: str, path: str = "") -> httpx.Response:
            return fetch(httpx.Request("GET", f"{self.general_url}/api/accounts{path}?{query}", headers=self.headers))

        for account in listed(ask(""), list[_Account]):
            ask_account = partial(ask, path=f"/{account.id}/suppressions")
            yield from read_all(partial(page_of, ask_account, since, sender.domain))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the accounts of the token, and for their domains."""
        del now
        response = fetch(httpx.Request("GET", f"{self.general_url}/api/accounts", headers=self.headers))
        if not response.is_success:
            hint = f"Make a token for {_KEY} anew."
            return [Finding(good=False, sentence=f"Mailtrap says {said(response)}", hint=hint)]
        paths = [f"/api/accounts/{account.id}/sending_domains" for account in decoded(response, list[_Account])]
        domains = {domain.domain_name: domain for path in paths for domain in self._ask(fetch, path, _Domains).data}
        return [
            Finding(good=True, sentence="Mailtrap knows the token"),
            *_found(sender.domain, domains.get(sender.domain)),
        ]


@lru_cache(maxsize=2)
def _layout(edition: Edition) -> JsonLayout:
    if any(_REPLACED in text for part in (edition.html, edition.text) for text in part.texts):
        msg = f"the issue holds {_REPLACED}, which Mailtrap replaces by an unsubscribe address"
        raise ContentError(msg, hint="Write it otherwise: there is no way to tell Mailtrap to leave it alone.")
    content = {"subject": edition.subject, "html": edition.html, "text": edition.text}
    base: dict[str, Json] = {
        "from": named_address(edition.sender, "From"),
        "category": issue_tag(edition),
        # What is the same for all goes once. A subject must be there, even if only the first reader's.
        **{name: pattern for name, pattern in content.items() if name == "subject" or not pattern.slots},
    }
    if edition.reply_to:
        base["reply_to"] = named_address(edition.reply_to, "Reply-To")
    if edition.images:
        base["attachments"] = [*map(_attachment, edition.images)]
    request: dict[str, Json] = {
        "to": [{"email": Pattern.of_field("@address"), "name": Pattern.of_field("@display_name")}],
        **{name: pattern for name, pattern in content.items() if pattern.slots},
        "headers": further_headers(edition),  # of the base's, nothing would be left
        "custom_variables": {
            "correlation_id": Pattern.of_field("@correlation_id"),
            "batch": Pattern.of_field("@batch"),
        },
    }
    return JsonLayout.of({"base": base, "requests": Each(request)})


def _attachment(image: InlineImage) -> Json:
    return {
        "content": b64encode(image.content).decode(),
        "filename": image.filename,
        "type": image.media_type,
        "disposition": "inline",
        "content_id": image.cid,
    }


class _Result(msgspec.Struct):
    success: bool
    message_ids: list[str] = []
    errors: list[str] = []


class _Taken(msgspec.Struct):
    success: bool
    responses: list[_Result] = []
    errors: list[str] = []


def _receipt(result: _Result) -> Receipt:
    if not result.success:
        return Receipt(state=State.REFUSED, reason="; ".join(result.errors))
    if not result.message_ids:
        return Receipt(state=State.IN_DOUBT, reason="it gave the message no name")
    return Receipt(state=State.SENT, message_id=result.message_ids[0])


class _Account(msgspec.Struct):
    id: int


class _Known(msgspec.Struct):
    message_id: str
    custom_variables: Names


def _logged(message: _Known) -> Receipt:
    return Receipt(state=State.SENT, message_id=message.message_id)


class _Page(msgspec.Struct):
    messages: list[_Known]
    next_page_cursor: str | None


class _Domain(msgspec.Struct):
    domain_name: str
    compliance_status: str
    open_tracking_enabled: bool = False
    click_tracking_enabled: bool = False


class _Domains(msgspec.Struct):
    data: list[_Domain]


def _found(name: str, domain: _Domain | None) -> Iterator[Finding]:
    status = clean(domain.compliance_status) if domain else ""
    good = status == "compliant"
    hint = "" if good else "See to it there under Sending Domains, where its DNS records are, too."
    found = f"says that {name} is {status}" if domain else f"does not know {name}"
    yield Finding(good=good, sentence=f"Mailtrap {found}", hint=hint)
    if domain and (domain.open_tracking_enabled or domain.click_tracking_enabled):
        hint = "Switch it off there, in the domain's tracking settings, unless you want it."
        yield Finding(good=False, sentence=f"Mailtrap tracks what readers of {name} do", hint=hint)
