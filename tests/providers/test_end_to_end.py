"""
The real program sends an issue through each provider to a service on loopback, in fair weather and in foul.

In fair weather it is a process, as a user runs it. In foul weather it is the same command inside this one, which takes
a fifth of the time.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import httpx
import pytest
from conftest import NO_RULES
from loopback import Loopback, open_loopback
from nasty import EDITIONS
from registered import Registered, names
from stand_ins import NOW, Answer, Arrived

from digest.model import Batch, Readers, State, Subscriber
from digest.providers.finding import provider_class
from digest.sending.talking import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conftest import Program, Run

SLUG = "2026-11-24-hello"
# What looks like the merge languages of services stands in the issue on purpose, and not as code.
SEND = ("send", SLUG, "--yes", "--late", "--allow", "unresolved-token", "--json")
BAD = "noor@example.org"
WORDS = "\n\n`{{ user.name }}` %recipient.x% [[data:x]] `-name-` \\{{ x }} *|FNAME|* 100 % {% if %}\n"
OVER_HTTP = [name for name in names() if getattr(provider_class(name), "transport", "its own") is None]


@dataclass(kw_only=True)
class Service:
    """The service of a provider: what it is told to answer, and whom it has accepted."""

    registered: Registered
    foul: dict[str, int] = field(default_factory=dict)
    """Answers by title, and how many requests each is still given to."""
    losing: int = 0
    """How many requests are still accepted without an answer, as the connection is lost."""
    unheard: list[bytes] = field(default_factory=list)
    """The bodies of those."""
    accepted: Counter[str] = field(default_factory=Counter)
    """How often each reader was accepted."""
    arrived: list[Arrived] = field(default_factory=list)
    """What has reached their mailboxes by requests that were taken whole."""

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """Take a request, or answer as the weather is."""
        if request.method == "GET":
            return httpx.Response(httpx.codes.NOT_FOUND)
        if request.content in self.unheard:  # its key says that it is the same request
            return self.registered.stand_in.accept(self.redirected(request))
        request = self.redirected(request)
        arrived = self.registered.stand_in.deliver(request)
        emails = [one.email for one in arrived]
        title = next((title for title, left in self.foul.items() if left), "")
        if title == "one refused" and BAD not in emails:
            title = ""
        if title:
            self.foul[title] -= 1
            answer = self._answer(title)
            states = _states(answer, emails)
            self.accepted.update(email for email, state in zip(emails, states, strict=True) if state is State.SENT)
            return answer.response(_batch(emails))
        self.accepted.update(emails)
        self.arrived += arrived
        if self.losing:
            self.losing -= 1
            self.unheard.append(request.content)
            return None
        return self.registered.stand_in.accept(request)

    def redirected(self, request: httpx.Request) -> httpx.Request:
        """Return a request as it would reach the real service, unless it is signed with its address."""
        if "X-Amz-Date" in request.headers:
            return request
        usual = self.registered.provider().build_request(_batch(["ada@example.org"])).url
        assert request.url.path == usual.path or usual.path.endswith(request.url.path)
        return httpx.Request(request.method, usual, headers=request.headers, content=request.content)

    def _answer(self, title: str) -> Answer:
        answer = self.registered.stand_in.answers[title]
        assert isinstance(answer, Answer)
        return answer


def _states(answer: Answer, emails: list[str]) -> list[State]:
    """Return what became of each reader by an answer to three, or to fewer."""
    if isinstance(answer.outcome, type):
        return [State.QUEUED] * len(emails)
    return [*answer.outcome][: len(emails)]


def _batch(emails: list[str]) -> Batch:
    """Return what a stand-in needs to know of those whom it answers for."""
    readers = [Subscriber(id=number, email=email, token="") for number, email in enumerate(emails, 1)]
    return Batch(edition=EDITIONS["one without slots"], number=1, key="", readers=Readers.of(readers), at=NOW)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A newsletter whose provider is one of them, pointed to loopback."""

    program: Program
    run: Run
    service: Service
    loopback: Loopback

    def send(self) -> tuple[int, dict[str, int]]:
        """Send the issue inside this process; return the exit code, and how many readers stand how."""
        done = self.run(*SEND)
        return done.exit_code, self._outcome(done.stdout + done.stderr)

    def send_by_process(self) -> tuple[int, dict[str, int]]:
        """Send it as a user does."""
        done = self.program.run(*SEND)
        return done.returncode, self._outcome(done.stdout + done.stderr)

    def _outcome(self, output: str) -> dict[str, int]:
        """Look at what was asked and printed; return how many readers stand how."""
        assert [*map(repr, self.loopback.faults)] == []
        assert self.loopback.requests, output
        assert [secret for secret in self.service.registered.stand_in.environ.values() if secret in output] == []
        facts = json.loads(self.run("status", SLUG, "--json").stdout)
        return {state.value: facts[state.value] for state in State if facts[state.value]}


class SetUp(Protocol):
    """Sets a newsletter up."""

    def __call__(self, name: str, readers: int = 3) -> Desk:
        """Return it, with so many readers and a provider of this name."""


