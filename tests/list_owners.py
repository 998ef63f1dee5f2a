"""
Services on loopback that own their list, by their documentation: Buttondown and listmonk.

Each keeps campaigns, refuses what its documentation says that it refuses, and fills what was handed over in its own
template language: Buttondown with Django's engine, which its templating is built on, and listmonk with what its
manual and source say of Go's templates. Each has an accident waiting, if it was given one.
"""

from __future__ import annotations

import json
import re
import struct
import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

from django.template import Context, Engine

from digest.model import Address, Edition, Pattern, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BUTTONDOWN_KEY = "bd-0123456789abcdef"
LISTMONK_USER, LISTMONK_TOKEN = "digest-api", "lm-0123456789abcdef"

_AT_ONCE = struct.pack("ii", 1, 0)


class Accident(Enum):
    """What happens to a request."""

    UNHEARD = "reset, and nothing was done"
    LOST = "done, and reset before the answer"
    CUT = "done, and the answer ends in the middle"
    BROKEN = "500, and nothing was done"
    BUSY = "429 with Retry-After, and nothing was done"


@dataclass(kw_only=True)
class Asked:
    """A request, as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any


Answer = tuple[int, object]


class Owner(Protocol):
    """A service: what it does with a request."""

    def serve(self, asked: Asked) -> Answer:
        """Return a status and what is answered in JSON."""


@dataclass(kw_only=True)
class Host:
    """A service at work, the record of what it was asked, and the accidents that are to come."""

    owner: Owner
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    accidents: dict[int, Accident] = field(default_factory=dict)
    """By the number of the request, from 1."""
    before: Callable[[Asked], None] = lambda _asked: None
    """Is called with each request before anything is done."""
    after: Callable[[Asked], None] = lambda _asked: None
    """Is called when it was done, before the answer."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, asked: Asked) -> tuple[Accident | None, Answer]:
        """Let the service do what it is asked."""
        with self._lock:
            self.asked.append(asked)
            accident = self.accidents.get(len(self.asked))
            self.before(asked)
            if accident is Accident.BROKEN:
                return accident, (500, {"message": "something broke"})
            if accident in {Accident.UNHEARD, Accident.BUSY}:
                return accident, (429, {"detail": "too many requests"})
            answer = self.owner.serve(asked)
            self.after(asked)
        return accident, answer

    @property
    def lines(self) -> list[str]:
        """What it was asked, in short."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def host(owner: Owner) -> Iterator[Host]:
    """Run a service for as long as the block runs."""
    hosted = Host(owner=owner)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            address = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=address.path,
                query=parse_qs(address.query),
                headers=dict(self.headers.items()),
                body=json.loads(body) if body else None,
            )
            accident, (status, answer) = hosted.take(asked)
            if accident in {Accident.UNHEARD, Accident.LOST}:
                self.connection.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)
                self.close_connection = True
                return
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if accident is Accident.BUSY:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text[: len(text) // 2] if accident is Accident.CUT else text)
            self.close_connection = accident is Accident.CUT

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that were killed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        hosted.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield hosted
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A subscriber of a list over there."""

    email: str = "ada@example.org"
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


_HOME = "https://news.example.org/a&b"
_TOKEN = Slot(name="token").marker


def issue(html: str = "<p>Hello</p>", text: str = "Hello", subject: str = "Snow") -> Edition:
    """Return an edition with addresses of ours for leaving and for preferences; what is given is marked."""
    footer = f'<a href="{escape(_HOME)}/unsubscribe/{_TOKEN}">Leave</a> <a href="{_HOME}/preferences/{_TOKEN}">?</a>'
    return Edition(
        slug="past-the-plateau",
        sender=Address(email="editor@example.org", name='Past "the" {{ x }} Plateau, No. 5'),
        reply_to=Address(email="answers@example.org", name="Answers"),
        subject=Pattern.of_text(subject),
        html=Pattern.of_html(
            f"<!doctype html>\n<html><body>\n{html}\n<!--[if mso]><p>{{{{<![endif]-->{footer}</body></html>\n"
        ),
        text=Pattern.of_text(f"{text}\n\nPreferences: {_HOME}/preferences/{_TOKEN}\n{_HOME}/unsubscribe/{_TOKEN}\n"),
        headers={
            "List-Id": Pattern.of_text("Past the Plateau <editor.example.org>"),
            "List-Unsubscribe": Pattern.of_text(f"<{_HOME}/unsubscribe/{_TOKEN}>"),
            "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
        },
    )


