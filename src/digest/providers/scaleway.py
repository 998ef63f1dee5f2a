"""
Scaleway Transactional Email, https://www.scaleway.com/en/transactional-email-tem/: one message a request.

Facts are of its package for Python (scaleway/scaleway-sdk-python@05ae7ae, ``tem/v1alpha1``), of its documentation
(scaleway/docs-content, ``pages/transactional-email`` and ``pages/topics-and-events``) and of django-anymail 15.1, read
on 2026-11-23. Its news come through a topic that speaks like Amazon's SNS; what is signed of a call is what Symfony's
``ScalewayRequestParser`` checks, 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # msgspec reads it when the program runs
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import httpx
import msgspec
from msgspec import Meta

from digest.errors import ProviderError, SettingsError
from digest.model import Event, EventKind, Pattern, Receipt, Standing, State
from digest.providers import Finding, Ids, Limits
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.answers import decoded, one_for_each, receipts_by_status
from digest.wire.columns import Columns, ascii_mailbox, further_headers, named_address
from digest.wire.json_layout import Each, IfAny, Json, JsonLayout
from digest.wire.sns import Topic, fetched
from digest.wire.suppressions import Page, Suppression, listed, read_all, told_at
from digest.wire.webhooks import EventId, ForgedError, moment_of, read_body
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cryptography.x509 import Certificate

    from digest.model import Address, Batch, Edition
    from digest.providers import Setup
    from digest.wire import Fetch

_API = "https://api.scaleway.com"
# Its documentation says that no other has it, and others answer 501, which would leave everyone in doubt:
# ``reference-content/tem-capabilities-and-limits.mdx`` of 2025-10-29, and scaleway/terraform-provider-scaleway#2883.
_REGION = "fr-par"
_KEY = "SCW_SECRET_KEY"
SECRETS = {_KEY: Secret(meaning="the secret key")}
_CORRELATION_ID = "X-Correlation-ID"
_ARN = r"arn:scw:sns:(?P<region>[a-z]{2}-[a-z]{3}):[\w-]+:[\w.-]+"
_CERTIFICATES = "https://messaging.s3.fr-par.scw.cloud"
_KINDS = {
    "email_queued": EventKind.ACCEPTED,
    "email_delivered": EventKind.DELIVERED,
    "email_deferred": EventKind.DEFERRED,
    "email_blocklisted": EventKind.REFUSED,
    "email_dropped": EventKind.BOUNCED,
    "email_mailbox_not_found": EventKind.BOUNCED,
    # Scaleway itself or the reader's server took it for spam; the reader need not have complained.
    "email_spam": EventKind.SOFT_BOUNCED,
}
# Of https://www.scaleway.com/en/developers/api/transactional-email, read on 2026-11-23.
_GONE = "mailbox_not_found"
ProjectId = Annotated[
    str, Meta(pattern=r"\A[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z", description="the ID of a project")
]
TopicArn = Annotated[str, Meta(pattern=rf"\A{_ARN}\Z", description="the ARN of a topic")]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    project_id: ProjectId
    """The project that the sender's domain belongs to."""
    topic: TopicArn = ""
    """The topic of the webhook, whose calls alone are believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaleway:
    """Puts messages in Scaleway's words."""

    name: ClassVar[str] = "scaleway"
    limits: ClassVar[Limits] = Limits(
        messages=1,  # several readers of one request would see each other
        bytes=2_000_000,
        inline_images=False,
        concurrency=4,
        ids=Ids.MESSAGE,
        signature="SNS RSA",
        caveats=(
            f"Our name of the message stands in a header field, {_CORRELATION_ID}, which readers can see.",
            "Scaleway's terms are for messages that someone caused, and not for marketing.",
        ),
    )
    transport: ClassVar[None] = None
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """What every request needs: the key."""
    project_id: str
    topic: Topic

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown, wrong or missing, or the key is missing.
        """
        refuse_tracking(setup, cls.name)
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        url = f"{setup.api_url or _API}/transactional-email/v1alpha1/regions/{_REGION}"
        headers = {"X-Auth-Token": secrets[_KEY]}
        return cls(url=url, headers=headers, project_id=chosen.project_id, topic=_Topic(arn=chosen.topic))

    @property
    def destination(self) -> str:
        """The host that takes the messages."""
        return httpx.URL(self.url).host

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return a whole message."""
        body = _layout(batch.edition, self.project_id).fill(Columns(batch))
        return body.post(f"{self.url}/emails", {**self.headers, "Content-Type": "application/json"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for the reader.

        Raises:
            UnclearError: it does not say what it took.
            RejectedError: something in the message is wrong.
            ProviderError: the key is wrong, a quota is used up, or the domain is not checked.
        """
        return receipts_by_status(batch, response) or [
            *map(_receipt, one_for_each(batch, decoded(response, _Taken).emails))
        ]

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of.

        Raises:
            ForgedError: it is of another topic, not signed as Scaleway does, or too old.
            SettingsError: no topic is set, or the library is missing that checks signatures.
            ProviderError: it cannot be read.
        """
        del headers
        notification = self.topic.read(body, now=now, fetch=fetch)
        return _events(read_body(notification.message.encode(), _News)) if notification else []

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield whose mailbox is not there, of the sender's domain; one that is full is no reason to leave someone out.

        Raises:
            ProviderError: it does not show them as it should.
        """
        del since, clock
        domains = listed(self._ask_domains(sender, fetch), _Domains).domains
        if not domains:
            msg = f"Scaleway does not know {sender.domain} in this project, so it cannot be asked about it"
            raise ProviderError(msg, hint="Compare project_id with the console, and what the key may do.")
        for domain in domains:
            yield from read_all(partial(self._page, fetch, domain.id))

    def _page(self, fetch: Fetch, domain_id: str, mark: str) -> Page:
        asked = {"domain_id": domain_id, "page": mark or "1", "page_size": "100", "type": _GONE}
        request = httpx.Request("GET", f"{self.url}/blocklists", params=asked, headers=self.headers)
        entries = listed(fetch(request), _Blocked).blocklists
        told = [entry.told() for entry in entries if entry.type == _GONE]
        return Page(suppressions=told, following=str(int(mark or 1) + 1) if entries else "")

    def _ask_domains(self, sender: Address, fetch: Fetch) -> httpx.Response:
        asked = {"project_id": self.project_id, "name": sender.domain}
        return fetch(httpx.Request("GET", f"{self.url}/domains", params=asked, headers=self.headers))

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the project's domain."""
        del now
        response = self._ask_domains(sender, fetch)
        if not response.is_success:
            hint = f"Compare {_KEY} and project_id, and what the key may do."
            return [Finding(good=False, sentence=f"Scaleway says {said(response)}", hint=hint)]
        return [Finding(good=True, sentence="Scaleway knows the key"), _domain(sender.domain, response)]


@lru_cache(maxsize=2)
def _layout(edition: Edition, project_id: str) -> JsonLayout:
    headers: dict[str, str | Pattern] = {
        **further_headers(edition),
        _CORRELATION_ID: Pattern.of_field("@correlation_id"),
    }
    if edition.reply_to:
        headers["Reply-To"] = ascii_mailbox(edition.reply_to, "Reply-To")
    message: dict[str, Json] = {
        "project_id": project_id,
        "from": named_address(edition.sender, "From"),
        "to": Each({"email": Pattern.of_field("@address"), "name": IfAny("@display_name")}),
        "subject": edition.subject,
        "html": edition.html,
        "text": edition.text,
        "additional_headers": [{"key": name, "value": value} for name, value in headers.items()],
    }
    return JsonLayout.of(message)


class _Email(msgspec.Struct):
    id: str
    status: str = ""
    status_details: str | None = None


class _Taken(msgspec.Struct):
    emails: list[_Email]


def _receipt(email: _Email) -> Receipt:
    if email.status in {"failed", "canceled"}:
        return Receipt(state=State.REFUSED, message_id=email.id, reason=email.status_details or email.status)
    return Receipt(state=State.SENT, message_id=email.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Topic(Topic):
    """A topic of Scaleway's, whose certificates are believed because its own authority has issued them."""

    def _host(self) -> str:
        match = re.fullmatch(_ARN, self.arn)
        if match is None:
            msg = "a call of a webhook cannot be checked, as the option topic is not set"
            raise SettingsError(msg, hint="Set it to the ARN of the topic, as Topics and Events shows it.")
        return f"sns.mnq.{match['region']}.scaleway.com"

    def _certificates_at(self, host: str) -> str:
        del host
        return rf"{re.escape(_CERTIFICATES)}/[0-9A-Za-z_./-]{{1,200}}"

    def _certificate(self, url: str, fetch: Fetch) -> bytes:
        region = self._host().split(".")[2]
        certificate = fetched(url, fetch)
        _check_issuer(certificate, fetched(f"{_CERTIFICATES}/{region}/sns/sns-trust-chain.pem", fetch))
        return certificate


def _check_issuer(certificate: bytes, chain: bytes) -> None:
    """See https://www.scaleway.com/en/docs/topics-and-events/reference-content/verifying-webhooks/, 2025-12-03."""
    try:
        from cryptography import x509  # noqa: PLC0415  # an optional library
    except ImportError as fault:
        msg = "to check calls of Scaleway needs the library cryptography"
        raise SettingsError(msg, hint="pip install 'digest[webhooks]'") from fault
    try:
        leaf, authorities = x509.load_pem_x509_certificate(certificate), x509.load_pem_x509_certificates(chain)
    except ValueError as fault:
        msg = "the certificates that Scaleway gives cannot be read"
        raise ProviderError(msg) from fault
    if not any(_issued(leaf, authority) for authority in authorities):
        msg = "the certificate that the call names is not of Scaleway's authority"
        raise ForgedError(msg)


def _issued(leaf: Certificate, authority: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415  # an optional library

    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


class _Header(msgspec.Struct):
    key: str = ""
    value: str = ""


class _News(msgspec.Struct):
    id: EventId
    type: str
    created_at: datetime
    email_id: str = ""
    email_to: str = ""
    email_headers: list[_Header] = []
    email_response_message: str = ""
    email_error: str = ""
    blocklist_reason: str = ""


def _events(news: _News) -> Sequence[Event]:
    if not news.type.startswith("email_"):  # a blocklist is no news of a message
        return []
    headers = {header.key.lower(): header.value for header in news.email_headers}
    return [
        Event(
            id=news.id,
            kind=_KINDS.get(news.type, EventKind.OTHER),
            at=moment_of(news.created_at),
            original=news.type,
            reason=news.blocklist_reason or news.email_response_message or news.email_error,
            correlation_id=headers.get(_CORRELATION_ID.lower(), ""),
            message_id=news.email_id,
            email=news.email_to,
        )
    ]


class _Entry(msgspec.Struct):
    email: str
    type: str = ""
    reason: str = ""
    created_at: str | None = None

    def told(self) -> Suppression:
        reason = f"{self.type} {self.reason}".strip()
        return Suppression(email=self.email, standing=Standing.BOUNCED, reason=reason, at=told_at(self.created_at))


class _Blocked(msgspec.Struct):
    blocklists: list[_Entry] = []


class _Domain(msgspec.Struct):
    name: str
    status: str
    id: str = ""


class _Domains(msgspec.Struct):
    domains: list[_Domain] = []


def _domain(name: str, response: httpx.Response) -> Finding:
    status = {domain.name: domain.status for domain in decoded(response, _Domains).domains}.get(name)
    if status == "checked":
        return Finding(good=True, sentence=f"Scaleway has checked {name}")
    found = f"says that {name} is {status}" if status else f"does not know {name} in this project"
    hint = "Add it under Transactional Email, and its DNS records, and have it verified."
    return Finding(good=False, sentence=f"Scaleway {found}", hint=hint)
