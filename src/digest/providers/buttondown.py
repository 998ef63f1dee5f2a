"""
Buttondown, https://buttondown.com: a list of its own, which takes an issue whole, as a draft first.

Facts are of its OpenAPI file (buttondown/openapi@03247f2) and of its manual (buttondown/docs), read on 2026-11-23. Its
templating is built on Django's, whose tags and filters it offers (template-tags.mdoc).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import httpx
import msgspec
from msgspec import Meta

from digest.errors import ContentError, ProviderError
from digest.model import Context, Event, EventKind
from digest.providers import Campaign, Finding, Ids, Limits, OneClick, Progress
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.campaigns import Language, ask, issue_name, refuse_blank, write
from digest.wire.webhooks import check_signature, header_of, read_body, secret_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from digest.model import Address, Edition, Slot
    from digest.providers import Setup
    from digest.wire import Fetch

_API = "https://api.buttondown.com"
_VERSION = "2026-04-01"
_KEY, _WEBHOOK_SECRET = "BUTTONDOWN_API_KEY", "BUTTONDOWN_WEBHOOK_SECRET"
SECRETS = {
    _KEY: Secret(meaning="the API key"),
    _WEBHOOK_SECRET: Secret(meaning="the signing key of the webhook", required=False),
}
_HTML_MODE = "<!-- buttondown-editor-mode: fancy -->\n"
_LONGEST_SUBJECT = 2000
_PROGRESS = {
    "draft": Progress.DRAFT,
    "scheduled": Progress.SCHEDULED,
    "about_to_send": Progress.SENDING,
    "in_flight": Progress.SENDING,
    "throttled": Progress.SENDING,
    "resending": Progress.SENDING,
    "sent": Progress.SENT,
    "paused": Progress.STOPPED,
    "errored": Progress.STOPPED,
    "suppressed": Progress.STOPPED,
}
_KINDS = {
    "subscriber.delivered": EventKind.DELIVERED,
    "subscriber.deferred": EventKind.DEFERRED,
    "subscriber.rejected": EventKind.REFUSED,
    "subscriber.bounced": EventKind.BOUNCED,
    "subscriber.complained": EventKind.COMPLAINED,
    "subscriber.unsubscribed": EventKind.LEFT,
    "subscriber.opened": EventKind.OPENED,
    "subscriber.clicked": EventKind.CLICKED,
}

Template = Annotated[Literal["naked", "modern", "classic"], Meta(description="`naked`, `modern` or `classic`")]


@options
class Options:
    """What stands under [provider]."""

    template: Template = "naked"
    """What Buttondown puts around an issue: nothing, or one of its own designs. `naked` is a feature of paid plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttondown:
    """Puts issues in Buttondown's words."""

    name: ClassVar[str] = "buttondown"
    limits: ClassVar[Limits] = Limits(
        messages=1,
        inline_images=False,
        pace=10,
        ids=Ids.REQUEST,
        one_click=OneClick.THEIRS,
        horizon=timedelta(days=365),  # it names no end; a year is ours
        signature="HMAC-SHA256",
        caveats=(
            "It writes to its own list, from its own address, and writes the plain text itself.",
            "Its unsubscribe and preferences addresses stand in place of ours.",
        ),
    )
    url: str
    template: str
    key: str = field(repr=False)
    webhook_secret: str = field(repr=False)

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the service for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or the key is missing.
        """
        refuse_tracking(setup, cls.name)
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        url = setup.api_url or _API
        return cls(url=url, template=chosen.template, key=secrets[_KEY], webhook_secret=secrets[_WEBHOOK_SECRET])

    @property
    def destination(self) -> str:
        """The host that has the list."""
        return httpx.URL(self.url).host

    def check(self, edition: Edition) -> None:
        """
        See to it that an issue can be written in Buttondown's language.

        Raises:
            ContentError: it cannot.
        """
        _content(edition)

    def find(self, edition: Edition, fetch: Fetch, *, known: Collection[str] = ()) -> Sequence[Campaign]:
        """Look through all emails, since they cannot be searched by their metadata."""
        name = issue_name(edition)
        # By their ids, as what comes on while pages are turned moves what is there to the next one.
        every = {email.id: email for email in self._emails(fetch)}.values()
        ours = [email for email in every if email.id in known or (email.metadata or {}).get("digest") == name]
        return [_campaign(email) for email in sorted(ours, key=lambda email: (email.creation_date, email.id))]

    def _emails(self, fetch: Fetch) -> Iterator[_Email]:
        page, more = 0, True
        while more:
            page += 1
            query = f"?excluded_fields=body&ordering=-creation_date&page={page}"
            answer = ask(fetch, self._request("GET", f"/emails{query}"), _Page)
            yield from (email for email in answer.results if email.status != "deleted")
            more = answer.next is not None and bool(answer.results)

    def draft(self, edition: Edition, fetch: Fetch, *, attempt: int) -> Campaign:
        """Create an email as a draft, under a key by which a second request is the first one."""
        name = issue_name(edition)
        key = sha256(f"{name} {attempt}".encode()).hexdigest()
        body = {**_content(edition), "status": "draft", "metadata": {"digest": name}}
        return _campaign(ask(fetch, self._request("POST", "/emails", body, {"X-Idempotency-Key": key}), _Email))

    def publish(self, campaign: Campaign, edition: Edition, fetch: Fetch) -> Campaign:
        """Change content and status in one request."""
        body = {**_content(edition), "template": self.template, **_moment(edition.deliver_at)}
        sure = {"X-Buttondown-Live-Dangerously": "true"}  # a key's first sending is refused without it
        return _campaign(ask(fetch, self._request("PATCH", f"/emails/{campaign.id}", body, sure), _Email))

    def retract(self, campaign: Campaign, fetch: Fetch) -> Campaign:
        """Change a scheduled email's status: https://docs.buttondown.com/scheduling-emails-via-the-api, 2026-11."""
        return _campaign(ask(fetch, self._request("PATCH", f"/emails/{campaign.id}", {"status": "draft"}), _Email))

    def discard(self, campaign: Campaign, fetch: Fetch) -> None:
        """Delete a draft."""
        fetch(self._request("DELETE", f"/emails/{campaign.id}"))

    def _request(
        self, method: str, path: str, body: object = None, further: Mapping[str, str] | None = None
    ) -> httpx.Request:
        headers = {"Authorization": f"Token {self.key}", "X-API-Version": _VERSION, **(further or {})}
        return httpx.Request(method, f"{self.url}/v1{path}", headers=headers, json=body)

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the event that a call tells of; its moment is that of the call, as it names none.

        Raises:
            ForgedError: its signature is wrong.
            SettingsError: the signing key is not set.
            ProviderError: it cannot be read.
        """
        del fetch
        secret = secret_for(_WEBHOOK_SECRET, self.webhook_secret)
        given = header_of(headers, "X-Buttondown-Signature").removeprefix("sha256=")
        check_signature(hmac.digest(secret, body, "sha256").hex(), given)
        call = read_body(body, _Call)
        return [
            Event(
                id=call.id or sha256(body).hexdigest(),
                kind=_KINDS.get(call.event_type, EventKind.OTHER),
                at=now,
                original=call.event_type,
                message_id=call.data.email or "",
            )
        ]

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask whose key it is."""
        del sender, now
        account = ask(fetch, self._request("GET", "/accounts/me"), _Account)
        return [
            Finding(good=True, sentence=f"Buttondown knows the key, as one of {account.username}"),
            Finding(good=True, sentence="Buttondown writes from the address that is set there, not from this one"),
        ]