def expected(pattern: Pattern, reader: Reader, owner: ButtondownOwner | ListmonkOwner, home: str = _HOME) -> str:
    """Return what a reader is to get: a pattern filled, with the service's own addresses in it."""
    filled = pattern.fill({**reader.fields, "email": reader.email, "name": reader.name, "token": "TOKEN"})
    for ours in (home, escape(home)):
        filled = filled.replace(f"{ours}/unsubscribe/TOKEN", owner.unsubscribe_url)
        filled = filled.replace(f"{ours}/preferences/TOKEN", owner.preferences_url)
    return filled


@dataclass(kw_only=True)
class ButtondownOwner:
    """Buttondown: buttondown/openapi's ``/emails``, and the templating of its manual."""

    unsubscribe_url: ClassVar[str] = "https://buttondown.test/unsubscribe/s1?x=1&y=2"
    preferences_url: ClassVar[str] = "https://buttondown.test/manage/s1"
    per_page: int = 3
    emails: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    """The ids of emails that were given to readers, or are to be, each time that was asked for."""
    confirmed: bool = False
    slow: bool = False
    """Whether its search does not know of drafts yet."""

    _FIELDS: ClassVar[frozenset[str]] = frozenset({"subject", "body", "status", "metadata", "publish_date", "template"})

    def serve(self, asked: Asked) -> Answer:  # noqa: PLR0911  # one answer for each kind of request
        """Do what is asked."""
        if asked.headers.get("Authorization") != f"Token {BUTTONDOWN_KEY}":
            return 401, {"code": "unauthorized", "detail": "Invalid API key.", "metadata": {}}
        assert asked.headers["X-API-Version"] == "2026-04-01"
        match asked.method, asked.path.split("/")[2:]:
            case "GET", ["accounts", "me"]:
                return 200, {"username": "plateau", "email_address": "editor@example.org"}
            case "GET", ["emails"]:
                return self._page(int(asked.query.get("page", ["1"])[0]))
            case "POST", ["emails"]:
                return self._create(asked)
            case "PATCH", ["emails", name] if name in self.emails:
                return self._update(self.emails[name], asked)
            case "DELETE", ["emails", name] if name in self.emails:
                del self.emails[name]
                return 204, None
        return 404, {"code": "not_found", "detail": "Not found.", "metadata": {}}

    @property
    def held(self) -> list[dict[str, Any]]:
        """All that it has."""
        return [*self.emails.values()]

    def forget(self) -> None:
        """Delete all, as a person may."""
        self.emails.clear()

    def _page(self, page: int) -> Answer:
        newest = [email for email in self.emails.values() if not (self.slow and email["status"] == "draft")][::-1]
        some = newest[(page - 1) * self.per_page : page * self.per_page]
        more = page * self.per_page < len(newest)
        results = [{**email, "body": ""} for email in some]
        return 200, {"results": results, "next": "another" if more else None, "previous": None, "count": len(newest)}

    def _create(self, asked: Asked) -> Answer:
        key = asked.headers.get("X-Idempotency-Key", "")
        assert 0 < len(key) <= 200
        if key in self.keys:
            return 201, self.keys[key]
        if fault := self._fault(asked, default="about_to_send"):
            return fault
        email = self.add(**asked.body)
        self.keys[key] = email
        return 201, email

    def add(self, **facts: Any) -> dict[str, Any]:
        """Keep an email, as if somebody had made it."""
        number = len(self.emails) + len(self.keys) + 1
        name = f"em_{number}"
        url = f"https://buttondown.test/archive/{name}"
        made = {"creation_date": f"2026-11-24T09:00:{number:02}Z", "status": "about_to_send", "metadata": {}}
        self.emails[name] = {**made, **facts, "id": name, "absolute_url": url}
        return self.emails[name]

    def _update(self, email: dict[str, Any], asked: Asked) -> Answer:
        if fault := self._fault(asked, default=""):
            return fault
        email.update(asked.body)
        if asked.body.get("status") in {"about_to_send", "scheduled"}:
            self.published.append(email["id"])
        return 200, email

    def _fault(self, asked: Asked, *, default: str) -> Answer | None:
        unknown = asked.body.keys() - self._FIELDS
        if unknown:
            faults = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs"} for name in unknown]
            return 422, {"detail": faults}
        if asked.body.get("body", "").startswith("---"):
            return 400, {"code": "body_contains_frontmatter", "detail": "It has front matter.", "metadata": {}}
        if asked.body.get("status", default) != "draft" and not self.confirmed:
            self.confirmed = asked.headers.get("X-Buttondown-Live-Dangerously") == "true"
            if not self.confirmed:
                return 400, {"code": "sending_requires_confirmation", "detail": "Confirm it.", "metadata": {}}
        return None

    def mail(self, reader: Reader) -> dict[str, str]:
        """Return what the reader gets by the email that was published first."""
        email = self.emails[self.published[0]]
        assert email["template"] == "naked"
        mode, _, body = email["body"].partition("\n")
        assert mode == "<!-- buttondown-editor-mode: fancy -->"
        subscriber = {"email": reader.email, "metadata": dict(reader.fields) | {"name": reader.name}}
        values = {
            "subscriber": subscriber,
            "unsubscribe_url": self.unsubscribe_url,
            "manage_subscription_url": self.preferences_url,
        }
        html = Engine(autoescape=False).from_string(body).render(Context(values, autoescape=False))
        escaping = Engine().from_string(body).render(Context(values))
        # It is not documented whether values are escaped unasked; what we ask for must be right either way.
        assert escaping.replace("&amp;y=2", "&y=2") == html
        return {"subject": email["subject"], "html": html}


