"""
listmonk, https://listmonk.app: one's own server with a list of its own, which takes an issue whole, as a draft first.

Facts are of its manual and its source (knadh/listmonk), read on 2026-11-23. It makes Go templates of all that it is
given, of the plain text too, and those of html/template, which take out comments and change what they take for HTML.
`{{ Safe "…" }}` is what its manual has for "any HTML code as it is", so every line with something special is one.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import httpx
import msgspec
from msgspec import Meta

from digest.errors import ContentError, ProviderError, SettingsError
from digest.model import Context
from digest.providers import Campaign, Finding, Ids, Limits, OneClick, Progress
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.wire.campaigns import Language, ask, issue_name, refuse_blank, write
from digest.wire.columns import issue_tag, mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from digest.model import Address, Edition, Pattern, Slot
    from digest.providers import Setup
    from digest.wire import Fetch

_USER, _TOKEN = "LISTMONK_API_USER", "LISTMONK_API_TOKEN"
SECRETS = {_USER: Secret(meaning="the name of an API user"), _TOKEN: Secret(meaning="the token of the API user")}
_TEMPLATE = '{{ template "content" . }}'
_PER_PAGE = 100
_PROGRESS = {
    "draft": Progress.DRAFT,
    "scheduled": Progress.SCHEDULED,
    "running": Progress.SENDING,
    "finished": Progress.SENT,
    "paused": Progress.STOPPED,
    "cancelled": Progress.STOPPED,
}

Numbers = Annotated[
    list[Annotated[int, Meta(ge=1)]], Meta(min_length=1, description="a list of whole numbers, such as `[1, 4]`")
]
Number = Annotated[int, Meta(ge=1, description="a whole number from 1")]


@options
class Options:
    """What stands under [provider]."""

    lists: Numbers
    """The ids of the lists whose subscribers get the issues."""
    template_id: Number
    """The id of a campaign template that holds only `{{ template "content" . }}`, as an issue is a whole document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listmonk:
    """Puts issues in listmonk's words."""

    name: ClassVar[str] = "listmonk"
    limits: ClassVar[Limits] = Limits(
        messages=1,
        inline_images=False,
        ids=Ids.REQUEST,
        one_click=OneClick.THEIRS,
        horizon=timedelta(days=365),  # it names no end; a year is ours
        caveats=(
            "It writes to its own lists.",
            "Its unsubscribe and preferences addresses stand in place of ours, and its header fields for leaving too.",
        ),
    )
    url: str
    lists: Sequence[int]
    template_id: int
    user: str
    token: str = field(repr=False)

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the service for a newsletter.

        Raises:
            SettingsError: an option is unknown, wrong or missing, or a secret or the server's address is missing.
        """
        refuse_tracking(setup, cls.name)
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        if setup.api_url is None:
            msg = 'the provider "listmonk" needs the address of your server'
            raise SettingsError(msg, hint='Under [provider] in digest.toml: api_url = "https://lists.example.org"')
        return cls(
            url=setup.api_url,
            lists=tuple(chosen.lists),
            template_id=chosen.template_id,
            user=secrets[_USER],
            token=secrets[_TOKEN],
        )

    @property
    def destination(self) -> str:
        """The host that has the lists."""
        return httpx.URL(self.url).host

    def check(self, edition: Edition) -> None:
        """
        See to it that an issue can be written in listmonk's language.

        Raises:
            ContentError: it cannot.
        """
        self._content(edition)

    def find(self, edition: Edition, fetch: Fetch, *, known: Collection[str] = ()) -> Sequence[Campaign]:
        """
        Look through all campaigns, since its search by name stumbles over some signs and leaves out some words.

        What was renamed is known by its address, as on another server the same id is another campaign.
        """
        name = issue_name(edition)
        ours = {one.id: one for one in self._campaigns(fetch) if one.name == name or self._page_of(one) in known}
        return [self._campaign(ours[number]) for number in sorted(ours)]

    def _campaigns(self, fetch: Fetch) -> Iterator[_Campaign]:
        page, seen, more = 0, 0, True
        while more:
            page += 1
            query = f"?no_body=true&order_by=created_at&order=asc&per_page={_PER_PAGE}&page={page}"
            found = ask(fetch, self._request("GET", f"/campaigns{query}"), _Page).data
            yield from found.results
            seen += len(found.results)  # it may give fewer than were asked for
            more = bool(found.results) and seen < found.total

    def draft(self, edition: Edition, fetch: Fetch, *, attempt: int) -> Campaign:
        """Create a campaign, which is a draft; listmonk heeds no keys."""
        del attempt
        return self._campaign(ask(fetch, self._request("POST", "/campaigns", self._content(edition)), _One).data)

    def publish(self, campaign: Campaign, edition: Edition, fetch: Fetch) -> Campaign:
        """Bring a draft up to date, then start or schedule it."""
        path = f"/campaigns/{campaign.id}"
        self._refuse_other_lists(ask(fetch, self._request("PUT", path, self._content(edition)), _One).data)
        status = "scheduled" if edition.deliver_at else "running"
        return self._campaign(ask(fetch, self._request("PUT", f"{path}/status", {"status": status}), _One).data)

    def _refuse_other_lists(self, one: _Campaign) -> None:
        """Lists that listmonk does not have, or that the API user may not see, it leaves out without a word."""
        missing = {*self.lists} - {held.id for held in one.lists}
        if missing:
            msg = f"listmonk would leave out the lists {', '.join(map(str, sorted(missing)))}"
            hint = "Mend lists under [provider], or give the API user a role for them; nothing was sent."
            raise ProviderError(msg, hint=hint)

    def retract(self, campaign: Campaign, fetch: Fetch) -> Campaign:
        """Make a scheduled campaign a draft, which listmonk refuses of any other."""
        path = f"/campaigns/{campaign.id}/status"
        return self._campaign(ask(fetch, self._request("PUT", path, {"status": "draft"}), _One).data)

    def discard(self, campaign: Campaign, fetch: Fetch) -> None:
        """Delete a draft."""
        fetch(self._request("DELETE", f"/campaigns/{campaign.id}"))

    def _request(self, method: str, path: str, body: object = None) -> httpx.Request:
        credentials = b64encode(f"{self.user}:{self.token}".encode()).decode()
        return httpx.Request(
            method, f"{self.url}/api{path}", headers={"Authorization": f"Basic {credentials}"}, json=body
        )

    def _content(self, edition: Edition) -> dict[str, object]:
        further = {"List-Id": edition.headers.get("List-Id")}
        headers = [{name: _as_it_is(pattern)} for name, pattern in further.items() if pattern]
        if edition.reply_to:
            headers.append({"Reply-To": _line(mailbox(edition.reply_to))})
        return {
            "name": issue_name(edition),
            "subject": write(edition.subject, edition, _IN_A_LINE),
            "lists": self.lists,
            "type": "regular",
            "content_type": "html",
            "body": write(edition.html, edition, _IN_HTML),
            "altbody": write(edition.text, edition, _IN_TEXT),
            "from_email": _line(mailbox(edition.sender)),
            "messenger": "email",
            "template_id": self.template_id,
            "tags": [issue_tag(edition)],
            "headers": headers,
            "send_at": _moment(edition.deliver_at),
        }

    def _campaign(self, one: _Campaign) -> Campaign:
        if one.status not in _PROGRESS:
            msg = f"listmonk calls the issue {one.status}, and nobody knows here what that means"
            raise ProviderError(msg, hint=f"Look at it over there: {self._page_of(one)}")
        return Campaign(id=str(one.id), progress=_PROGRESS[one.status], url=self._page_of(one))

    def _page_of(self, one: _Campaign) -> str:
        return f"{self.url}/admin/campaigns/{one.id}"

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Ask for the lists and the template."""
        del sender, now
        lists = [ask(fetch, self._request("GET", f"/lists/{number}"), _AnyList).data for number in self.lists]
        names = ", ".join(one.name for one in lists)
        template = ask(fetch, self._request("GET", f"/templates/{self.template_id}"), _AnyTemplate).data
        return [
            Finding(good=True, sentence=f"listmonk knows the API user, and the lists: {names}"),
            Finding(
                good=template.body.strip() == _TEMPLATE,
                sentence=f"the template {template.name} is what stands around an issue",
                hint=f"It must hold only this, as an issue is a whole document: {_TEMPLATE}",
            ),
        ]