@pytest.fixture
def set_up(letter: Path, run: Run, program: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Return what sets a newsletter up for a provider."""
    with ExitStack() as open_until_the_end:

        def prepare(name: str, readers: int = 3) -> Desk:
            service = Service(registered=Registered.of(name))
            loopback = open_until_the_end.enter_context(open_loopback(service.answer))
            write_settings(
                letter / "digest.toml", {**service.registered.stand_in.options, "api_url": loopback.url}, name
            )
            issue = letter / "issues" / f"{SLUG}.md"
            issue.write_text(issue.read_text("utf-8") + WORDS, encoding="utf-8")
            rows = "".join(f"{email},Reader\n" for email in everyone(readers))
            (letter / "more.csv").write_text(f"email,name\n{rows}", encoding="utf-8")
            assert run("subscribers", "import", "more.csv").exit_code == 0
            for variable, secret in service.registered.stand_in.environ.items():
                monkeypatch.setenv(variable, secret)
            return Desk(program=program, run=run, service=service, loopback=loopback)

        yield prepare


def write_settings(path: Path, options: Mapping[str, object], name: str) -> None:
    """Choose a provider, and an address for answers."""
    text = path.read_text("utf-8").partition("[provider]")[0]
    text = text.replace("[newsletter]\n", '[newsletter]\nreply_to = "Answers <answers@example.org>"\n')
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {"name": name, **options}.items())
    path.write_text(f"{text}[provider]\n{lines}\n{NO_RULES}", encoding="utf-8")


def everyone(count: int) -> Counter[str]:
    """Return each of so many readers once."""
    further = [f"reader{number}@example.org" for number in range(3, count + 1)]
    return Counter(["ada@example.org", BAD, *further])


@pytest.mark.parametrize("name", OVER_HTTP)
def test_everyone_gets_it_once(set_up: SetUp, name: str) -> None:
    """An issue full of others' languages reaches everyone once, each with the own unsubscribe address."""
    opened = set_up(name, 60)
    assert opened.send_by_process() == (0, {"sent": 60})
    assert opened.service.accepted == everyone(60)
    stand_in, arrived = opened.service.registered.stand_in, opened.service.arrived
    assert all("{{ user.name }}" in one.text and "%recipient.x% [[data:x]]" in one.html for one in arrived)
    if "List-Unsubscribe" not in stand_in.withheld | stand_in.replaced_headers:
        assert len({one.headers["List-Unsubscribe"] for one in arrived}) == 60


@pytest.mark.parametrize("name", OVER_HTTP)
def test_whoever_was_too_fast_comes_back(set_up: SetUp, name: str) -> None:
    """A service that is too busy at first gets everything a little later, once."""
    opened = set_up(name)
    opened.service.foul = {"too fast": 1}
    assert opened.send() == (0, {"sent": 3})
    assert opened.service.accepted == everyone(3)


@pytest.mark.parametrize("name", OVER_HTTP)
def test_one_bad_reader_keeps_nobody_waiting(set_up: SetUp, name: str) -> None:
    """One who is refused is refused alone, however the service says it; the others get it once."""
    opened = set_up(name)
    answer = opened.service.registered.stand_in.answers["one refused"]
    if isinstance(answer, str):
        assert answer
        return
    if State.IN_DOUBT in answer.outcome if not isinstance(answer.outcome, type) else ():
        return  # it does not say who
    opened.service.foul = {"one refused": 100}
    assert opened.send() == (0, {"sent": 2, "refused": 1})
    assert opened.service.accepted == everyone(3) - Counter([BAD])


@pytest.mark.parametrize("name", OVER_HTTP)
def test_a_service_that_refuses_gets_it_later(set_up: SetUp, name: str) -> None:
    """Where the key is refused, nothing is sent and the program says so; run again, everyone gets it once."""
    opened = set_up(name)
    opened.service.foul = {"key refused": 1_000}
    assert opened.send() == (5, {"queued": 3})
    opened.service.foul = {}
    assert opened.send() == (0, {"sent": 3})
    assert opened.service.accepted == everyone(3)


@pytest.mark.parametrize("name", OVER_HTTP)
def test_a_lost_answer_writes_to_nobody_twice(set_up: SetUp, name: str) -> None:
    """When the answer is lost, the same request goes again under its key; where keys mean nothing, there is doubt."""
    opened = set_up(name)
    opened.service.losing = 1
    limits = opened.service.registered.provider().limits
    in_doubt = min(3, limits.messages)
    doubtful = {"sent": 3 - in_doubt, "in_doubt": in_doubt}
    known = (
        (0, {"sent": 3}) if limits.key_lifetime else (6, {state: count for state, count in doubtful.items() if count})
    )
    assert opened.send() == known
    assert opened.send() == known
    assert opened.service.accepted == everyone(3)


def test_a_single_request_says_who_asks() -> None:
    """What is asked beside sending is introduced, too: services turn away whoever does not say so."""
    with open_loopback(lambda _: httpx.Response(httpx.codes.OK)) as loopback, Line(print, print) as fetch:
        assert fetch(httpx.Request("GET", loopback.url)).is_success