@dataclass(kw_only=True)
class ListmonkOwner:
    """listmonk: its manual's ``/api/campaigns``, and the checks of cmd/campaigns.go."""

    unsubscribe_url: ClassVar[str] = "https://lists.example.org/subscription/c1/s1"
    preferences_url: ClassVar[str] = "https://lists.example.org/subscription/c1/s1?manage=true"
    campaigns: dict[int, dict[str, Any]] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)
    template: str = '{{ template "content" . }}'
    list_id: int = 3
    """Of the one list that there is."""
    longest_page: int = 1000
    """How many campaigns it shows at once, however many are asked for."""
    slow: bool = False
    """Whether its search does not know of drafts yet."""
    _given: int = 0

    _CREDENTIALS: ClassVar[str] = "Basic " + b64encode(f"{LISTMONK_USER}:{LISTMONK_TOKEN}".encode()).decode()

    def serve(self, asked: Asked) -> Answer:  # noqa: PLR0911  # one answer for each kind of request
        """Do what is asked."""
        if asked.headers.get("Authorization") != self._CREDENTIALS:
            return 403, {"message": "invalid API credentials"}
        match asked.method, asked.path.split("/")[2:]:
            case "GET", ["campaigns"]:
                return self._page(int(asked.query["page"][0]), int(asked.query["per_page"][0]))
            case "POST", ["campaigns"]:
                return self._create(asked.body)
            case "GET", ["lists", "3"]:
                return 200, {"data": {"id": 3, "name": "Readers"}}
            case "GET", ["templates", "7"]:
                return 200, {"data": {"id": 7, "name": "Nothing", "body": self.template}}
            case method, ["campaigns", number, *rest] if int(number) in self.campaigns:
                return self._change(method, self.campaigns[int(number)], rest, asked.body)
        return 404, {"message": "not found"}

    @property
    def held(self) -> list[dict[str, Any]]:
        """All that it has."""
        return [*self.campaigns.values()]

    def forget(self) -> None:
        """Delete all, as a person may."""
        self.campaigns.clear()

    def _page(self, page: int, per_page: int) -> Answer:
        shown = [one for one in self.campaigns.values() if not (self.slow and one["status"] == "draft")]
        every = [{**self._shown(campaign), "body": ""} for campaign in shown]
        per_page = min(per_page, self.longest_page)
        found: dict[str, object] = {"results": every[(page - 1) * per_page : page * per_page]}
        return 200, {"data": found | ({"total": len(every), "page": page, "per_page": per_page} if every else {})}

    def _create(self, body: dict[str, Any]) -> Answer:
        fault = self._fault(body)
        return (400, {"message": fault}) if fault else (200, {"data": self._shown(self.add(**body))})

    def _shown(self, campaign: dict[str, Any]) -> dict[str, Any]:
        """Return a campaign with those of its lists that there are: queries/campaigns.sql joins them."""
        lists = [{"id": number, "name": "Readers"} for number in campaign.get("lists", ()) if number == self.list_id]
        return {**campaign, "lists": lists}

    def add(self, **facts: Any) -> dict[str, Any]:
        """Keep a campaign, as if somebody had made it."""
        self._given += 1
        self.campaigns[self._given] = {"name": "", "status": "draft", **facts, "id": self._given}
        return self.campaigns[self._given]

    def _change(self, method: str, campaign: dict[str, Any], rest: list[str], body: Any) -> Answer:
        if method == "DELETE":
            del self.campaigns[campaign["id"]]
            return 200, {"data": True}
        if rest == ["status"]:
            return self._turn(campaign, body["status"])
        if campaign["status"] not in {"draft", "paused", "scheduled"}:
            return 400, {"message": "cannot update a running or a finished campaign"}
        if fault := self._fault(body):
            return 400, {"message": fault}
        campaign.update(body)
        return 200, {"data": self._shown(campaign)}

    def _turn(self, campaign: dict[str, Any], status: str) -> Answer:
        before = {"running": {"draft", "paused"}, "scheduled": {"draft", "paused"}, "draft": {"scheduled"}}
        if campaign["status"] not in before[status]:
            return 400, {"message": f"a campaign that is {campaign['status']} cannot be {status}"}
        if status == "scheduled" and not campaign["send_at"]:
            return 400, {"message": "campaign needs a `send_at` date to be scheduled"}
        campaign["status"] = status
        if status != "draft":
            self.published.append(campaign["id"])
        return 200, {"data": self._shown(campaign)}

    def _fault(self, body: dict[str, Any]) -> str:
        if not body["lists"]:
            return "no lists selected"
        try:
            for text in (
                body["subject"],
                body["from_email"],
                *(value for one in body["headers"] for value in one.values()),
            ):
                fill_line(text, Reader(), self.unsubscribe_url)
            for text in (body["body"], body["altbody"]):
                fill_document(text, Reader(), self.unsubscribe_url)
        except TemplateFault as fault:
            return f"error compiling campaign body: {fault}"
        return ""

    def mail(self, reader: Reader) -> dict[str, str]:
        """Return what the reader gets by the campaign that was published first."""
        campaign = self.campaigns[self.published[0]]
        assert (campaign["content_type"], campaign["template_id"]) == ("html", 7)
        headers = {name: value for one in campaign["headers"] for name, value in one.items()}
        return {
            "subject": fill_line(campaign["subject"], reader, self.unsubscribe_url),
            "html": fill_document(campaign["body"], reader, self.unsubscribe_url),
            "text": fill_document(campaign["altbody"], reader, self.unsubscribe_url),
            "from": fill_line(campaign["from_email"], reader, self.unsubscribe_url),
            **{name: fill_line(value, reader, self.unsubscribe_url) for name, value in headers.items()},
        }


