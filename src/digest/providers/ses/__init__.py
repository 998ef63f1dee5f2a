"""
Amazon SES, https://aws.amazon.com/ses/: fifty readers a request, merged, and an answer for each of them.

Facts are of botocore 1.44.5, its model of the SES API v2, and of the developer guide,
https://docs.aws.amazon.com/ses/latest/dg/, read on 2026-11-23.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import httpx
import msgspec
from msgspec import Meta

from digest.config.kinds import Line, Word
from digest.errors import ProviderError, SettingsError
from digest.model import Receipt, State
from digest.providers import Finding, Ids, Limits
from digest.providers.options import Secret, Switches, options, read_options
from digest.providers.ses.news import events_of
from digest.providers.ses.request import body_of
from digest.providers.ses.suppressions import page_of
from digest.wire.answers import decoded, one_for_each, put_off, receipts_by_status, refusal
from digest.wire.sigv4 import Signer
from digest.wire.sns import Topic
from digest.wire.suppressions import read_all
from digest.wire.words import clean, said, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from digest.model import Address, Batch, Event
    from digest.providers import Setup
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression

_KEY_ID, _KEY, _SESSION_TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
_REGION = "AWS_REGION"
SECRETS = {
    _KEY_ID: Secret(meaning="the id of an access key"),
    _KEY: Secret(meaning="the secret access key"),
    _SESSION_TOKEN: Secret(meaning="the token of temporary credentials", required=False),
}
_LIMITS = Limits(
    messages=50,
    bytes=1_000_000,  # "each input JSON file can be up to 1 MB in size", where it brings its template
    inline_images=True,
    concurrency=4,
    ids=Ids.MESSAGE,
    signature="SNS RSA",
)
_PUT_OFF = frozenset({"TRANSIENT_FAILURE", "ACCOUNT_THROTTLED"})
# What lies with the account or the settings, and not with a reader. The model and its prose differ in a name.
_NOBODYS_FAULT = frozenset(
    {
        "ACCOUNT_DAILY_QUOTA_EXCEEDED",
        "ACCOUNT_SENDING_PAUSED",
        "ACCOUNT_SUSPENDED",
        "CONFIGURATION_SET_DOES_NOT_EXIST",
        "CONFIGURATION_SET_NOT_FOUND",
        "CONFIGURATION_SET_SENDING_PAUSED",
        "INVALID_SENDING_POOL_NAME",
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    }
)
_THROTTLES = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_REFUSALS = frozenset(  # they come as 400, as faults of a request do
    {
        "AccountSuspendedException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
    }
)
_NOT_VERIFIED = re.compile(r"\bnot verified\b", re.IGNORECASE)

Region = Annotated[
    str, Meta(pattern=r"\A[a-z]{2}(-[a-z]+)+-[0-9]+\Z", description="a region of AWS such as `eu-west-1`")
]
Rate = Annotated[int, Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    region: Region | None = None
    """The region where the sender is verified; without it, the one that `AWS_REGION` in the environment names."""
    configuration_set: Word | None = None
    """The configuration set that the messages belong to; without one, SES tells no news of them by their tags."""
    rate: Rate | None = None
    """How many readers a second the account may write to, its maximum send rate; without it, SES slows us down."""
    topic: Line | None = None
    """The ARN of the SNS topic that calls the webhook; without it, no call is believed."""


@dataclass(frozen=True, kw_only=True)  # no slots: they would hide the limits of the class
class Ses:
    """Puts batches in the words of SES."""

    name: ClassVar[str] = "ses"
    limits: Limits = _LIMITS
    transport: ClassVar[None] = None
    url: str
    signer: Signer
    options: Options
    topic: Topic
    switches: Switches

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, the keys are missing, or no region is named.
        """
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        region = chosen.region or setup.environ.get(_REGION, "").strip()
        if not region:
            msg = f'the provider "{cls.name}" needs the option "region", as {_REGION} is not set'
            raise SettingsError(msg, hint="Set it to the region where the sender's domain is verified.")
        return cls(
            limits=_limits_of(chosen.rate),
            url=setup.api_url or f"https://email.{region}.amazonaws.com",
            signer=Signer(
                service="ses",
                region=region,
                key_id=secrets[_KEY_ID],
                secret=secrets[_KEY],
                session_token=secrets[_SESSION_TOKEN],
            ),
            options=chosen,
            topic=Topic(arn=chosen.topic or ""),
            switches=Switches.of(setup),
        )

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return a template and an entry for each reader, signed for the moment of the claim.

        Raises:
            ContentError: a header field cannot be carried.
            RejectedError: one cannot for a single reader, or their values are too long.
        """
        url = f"{self.url}/v2/email/outbound-bulk-emails"
        body = body_of(batch, self.options.configuration_set, self.switches)
        headers = {"Content-Type": "application/json"}
        return body.post(url, self.signer.sign("POST", url, batch.at, headers=headers, body=body))

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader: a success may hold failures.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the batch is wrong.
            ProviderError: the key is wrong, the quota is used up, or the account or the sender may not send.
        """
        fault, words = _fault_of(response), words_of(response)
        if fault in _THROTTLES and "quota" not in words.lower():
            return put_off(batch, response)
        if fault in _THROTTLES | _REFUSALS or (response.is_client_error and _NOT_VERIFIED.search(words)):
            raise refusal(response)
        return receipts_by_status(batch, response) or _receipts(one_for_each(batch, decoded(response, _Taken).results))

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return an event for each reader that a call tells of; one that asks to confirm the topic is confirmed.

        Raises:
            ForgedError: it is not of the topic, not signed by SNS, or too old.
            SettingsError: there is no topic, or the library is missing that checks signatures.
            ProviderError: it cannot be read, or SNS does not answer.
        """
        del headers  # all that counts is signed, in the body
        notification = self.topic.read(body, now=now, fetch=fetch)
        return events_of(notification) if notification else []

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who complained or bounced, of the account in its region.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del sender

        def ask(path: str) -> httpx.Response:
            url = f"{self.url}/v2/email/{path}"
            return fetch(httpx.Request("GET", url, headers=self.signer.sign("GET", url, clock())))

        yield from read_all(partial(page_of, ask, since))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the account, and for the sender's domain."""

        def ask(path: str) -> httpx.Response:
            url = f"{self.url}/v2/email/{path}"
            return fetch(httpx.Request("GET", url, headers=self.signer.sign("GET", url, now)))

        account = ask("account")
        if not account.is_success:
            hint = f"Compare {_KEY_ID} and {_KEY} with the console of AWS; they need the right ses:GetAccount."
            return [Finding(good=False, sentence=f"Amazon SES says {said(account)}", hint=hint)]
        domain = _domain(sender.domain, self.signer.region, ask(f"identities/{sender.domain}"))
        return [*_findings(decoded(account, _Account), self.options.rate), domain]


