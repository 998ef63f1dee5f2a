"""
SparkPost, https://www.sparkpost.com: one transmission for thousands of readers, written in its template language.

Facts are of its API documents (SparkPost/developers.sparkpost.com@88f24dc) and of its manual
(SparkPost/support-docs@2cb4102), read on 2026-11-23.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import httpx
import msgspec
from msgspec import Meta

from digest.config.kinds import Switch
from digest.model import Pattern, Receipt, Spelling, State, merge, one_line
from digest.providers import Finding, Ids, Limits, OneClick
from digest.providers.options import Secret, Switches, options, read_options
from digest.providers.sparkpost.news import LOG_DELAY, campaign_of, events_of, queries, receipts_of
from digest.providers.sparkpost.suppressions import page_of
from digest.wire.answers import UnclearError, decoded, explained, put_off, receipts_by_status, refusal
from digest.wire.columns import Columns, further_headers, mailbox
from digest.wire.doing import done
from digest.wire.header_fields import wire_address
from digest.wire.json_layout import Each, Json, JsonLayout
from digest.wire.suppressions import read_all
from digest.wire.webhooks import check_basic
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Edition, Event, Merge
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_REGIONS = {"us": "https://api.sparkpost.com", "eu": "https://api.eu.sparkpost.com"}
_KEY, _WEBHOOK_AUTH = "SPARKPOST_API_KEY", "SPARKPOST_WEBHOOK_AUTH"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    _WEBHOOK_AUTH: Secret(meaning="the webhook's name:password", required=False),
}
# Three braces put a value in as it is; two would escape it for HTML or for addresses, a second time. Values are not
# read for expressions. In plain text, [[…]] behind an address is for SparkPost, as data-msys- attributes are in HTML.
_SPELLING = Spelling(variable=lambda name: f"{{{{{{{name}}}}}}}", special=re.compile(r"[{}]+|\[\[|\]\]|data-msys-"))
_NO_NAME = re.compile(r'["\\]')
_RETRY_LATER = "1502"  # server resources unavailable, told with status 400
_OF_ALL = ("3", "7")  # 3xxx are faults of the content, 7xxx of the sender's domain: no smaller batch would pass
_NAMES = (
    "A reader's name that has a quotation mark or a backslash is left out of To: how SparkPost writes it is not told."
)
_UNSUBSCRIBING = (
    "SparkPost puts its own List-Unsubscribe in the place of ours, so who leaves by the button of a mail program"
    " leaves over there. The option transactional prevents that, and has other effects."
)
_LIMITS = Limits(
    messages=2000,
    bytes=20_000_000,
    inline_images=True,
    concurrency=4,
    log_delay=LOG_DELAY,
    ids=Ids.REQUEST,
    one_click=OneClick.THEIRS,
    horizon=timedelta(days=3),
    sandbox=True,
    signature="Basic",
    caveats=(_UNSUBSCRIBING, _NAMES),
)
Region = Annotated[Literal["us", "eu"], Meta(description='`"us"` or `"eu"`')]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    region: Region = "us"
    """Where the account is."""
    transactional: Switch = False
    """Sends as transactional mail: our `List-Unsubscribe` survives, but readers who left over there get it, too."""


@dataclass(frozen=True, kw_only=True)  # no slots: they would hide the limits of the class
class SparkPost:
    """Puts batches in SparkPost's words."""

    name: ClassVar[str] = "sparkpost"
    limits: Limits = _LIMITS
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    webhook_auth: str = field(repr=False)
    transactional: bool
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or the key is missing.
        """
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        ours = replace(_LIMITS, one_click=OneClick.OURS, caveats=(_NAMES,))
        return cls(
            limits=ours if chosen.transactional else _LIMITS,
            url=setup.api_url or _REGIONS[chosen.region],
            headers={"Authorization": secrets[_KEY]},
            webhook_auth=secrets[_WEBHOOK_AUTH],
            transactional=chosen.transactional,
            switches=Switches.of(setup),
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return one transmission with everybody's values; in the sandbox, to addresses that swallow all."""
        merged, layout = _layout(batch.edition, self.switches, transactional=self.transactional)
        columns = Columns(batch)
        sink = ".sink.sparkpostmail.com" if self.switches.sandbox else ""
        further = {
            **merged.columns(batch.readers),
            "@name_in_to": ["" if _NO_NAME.search(name) else name for name in columns["@display_name"]],
            "@address_in_to": [f"{address}{sink}" for address in columns["@address"]],
        }
        headers = {**self.headers, "Content-Type": "application/json"}
        return layout.fill(Columns(batch, further)).post(f"{self.url}/api/v1/transmissions", headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader; all are in doubt when it has rejected some and does not say whom.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the batch is wrong.
            ProviderError: key, content or the sender's domain are wrong, or a limit of the plan is reached.
        """
        codes = _codes(response)
        if response.is_client_error and _RETRY_LATER in codes:
            return put_off(batch, response)
        if response.is_client_error and any(code.startswith(_OF_ALL) for code in codes):
            raise refusal(response)
        return receipts_by_status(batch, response) or _receipts(len(batch.readers), decoded(response, _Answer).results)

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Return what its events say of each reader: for each it took there is one of an injection, or of a failure.

        Who is not found stays in doubt where the log may have forgotten them, may not know yet, or may know the
        address in another spelling.

        Raises:
            ProviderError: it does not answer as it should.
        """
        addresses = Columns(batch)["@address"]
        answers = [self._ask("events/message", fetch, query) for query in queries(batch, addresses)]
        return receipts_of(batch, addresses, answers)

    notice: ClassVar[timedelta] = timedelta(minutes=15)  # 11, it says of single ones

    def take_back(self, edition: Edition, fetch: Fetch) -> None:
        """Cancel the campaign that the edition is; SparkPost does so in the background."""
        query = {"campaign_id": campaign_of(edition)}
        done(fetch, httpx.Request("DELETE", f"{self.url}/api/v1/transmissions", params=query, headers=self.headers))

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the events that a call tells of; none for its test.

        Raises:
            ForgedError: it has not the name and the password.
            SettingsError: these are not set.
            ProviderError: it cannot be read.
        """
        del now, fetch
        check_basic(headers, _WEBHOOK_AUTH, self.webhook_auth)
        return events_of(body)

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
            place = f"{self.url}/api/v1/suppression-list?{query}"
            return fetch(httpx.Request("GET", place, headers=self.headers))

        yield from read_all(partial(page_of, ask, since))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the domain of `sender`."""
        del now
        response = self._ask(f"sending-domains/{sender.domain}", fetch, {})
        known = Finding(good=True, sentence="SparkPost knows the key")
        if response.status_code == httpx.codes.FORBIDDEN:
            return [known, Finding(good=True, sentence="the key may not see which domains SparkPost has verified")]
        if response.is_success or response.status_code == httpx.codes.NOT_FOUND:
            return [known, _domain(sender.domain, response)]
        return [Finding(good=False, sentence=f"SparkPost says {said(response)}", hint=f"Make a key for {_KEY} anew.")]

    def _ask(self, path: str, fetch: Fetch, query: Mapping[str, str]) -> httpx.Response:
        return fetch(httpx.Request("GET", f"{self.url}/api/v1/{path}", params=query, headers=self.headers))


@lru_cache(maxsize=4)
def _layout(edition: Edition, switches: Switches, *, transactional: bool) -> tuple[Merge, JsonLayout]:
    """Write the transmission down. Its language is read in the sender and in header fields, too."""
    headers = {**further_headers(edition), **_senders(edition)}
    merged = merge(replace(edition, headers=headers), _SPELLING)
    spelled = dict(merged.headers)
    content: dict[str, Json] = {
        "from": {
            "email": wire_address(edition.sender.email, "From"),
            **({"name": spelled.pop("From")} if edition.sender.name else {}),
        },
        **({"reply_to": spelled.pop("Reply-To")} if edition.reply_to else {}),
        "subject": merged.subject,
        "html": merged.html,
        "text": merged.text,
        "headers": spelled,
        "inline_images": [
            {"name": image.cid, "type": image.media_type, "data": b64encode(image.content).decode()}
            for image in edition.images
        ],
    }
    recipient: Json = {
        "address": {"email": Pattern.of_field("@address_in_to"), "name": Pattern.of_field("@name_in_to")},
        "metadata": {"correlation_id": Pattern.of_field("@correlation_id")},
        "substitution_data": {name: Pattern.of_field(name) for name in merged.slots},
    }
    layout = JsonLayout.of(
        {
            "campaign_id": campaign_of(edition),
            "options": _options(edition, switches, transactional=transactional),
            "metadata": {"batch": Pattern.of_field("@batch")},
            "substitution_data": merged.constants,
            "recipients": Each(recipient),
            "content": content,
        }
    )
    return merged, layout


def _senders(edition: Edition) -> dict[str, Pattern]:
    name = {"From": Pattern(texts=(one_line(edition.sender.name),))} if edition.sender.name else {}
    reply_to = {"Reply-To": Pattern(texts=(mailbox(edition.reply_to),))} if edition.reply_to else {}
    return {**name, **reply_to}


def _options(edition: Edition, switches: Switches, *, transactional: bool) -> Json:
    chosen: dict[str, Json] = {
        "transactional": transactional,
        "open_tracking": switches.opens,
        "click_tracking": switches.clicks,
    }
    if edition.deliver_at:
        chosen["start_time"] = edition.deliver_at.isoformat(timespec="seconds")
    return chosen


class _Fault(msgspec.Struct):
    message: str = ""
    description: str = ""
    code: str | int = ""


class _Faults(msgspec.Struct):
    errors: list[_Fault] = []


def _codes(response: httpx.Response) -> Sequence[str]:
    return [str(fault.code) for fault in explained(response, _Faults).errors]


class _Results(msgspec.Struct):
    id: str
    total_accepted_recipients: int
    total_rejected_recipients: int
    rcpt_to_errors: list[_Fault] = []


class _Answer(msgspec.Struct):
    results: _Results


def _receipts(count: int, results: _Results) -> Sequence[Receipt]:
    accepted, rejected = results.total_accepted_recipients, results.total_rejected_recipients
    if accepted + rejected != count:
        msg = f"SparkPost took {accepted} messages and rejected {rejected}, of {count}"
        raise UnclearError(msg)
    reason = "; ".join(dict.fromkeys(fault.description or fault.message for fault in results.rcpt_to_errors))
    if rejected == 0:
        receipt = Receipt(state=State.SENT, message_id=results.id)
    elif accepted == 0:
        receipt = Receipt(state=State.REFUSED, reason=reason)
    else:
        doubt = f"SparkPost rejected {rejected} of {count} and does not say whom: {reason}"
        receipt = Receipt(state=State.IN_DOUBT, message_id=results.id, reason=doubt)
    return [receipt] * count


class _Status(msgspec.Struct):
    ownership_verified: bool = False
    dkim_status: str = ""
    compliance_status: str = ""


class _Domain(msgspec.Struct):
    status: _Status


class _Found(msgspec.Struct):
    results: _Domain


def _domain(name: str, response: httpx.Response) -> Finding:
    hint = "Set it up under Sending Domains, and add its DNS records."
    if not response.is_success:
        return Finding(good=False, sentence=f"SparkPost does not know {name}", hint=hint)
    status = decoded(response, _Found).results.status
    if status.compliance_status == "blocked":
        return Finding(good=False, sentence=f"SparkPost has blocked {name}", hint="Ask its support why.")
    if not status.ownership_verified:
        return Finding(good=False, sentence=f"SparkPost has not verified {name}", hint=hint)
    if status.dkim_status != "valid":
        return Finding(
            good=False, sentence=f"SparkPost says that the DKIM of {name} is {status.dkim_status}", hint=hint
        )
    return Finding(good=True, sentence=f"SparkPost has verified {name}, with DKIM")
