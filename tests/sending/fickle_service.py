"""A service in any weather, and its provider: it remembers whom it has accepted, and when, and under which key."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from digest.model import Receipt, State
from digest.providers import Limits
from digest.wire.answers import receipts_by_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from random import Random

    from digest.model import Batch
    from digest.wire import Fetch

KEY_LIFETIME = timedelta(hours=1)
LOG_DELAY = timedelta(minutes=5)


class KilledError(BaseException):
    """Stands for SIGKILL: nobody catches it, and no more is written."""


class Weather(Enum):
    """What happens to a request. Nothing was accepted by then, or all that is to be."""

    FAIR = auto()
    REFUSES = auto()
    """Some readers, for good."""
    SKIPS = auto()
    """Some readers, to whom it was told not to write."""
    DEFERS = auto()
    """Some readers, who are to be tried again."""
    DOUBTS = auto()
    """Of some readers it does not know itself; every second of them it has accepted."""
    REJECTS = auto()
    """The whole request, for something in it; of one that it took before, it tells what it told then."""
    THROTTLED = auto()
    BROKEN_BEFORE = auto()
    BROKEN_AFTER = auto()
    UNREACHABLE = auto()
    RESET_BEFORE = auto()
    RESET_AFTER = auto()
    CUT = auto()
    """It accepts, and the answer ends in the middle."""
    KILLED_BEFORE = auto()
    """The sending process dies; the service hears nothing."""
    KILLED_AFTER = auto()
    """The sending process dies after the service has accepted."""
    KILLED_SETTLING = auto()
    """The sending process dies in the middle of writing down the answer."""


SLOW = (Weather.UNREACHABLE, Weather.RESET_BEFORE, Weather.RESET_AFTER, Weather.CUT)
"""After these, an engine that goes on waits for a while."""
BAD_LINE = (*SLOW, Weather.REJECTS, Weather.BROKEN_BEFORE, Weather.BROKEN_AFTER, Weather.THROTTLED)
MOODS = (Weather.REFUSES, Weather.SKIPS, Weather.DEFERS, Weather.DOUBTS)
KILLS = (Weather.KILLED_BEFORE, Weather.KILLED_AFTER, Weather.KILLED_SETTLING)
_STATES = {
    Weather.REFUSES: State.REFUSED,
    Weather.SKIPS: State.SKIPPED,
    Weather.DEFERS: State.QUEUED,
    Weather.DOUBTS: State.IN_DOUBT,
}
_BEFORE = frozenset(
    {
        Weather.THROTTLED,
        Weather.BROKEN_BEFORE,
        Weather.UNREACHABLE,
        Weather.RESET_BEFORE,
        Weather.KILLED_BEFORE,
    }
)


class Moment(NamedTuple):
    """The weather of one request, and which of its readers it is about, by their places."""

    weather: Weather
    places: frozenset[int] = frozenset()


def any_weather(chance: Random, kinds: Sequence[Weather]) -> Moment:
    """Return weather of some kinds; a third of it is fair."""
    weather = Weather.FAIR if chance.random() < 1 / 3 else chance.choice(kinds)
    return Moment(weather, frozenset(place for place in range(3) if chance.random() < 0.5))


class Accepted(NamedTuple):
    """A reader who was accepted."""

    slug: str
    reader: str
    key: str
    subject: str
    claimed_at: datetime
    accepted_at: datetime


@dataclass(kw_only=True)
class Service:
    """The service and its provider. Two requests of one key are one, for as long as it remembers keys."""

    now: Callable[[], datetime]
    heeds_keys: bool
    accepted: list[Accepted] = field(default_factory=list)
    turned_down: set[tuple[str, str, State]] = field(default_factory=set)
    """Whom it has ever refused or skipped, by issue and reader."""
    misled: set[tuple[str, str]] = field(default_factory=set)
    """Who stood in a request whose key it knew from another one, by issue and reader."""
    dying: bool = False
    """Whether the process that sends is about to be killed while it writes."""
    name: str = "fickle"
    destination: str = "fickle.test"
    _forecast: deque[Moment] = field(default_factory=deque)
    _stopping: Event = field(default_factory=Event)
    _remembered: dict[str, tuple[datetime, bytes, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lifetime = KEY_LIFETIME if self.heeds_keys else None
        self.limits = Limits(messages=3, inline_images=True, key_lifetime=lifetime, log_delay=LOG_DELAY)
        self.transport: httpx.BaseTransport = httpx.MockTransport(self.handle)

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return what everyone gets, and everyone."""
        data = {
            "slug": batch.edition.slug,
            "subject": batch.edition.subject.fill({}),
            "at": batch.at.isoformat(),
            "readers": [[reader.email, reader.name] for reader in batch.readers],
        }
        return httpx.Request("POST", "https://fickle.test/", json=data, headers={"Key": batch.key})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Read a state for each reader."""
        decided = receipts_by_status(batch, response)
        return _receipts(response) if decided is None else decided

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """Ask for a batch by what the service knows it by, and read a state for each reader."""
        question = {"key": batch.key, "readers": batch.readers.emails}
        return _receipts(fetch(httpx.Request("GET", "https://fickle.test/", params=question)))

    def expect(self, forecast: Iterable[Moment]) -> Event:
        """Have this weather for the next requests, and return what is set when it is over; none is fair for ever."""
        self._forecast = deque(forecast)
        self._stopping = Event()
        return self._stopping

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer, if the weather lets it."""
        if request.method == "GET":
            return self._look_up(request)
        moment = Moment(Weather.FAIR)
        if self._forecast:
            moment = self._forecast.popleft()
            if not self._forecast:
                self._stopping.set()
        if moment.weather in _BEFORE:
            return _answer(moment.weather, request)
        if moment.weather is Weather.REJECTS and not self._knows(request):
            return self._reject(request)
        states = self.act(request, moment)
        self.dying = moment.weather is Weather.KILLED_SETTLING
        return _answer(moment.weather, request, states)

    def _knows(self, request: httpx.Request) -> bool:
        return self.heeds_keys and request.headers["Key"] in self._remembered

    def _reject(self, request: httpx.Request) -> httpx.Response:
        data = json.loads(request.read())
        if len(data["readers"]) == 1:
            ((reader, _),) = data["readers"]
            self.turned_down.add((data["slug"], reader, State.REFUSED))
        return httpx.Response(422, json={"message": "as told"})

    def _look_up(self, request: httpx.Request) -> httpx.Response:
        complete = self.now() - LOG_DELAY
        keys = {(one.key, one.reader) for one in self.accepted if one.accepted_at <= complete}
        key, readers = request.url.params["key"], request.url.params.get_list("readers")
        return httpx.Response(200, json=[(State.SENT if (key, one) in keys else State.QUEUED).value for one in readers])

    def act(self, request: httpx.Request, moment: Moment) -> list[str] | None:
        """Do what a request asks for, and return a state for each reader; None where its key was of another one."""
        key, body = request.headers["Key"], request.read()
        since, before, states = self._remembered.get(key, (self.now(), body, None))
        if states is None or not self.heeds_keys or self.now() - since >= KEY_LIFETIME:
            states = self._decide(key, json.loads(body), moment)
            if any(state != State.QUEUED.value for state in states):
                self._remembered[key] = (self.now(), body, states)
            return states
        if before != body:
            data = json.loads(body)
            self.misled.update((data["slug"], reader) for reader, _ in data["readers"])
        return states if before == body else None

    def _decide(self, key: str, data: Mapping[str, Any], moment: Moment) -> list[str]:
        states = []
        for place, (reader, _) in enumerate(data["readers"]):
            state = _STATES.get(moment.weather, State.SENT) if place in moment.places else State.SENT
            if state in {State.REFUSED, State.SKIPPED}:
                self.turned_down.add((data["slug"], reader, state))
            if state is State.SENT or (state is State.IN_DOUBT and place % 2):
                at = datetime.fromisoformat(data["at"])
                self.accepted.append(Accepted(data["slug"], reader, key, data["subject"], at, self.now()))
            states.append(state.value)
        return states


def _receipts(response: httpx.Response) -> list[Receipt]:
    return [Receipt(state=State(state), reason="as told") for state in response.json()]


class _Cut(httpx.SyncByteStream):
    """An answer that ends in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'["sen'
        msg = "the answer was cut off"
        raise httpx.RemoteProtocolError(msg)


def _answer(weather: Weather, request: httpx.Request, states: list[str] | None = None) -> httpx.Response:
    at_once = {"Retry-After": "0"}  # a test has no time to lose
    match weather:
        case Weather.KILLED_BEFORE | Weather.KILLED_AFTER:
            raise KilledError
        case Weather.RESET_BEFORE | Weather.RESET_AFTER:
            msg = "the connection was reset"
            raise httpx.ReadError(msg, request=request)
        case Weather.UNREACHABLE:
            msg = "nobody is there"
            raise httpx.ConnectError(msg, request=request)
        case Weather.THROTTLED:
            return httpx.Response(429, headers=at_once)
        case Weather.BROKEN_BEFORE | Weather.BROKEN_AFTER:
            return httpx.Response(500, headers=at_once)
        case Weather.CUT:
            return httpx.Response(200, stream=_Cut())
    return httpx.Response(200 if states else 409, headers=at_once, json=states)