def _limits_of(rate: int | None) -> Limits:
    """Return what an account carries that may write to so many readers a second: SES counts readers, not requests."""
    if rate is None:
        return _LIMITS
    messages = min(_LIMITS.messages, rate)
    return replace(_LIMITS, messages=messages, pace=rate / messages)


def _fault_of(response: httpx.Response) -> str:
    """Return the name of an error, which a header field tells as ``<name>:<address>``."""
    return str(response.headers.get("x-amzn-ErrorType", "")).partition(":")[0]


class _Result(msgspec.Struct, rename="pascal"):
    status: str
    error: str | None = None
    message_id: str | None = None


class _Taken(msgspec.Struct):
    results: list[_Result] = msgspec.field(name="BulkEmailEntryResults")


def _receipts(results: Sequence[_Result]) -> Sequence[Receipt]:
    """Return a receipt for each result, unless nobody was taken for what is no reader's fault."""
    receipts = [*map(_receipt, results)]
    fault = next(filter(_is_nobodys, results), None)
    if fault and not any(receipt.state is State.SENT for receipt in receipts):
        msg = f"the service refused with {_reason(fault)}"
        raise ProviderError(msg, hint="Mend what it names and run it again; it took nothing of this batch.")
    return receipts


def _receipt(result: _Result) -> Receipt:
    if result.status == "SUCCESS":
        return Receipt(state=State.SENT, message_id=result.message_id or "")
    waits = result.status in _PUT_OFF or _is_nobodys(result)
    return Receipt(state=State.QUEUED if waits else State.REFUSED, reason=_reason(result))