class TemplateFault(Exception):  # noqa: N818  # what Go calls an error
    """A template that cannot be read."""


_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "+": "&#43;"})
"""As html/template does it."""

# What listmonk rewrites before it reads a template: models/models.go, regTplFuncs.
_REWRITTEN = (
    (re.compile(r"{{(\s+)?TrackLink(\s+)?(.+?)(\s+)?}}"), r"{{ TrackLink \3 . }}"),
    (re.compile(r"(https?://.+?)@TrackLink"), r'{{ TrackLink "\1" . }}'),
    (re.compile(r"{{(\s+)?(TrackView|UnsubscribeURL|OptinURL|MessageURL)(\s+)?}}"), r"{{ \2 . }}"),
)
_WORD = re.compile(r'\s*("(?:[^"\\\n]|\\.)*"|\.?[A-Za-z_][\w.]*|[().])')


class Safe(str):
    """What html/template takes for HTML."""

    __slots__ = ()


def fill_line(text: str, reader: Reader, unsubscribe_url: str) -> str:
    """Fill what is a text/template, if it is one at all."""
    start = text.find("{{")
    if start < 0 or "}}" not in text[start:]:
        return text
    return "".join(piece if literal else str(piece) for literal, piece in _pieces(text, reader, unsubscribe_url))