class _ListId(msgspec.Struct):
    id: int


class _Campaign(msgspec.Struct):
    id: int
    name: str
    status: str
    lists: list[_ListId] = []


class _One(msgspec.Struct):
    data: _Campaign


class _Found(msgspec.Struct):
    results: list[_Campaign]
    total: int = 0


class _Page(msgspec.Struct):
    data: _Found


class _List(msgspec.Struct):
    name: str


class _AnyList(msgspec.Struct):
    data: _List


class _Template(msgspec.Struct):
    name: str
    body: str


class _AnyTemplate(msgspec.Struct):
    data: _Template


def _moment(deliver_at: datetime | None) -> str | None:
    return f"{deliver_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if deliver_at else None


_SPECIAL = re.compile("[<{@]")
"""What could begin HTML, an expression, or ``@TrackLink``."""


def _literal(text: str) -> str:
    """Return a string of Go's, without a sign that listmonk looks for before it reads the template."""
    return json.dumps(text, ensure_ascii=False).replace("{", "\\u007b").replace("@", "\\u0040")


def _document(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(f"{{{{ Safe {_literal(line)} }}}}" if _SPECIAL.search(line) else line for line in lines)


def _line(text: str) -> str:
    return f"{{{{ {_literal(text)} }}}}" if "{{" in text or "@TrackLink" in text or text.endswith("{") else text


def _as_it_is(pattern: Pattern) -> str:
    return _line("".join(pattern.texts))


def _value(slot: Slot) -> str:
    """Return an expression for the reader's value, or what stands there instead."""
    refuse_blank(slot, "listmonk")
    if slot.context is Context.URL:
        msg = f"the field {slot.name} stands in an address, and listmonk has no way to make it safe there"
        raise ContentError(msg, hint="Take the field out of the address.")
    if slot.name == "email":
        return ".Subscriber.Email"
    name = ".Subscriber.Name" if slot.name == "name" else f"(index .Subscriber.Attribs {_literal(slot.name)})"
    return f"or {name} {_literal(slot.fallback or '')}"


def _language(text: Callable[[str], str], spelling: str) -> Language:
    return Language(
        text=text,
        field=lambda slot: f"{{{{ {spelling.format(_value(slot))} }}}}",
        unsubscribe_url="{{ UnsubscribeURL }}",
        preferences_url="{{ UnsubscribeURL }}?manage=true",
    )


_IN_HTML = _language(_document, "{}")
_IN_TEXT = _language(_document, "Safe (print ({}))")
_IN_A_LINE = _language(_line, "{}")