def _is_nobodys(result: _Result) -> bool:
    """Tell whether a failure is no fault of the reader; in its sandbox, an account reaches hardly anyone."""
    return result.status in _NOBODYS_FAULT or bool(_NOT_VERIFIED.search(result.error or ""))


def _reason(result: _Result) -> str:
    return clean(f"{result.status}: {result.error}" if result.error else result.status)


class _Quota(msgspec.Struct, rename="pascal"):
    max24_hour_send: float = msgspec.field(name="Max24HourSend")
    max_send_rate: float
    sent_last24_hours: float = msgspec.field(name="SentLast24Hours")


class _Account(msgspec.Struct, rename="pascal"):
    production_access_enabled: bool
    sending_enabled: bool
    enforcement_status: str
    send_quota: _Quota


def _findings(account: _Account, rate: int | None) -> Iterator[Finding]:
    if not account.sending_enabled or account.enforcement_status == "SHUTDOWN":
        hint = "Look at the account's reputation in the console of AWS."
        yield Finding(good=False, sentence="Amazon SES has stopped the account from sending", hint=hint)
    if not account.production_access_enabled:
        hint = "Ask for production access in the console of AWS; till then it reaches verified addresses alone."
        yield Finding(good=False, sentence="the account is in the sandbox of Amazon SES", hint=hint)
    quota = account.send_quota
    if quota.max24_hour_send < 0:
        yield Finding(good=True, sentence="Amazon SES knows the key, and the account has no quota")
    else:
        left = max(0, quota.max24_hour_send - quota.sent_last24_hours)
        sentence = f"Amazon SES knows the key; {left:,.0f} of {quota.max24_hour_send:,.0f} readers are left for today"
        yield Finding(good=left > 0, sentence=sentence, hint="Wait, or ask for a higher quota in the console of AWS.")
    if rate is None or rate > quota.max_send_rate:
        said_so = f"and the option rate is {rate}" if rate else "and there is no option rate"
        sentence = f"the account may write to {quota.max_send_rate:g} readers a second, {said_so}"
        yield Finding(good=False, sentence=sentence, hint=f"Set rate = {quota.max_send_rate:.0f} under [provider].")


class _Dkim(msgspec.Struct, rename="pascal"):
    status: str = "NOT_STARTED"


class _Identity(msgspec.Struct, rename="pascal"):
    verified_for_sending_status: bool
    dkim_attributes: _Dkim = msgspec.field(default_factory=_Dkim)


def _domain(name: str, region: str, response: httpx.Response) -> Finding:
    hint = f"Verify the domain in {region}, with the DNS records that the console of AWS shows."
    if response.status_code == httpx.codes.NOT_FOUND:
        return Finding(good=False, sentence=f"Amazon SES does not know {name} in {region}", hint=hint)
    if not response.is_success:
        hint = "The key needs the right ses:GetEmailIdentity."
        return Finding(good=False, sentence=f"Amazon SES says {said(response)} of {name}", hint=hint)
    identity = decoded(response, _Identity)
    if identity.verified_for_sending_status and identity.dkim_attributes.status == "SUCCESS":
        return Finding(good=True, sentence=f"Amazon SES has verified {name} and signs for it")
    sentence = f"Amazon SES has not verified {name}, or does not sign for it: DKIM is {identity.dkim_attributes.status}"
    return Finding(good=False, sentence=sentence, hint=hint)