class _Email(msgspec.Struct):
    id: str
    status: str
    creation_date: str = ""
    absolute_url: str = ""
    metadata: dict[str, object] | None = None


class _Page(msgspec.Struct):
    results: list[_Email]
    next: str | None = None


class _Account(msgspec.Struct):
    username: str


class _News(msgspec.Struct):
    email: str | None = None


class _Call(msgspec.Struct):
    event_type: str
    data: _News
    id: str = ""


def _campaign(email: _Email) -> Campaign:
    if email.status not in _PROGRESS:
        msg = f"Buttondown calls the issue {email.status}, and nobody knows here what that means"
        raise ProviderError(msg, hint=f"Look at it over there: {email.absolute_url or email.id}")
    return Campaign(id=email.id, progress=_PROGRESS[email.status], url=email.absolute_url)


def _moment(deliver_at: datetime | None) -> dict[str, str]:
    if deliver_at is None:
        return {"status": "about_to_send"}
    return {"status": "scheduled", "publish_date": f"{deliver_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _content(edition: Edition) -> dict[str, str]:
    """Return subject and body, in Buttondown's language."""
    subject = "".join(edition.subject.texts)
    if edition.subject.slots or _SIGNS.search(subject):
        msg = (
            "the subject has a field of the reader or signs of a template, and Buttondown says nothing of either there"
        )
        raise ContentError(msg, hint="Write it without `{{`, `{%` and `{#`.")
    if len(subject) > _LONGEST_SUBJECT:
        msg = f"the subject has {len(subject):,} characters, and Buttondown takes {_LONGEST_SUBJECT:,}"
        raise ContentError(msg)
    html = write(edition.html, edition, _LANGUAGE)
    if _LANGUAGE.unsubscribe_url not in html:
        msg = "the issue has no address for leaving, and Buttondown sends none without"
        raise ContentError(msg, hint="Put {{ unsubscribe_url }} back into the template.")
    return {"subject": subject, "body": f"{_HTML_MODE}{html}"}


_SIGNS = re.compile(r"\{[{%#]")
_OPENING = re.compile(r"\{(?=[{%#]|\Z)")
"""A brace that begins something, or could with what comes behind the text."""
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _text(text: str) -> str:
    return _OPENING.sub("{% templatetag openbrace %}", text)


def _field(slot: Slot) -> str:
    refuse_blank(slot, "Buttondown")
    if not _ATTRIBUTE.fullmatch(slot.name) or hasattr(dict, slot.name):  # Django would call the method
        msg = f"Buttondown's templates cannot name the field {slot.name}"
        hint = "There, names have the letters a to z, digits and underscores, and are no method of a dictionary."
        raise ContentError(msg, hint=hint)
    name = "subscriber.email" if slot.name == "email" else f"subscriber.metadata.{slot.name}"
    fallback = _text(slot.context.escape(slot.fallback or ""))
    return f"{{% if {name} %}}{{{{ {name}|{_FILTERS[slot.context]} }}}}{{% else %}}{fallback}{{% endif %}}"


# Each returns what is not escaped once more.
_FILTERS = {Context.HTML: "force_escape", Context.URL: 'urlencode:""|force_escape'}
_LANGUAGE = Language(
    text=_text,
    field=_field,
    unsubscribe_url="{{ unsubscribe_url }}",
    preferences_url="{{ manage_subscription_url }}",
)