def fill_document(text: str, reader: Reader, unsubscribe_url: str) -> str:
    """
    Fill what is an html/template.

    Only its text state is known here, where comments go, a sign `<` begins something, and values are escaped; so a
    template that leaves it is refused.
    """
    filled = []
    for literal, piece in _pieces(text, reader, unsubscribe_url):
        if literal and "<" in piece:
            msg = f"this would be read as HTML: {piece[:40]}"
            raise TemplateFault(msg)
        filled.append(piece if literal or isinstance(piece, Safe) else str(piece).translate(_ESCAPED))
    return "".join(filled)


def _pieces(text: str, reader: Reader, unsubscribe_url: str) -> Iterator[tuple[bool, str]]:
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    names = {
        ".": None,
        "UnsubscribeURL": lambda _: unsubscribe_url,
        "Safe": Safe,
        "print": lambda *values: "".join(map(str, values)),
        "or": lambda *values: next((value for value in values if value), values[-1]),
        "index": lambda mapping, key: mapping.get(key),
        ".Subscriber.Email": reader.email,
        ".Subscriber.Name": reader.name,
        ".Subscriber.Attribs": reader.fields,
    }
    place = 0
    while (start := text.find("{{", place)) >= 0:
        yield True, text[place:start]
        value, place = _action(text, start + 2, names)
        yield False, value
    yield True, text[place:]


def _action(text: str, place: int, names: Mapping[str, Any]) -> tuple[Any, int]:
    """Read an action up to its closing braces, which strings may hold, and return its value."""
    command: list[Any] = []
    waiting: list[list[Any]] = []
    while not (end := re.compile(r"\s*}}").match(text, place)):
        token = _WORD.match(text, place)
        if token is None:
            msg = f"unexpected {text[place : place + 20]!r} in command"
            raise TemplateFault(msg)
        place = token.end()
        if token[1] == "(":
            waiting.append(command)
            command = []
        elif token[1] == ")":
            value = _call(command)
            command = waiting.pop()
            command.append(value)
        elif token[1].startswith('"'):
            command.append(json.loads(token[1]))
        elif token[1] in names:
            command.append(names[token[1]])
        else:
            msg = f"function {token[1]!r} not defined"
            raise TemplateFault(msg)
    return _call(command), end.end()


def _call(command: list[Any]) -> Any:
    first, *rest = command
    return first(*rest) if callable(first) else first
