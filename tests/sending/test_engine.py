"""The engine, with a real store and real requests: whatever goes wrong, nobody is written to twice and all is said."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Lock, Timer
from typing import TYPE_CHECKING, NoReturn

import httpx
import pytest

from digest.errors import ContentError, DigestError, ProviderError
from digest.model import Address, Consent, Edition, Newcomer, Pattern, Plan, Receipt, State, Tally
from digest.providers import Limits
from digest.sending import Engine, Step
from digest.store import Course, Frozen, Store, open_store
from digest.wire.answers import receipts_by_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digest.model import Batch

    Answer = Callable[[httpx.Request], httpx.Response]

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org"),
    reply_to=None,
    subject=Pattern.of_text("First snow"),
    html=Pattern.of_html("<p>Hello</p>"),
    text=Pattern.of_text("Hello"),
    headers={},
)
SENT, REFUSED, QUEUED = State.SENT.value, State.REFUSED.value, State.QUEUED.value


@dataclass(kw_only=True)
class Service:
    """A provider of two readers a request, and the service behind it: answers as told, and remembers what it took."""

    name: str = "service"
    destination: str = "service.test"
    url: str = "https://service.test/"
    idempotent: bool = True
    concurrency: int = 1
    answers: Mapping[int, Answer] = field(default_factory=dict)
    """What it answers to the request of that number, from 1; to the others it says that all is sent."""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    """The key and the body of each request that has reached it."""
    at_once: int = 0
    """The most requests that it ever had in hand at the same time."""
    _in_hand: int = 0
    _lock: Lock = field(default_factory=Lock)
    taken: dict[str, bytes] = field(default_factory=dict)
    """The bodies that it has accepted, by key where it heeds keys."""
    transport: httpx.BaseTransport | None = None

    def __post_init__(self) -> None:
        lifetime = timedelta(hours=1) if self.idempotent else None
        self.limits = Limits(messages=2, inline_images=True, key_lifetime=lifetime, concurrency=self.concurrency)
        self.transport = httpx.MockTransport(self.handle)

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return the addresses, in JSON."""
        emails = [message.to.email for message in batch.messages()]
        return httpx.Request("POST", self.url, json=[*emails, batch.at.isoformat()], headers={"Key": batch.key})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Read a state for each reader."""
        decided = receipts_by_status(batch, response)
        if decided is not None:
            return decided
        return [Receipt(state=State(state), reason="as told") for state in response.json()]

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Take a request in, and answer."""
        key, body = request.headers["Key"], request.read()
        with self._lock:
            self.requests.append((key, body))
            answer = self.answers.get(len(self.requests), all_sent)
            self._in_hand += 1
            self.at_once = max(self.at_once, self._in_hand)
        try:
            response = answer(request)
        finally:
            self._in_hand -= 1
        if response.is_success:
            self.accept(key, body)
        return response

    def accept(self, key: str, body: bytes) -> None:
        """Accept a request; one whose key is known is the same request, and must have the same body."""
        if self.idempotent:
            assert self.taken.setdefault(key, body) == body
        else:
            self.taken[f"{key} {len(self.requests)}"] = body

    def written_to(self) -> Counter[str]:
        """Return how often each reader got it."""
        return Counter(name for body in self.taken.values() for name in map(_name, json.loads(body)[:-1]))


def _name(email: str) -> str:
    return email.partition("@")[0]


def all_sent(request: httpx.Request) -> httpx.Response:
    """Accept every reader of a request."""
    return states(*[SENT] * (len(json.loads(request.content)) - 1))(request)


def states(*words: str) -> Answer:
    """Answer with these states."""
    return lambda _request: httpx.Response(200, json=words)


def later(seconds: str) -> Answer:
    """Ask to come back after so many seconds."""
    return lambda _request: httpx.Response(429, headers={"Retry-After": seconds})


def raises(error: type[BaseException]) -> Answer:
    """Break, before anything is accepted."""

    def answer(request: httpx.Request) -> httpx.Response:
        msg = "as told"
        raise error(msg, request=request) if issubclass(error, httpx.RequestError) else error(msg)

    return answer


def after_accepting(service: Service, answer: Answer) -> Answer:
    """Accept a request, and then answer or break."""

    def accept_first(request: httpx.Request) -> httpx.Response:
        service.accept(request.headers["Key"], request.content)
        return answer(request)

    return accept_first


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store with five readers, three requests of `Service`."""
    newcomers = [
        Newcomer(email=f"{name}@example.org", consent=Consent(source="test"))
        for name in ("ann", "bob", "cyd", "dan", "eve")
    ]
    with open_store(url) as opened:
        list(opened.subscribers.put(newcomers, now=NOW))
        yield opened


@pytest.fixture
def frozen(store: Store) -> Frozen:
    """Return an edition that was frozen for the five."""
    plan = Plan(edition=EDITION, provider="service", audience=store.audiences.measure(None), batch_size=2)
    return store.ledger.freeze(plan, now=NOW)


def deliver(
    store: Store,
    frozen: Frozen,
    service: Service,
    *,
    stop_after: int = 1,
    stopping: Event | None = None,
    now: datetime = NOW,
    told: list[Step] | None = None,
) -> list[int]:
    """Run the engine once, until the first trouble, and return how many readers it reported at each step."""
    told = [] if told is None else told
    with store.claims(frozen) as claims:
        engine = Engine(
            claims=claims,
            provider=service,
            now=lambda: now,
            report=told.append,
            stop_after=stop_after,
            stopping=stopping,
            chance=lambda: 0.0,
        )
        engine.deliver()
    return [step.settled for step in told if step.settled]


def states_of(store: Store, frozen: Frozen) -> str:
    """Return the first letters of the five readers' states."""
    return "".join(delivery.state.value[0] for delivery in store.deliveries.lines(frozen))


EACH_ONCE = Counter(["ann", "bob", "cyd", "dan", "eve"])


def test_everyone_is_written_to_once(store: Store, frozen: Frozen) -> None:
    """All goes well: each batch is one request, and is told of; a second run posts nothing."""
    service = Service()
    assert deliver(store, frozen, service) == [2, 2, 1]
    assert deliver(store, frozen, service) == []
    assert service.written_to() == EACH_ONCE
    assert store.deliveries.tally(frozen) == Tally(sent=5)


def test_keys_differ(store: Store, frozen: Frozen) -> None:
    """Each batch has a key of its own."""
    service = Service()
    deliver(store, frozen, service)
    assert len({key for key, _ in service.requests}) == 3


def test_requests_side_by_side(store: Store, frozen: Frozen) -> None:
    """As many requests as the provider allows are under way together, and never more."""
    meeting = Barrier(2)

    def meet(request: httpx.Request) -> httpx.Response:
        meeting.wait(timeout=10)
        return all_sent(request)

    service = Service(concurrency=2, answers={1: meet, 2: meet})
    deliver(store, frozen, service)
    assert service.at_once == 2
    assert service.written_to() == EACH_ONCE


def test_pace(store: Store, frozen: Frozen) -> None:
    """Requests leave no faster than the provider allows, however many threads there are."""
    service = Service(concurrency=3)
    service.limits = replace(service.limits, pace=20.0)
    begin = time.monotonic()
    deliver(store, frozen, service)
    assert time.monotonic() - begin >= 0.1  # three requests, a twentieth of a second apart
    assert service.written_to() == EACH_ONCE


def test_refused_reader_among_many(store: Store, frozen: Frozen) -> None:
    """Who is refused for good is not asked again, and the others of the batch are sent."""
    service = Service(answers={2: states(REFUSED, SENT)})
    deliver(store, frozen, service)
    deliver(store, frozen, service)
    assert states_of(store, frozen) == "ssrss"
    assert len(service.requests) == 3
    assert [delivery.reason for delivery in store.deliveries.lines(frozen)][2] == "as told"


def dislikes(*names: str) -> Answer:
    """Reject every request that has one of these readers in it."""

    def answer(request: httpx.Request) -> httpx.Response:
        if {*names}.intersection(map(_name, json.loads(request.content)[:-1])):
            return httpx.Response(422, json={"message": "an address is no good"})
        return all_sent(request)

    return answer


def test_reader_for_whom_everyone_is_rejected(store: Store, frozen: Frozen) -> None:
    """A batch that is rejected as a whole is halved until whoever is at fault stands alone; the others are sent."""
    service = Service(answers=dict.fromkeys(range(1, 9), dislikes("dan")))
    deliver(store, frozen, service, stop_after=9)
    assert states_of(store, frozen) == "sssrs"
    assert len(service.requests) == 5  # three batches, and the two halves of the second one
    assert "an address is no good" in [*store.deliveries.lines(frozen)][3].reason
    assert service.written_to() == EACH_ONCE - Counter(["dan"])


def test_everyone_is_rejected(store: Store, frozen: Frozen) -> None:
    """Where no request passes, the run ends before many are halved, and who was in a batch is still queued."""
    service = Service(answers=dict.fromkeys(range(1, 9), dislikes(*EACH_ONCE)))
    with pytest.raises(ProviderError, match=r"took nothing in 2 requests in a row: .* no good"):
        deliver(store, frozen, service, stop_after=2)
    assert states_of(store, frozen) == "qqqqq"


def test_rejection_of_what_may_have_left_before(store: Store, frozen: Frozen) -> None:
    """A batch that was posted before, with nobody knowing how it ended, is not cut up by a later rejection."""
    service = Service(idempotent=True)
    service.answers = {1: after_accepting(service, raises(httpx.ReadError)), 2: dislikes("ann")}
    deliver(store, frozen, service, stop_after=9)
    assert states_of(store, frozen) == "sssss"
    assert service.written_to() == EACH_ONCE


def test_request_that_is_too_large(store: Store, frozen: Frozen) -> None:
    """One that has more bytes than the provider takes does not leave; its halves do."""
    service = Service()
    service.limits = replace(service.limits, bytes=60)
    deliver(store, frozen, service, stop_after=9)
    assert [len(json.loads(body)) - 1 for _, body in service.requests] == [1] * 5
    assert all(len(body) <= 60 for _, body in service.requests)
    assert states_of(store, frozen) == "sssss"


def test_message_that_is_too_large(store: Store, frozen: Frozen) -> None:
    """A reader whose message alone is too large is refused, with both sizes."""
    service = Service()
    service.limits = replace(service.limits, bytes=20)
    with pytest.raises(ProviderError, match="too large for service, which takes 20"):
        deliver(store, frozen, service, stop_after=4)
    assert service.requests == []


def test_refused_readers_are_tried_again_when_somebody_says_so(store: Store, frozen: Frozen) -> None:
    """Whoever was refused is queued anew in a batch of their own, and nobody else is written to again."""
    service = Service(answers={2: states(REFUSED, SENT), 3: states(REFUSED)})
    deliver(store, frozen, service, stop_after=9)
    assert store.ledger.retry(frozen) == 2
    assert states_of(store, frozen) == "ssqsq"
    deliver(store, frozen, service)
    assert states_of(store, frozen) == "sssss"
    assert [json.loads(body)[0] for _, body in service.requests[3:]] == ["cyd@example.org", "eve@example.org"]
    assert store.ledger.retry(frozen) == 0


def test_reader_to_be_tried_again(store: Store, frozen: Frozen) -> None:
    """Who is to be tried again gets a batch of their own, and is written to alone."""
    service = Service(answers={1: states(SENT, QUEUED)})
    assert deliver(store, frozen, service) == [1, 2, 1, 1]
    assert states_of(store, frozen) == "sssss"
    assert json.loads(service.requests[-1][1])[:-1] == ["bob@example.org"]


def test_service_that_takes_nothing(store: Store, frozen: Frozen) -> None:
    """Where nothing is taken, the run ends after so many requests in a row, and everyone stays queued."""
    service = Service(answers=dict.fromkeys(range(1, 4), later("0")))
    with pytest.raises(ProviderError, match="took nothing in 3 requests in a row: 429"):
        deliver(store, frozen, service, stop_after=3)
    assert len(service.requests) == 3
    assert states_of(store, frozen) == "qqqqq"
    deliver(store, frozen, service)
    assert store.deliveries.tally(frozen) == Tally(sent=5)


def test_throttled_service_loses_nobody(store: Store, frozen: Frozen) -> None:
    """A service that asks to be left alone is left alone, and then everyone gets it, in the same run."""
    service = Service(answers={1: later("0.2"), 3: later("0.1")})
    begin = time.monotonic()
    deliver(store, frozen, service, stop_after=2)
    assert time.monotonic() - begin >= 0.3
    assert service.written_to() == EACH_ONCE
    assert len(service.requests) == 5


def test_service_that_wants_to_be_left_alone_for_long(store: Store, frozen: Frozen) -> None:
    """Nobody waits for hours in front of a program: the run ends, says so, and everyone stays queued."""
    with pytest.raises(ProviderError, match="left alone for 60 minutes"):
        deliver(store, frozen, Service(answers={1: later("3600")}), stop_after=9)
    assert states_of(store, frozen) == "qqqqq"


def test_all_that_fail_together_are_one_failure(store: Store, frozen: Frozen) -> None:
    """When every thread meets the same trouble, that is one request in vain and not as many as there are threads."""
    service = Service(concurrency=3, answers=dict.fromkeys(range(1, 4), later("0")))
    deliver(store, frozen, service, stop_after=2)
    assert service.written_to() == EACH_ONCE


@pytest.mark.parametrize("idempotent", [True, False])
def test_connection_refused(store: Store, frozen: Frozen, *, idempotent: bool) -> None:
    """Where nobody listens, nothing can have left: everyone stays queued, and the next run sends."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can have the port
        service = Service(idempotent=idempotent, url=f"http://127.0.0.1:{taken.getsockname()[1]}/")
        service.transport = None
        with pytest.raises(ProviderError, match="Connection refused") as caught:
            deliver(store, frozen, service)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert states_of(store, frozen) == "qqqqq"
    again = Service(idempotent=idempotent)
    deliver(store, frozen, again)
    assert again.written_to() == EACH_ONCE


@pytest.mark.parametrize("error", [httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ConnectError])
def test_connection_lost_on_the_way(store: Store, frozen: Frozen, error: type[Exception]) -> None:
    """What never left is queued again, even where the service heeds no keys; what was sent before is sent."""
    service = Service(idempotent=False, answers={2: raises(error)})
    with pytest.raises(ProviderError, match="as told"):
        deliver(store, frozen, service)
    assert states_of(store, frozen) == "ssqqq"
    deliver(store, frozen, service)
    assert service.written_to() == EACH_ONCE


def too_few(_request: httpx.Request) -> httpx.Response:
    """Answer with a receipt too few."""
    return httpx.Response(200, json=[SENT])


def unreadable(_request: httpx.Request) -> httpx.Response:
    """Answer with what is no answer, so that our own reading of it fails in a way nobody foresaw."""
    return httpx.Response(200, text="<html>")


def server_error(_request: httpx.Request) -> httpx.Response:
    """Answer 500."""
    return httpx.Response(500)


AMBIGUOUS: list[tuple[Answer, type[BaseException]]] = [
    (raises(httpx.ReadTimeout), ProviderError),
    (raises(httpx.WriteTimeout), ProviderError),
    (raises(httpx.RemoteProtocolError), ProviderError),
    (server_error, ProviderError),
    (unreadable, ValueError),
    (too_few, ProviderError),
    (raises(KeyboardInterrupt), KeyboardInterrupt),  # as a second Ctrl-C does, in the middle
]


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(("answer", "error"), AMBIGUOUS)
def test_open_question_with_keys(
    store: Store, frozen: Frozen, answer: Answer, error: type[BaseException], *, accepted: bool
) -> None:
    """What may have been accepted is asked again with the same bytes under the same key, so all get it once."""
    service = Service()
    service.answers = {2: after_accepting(service, answer) if accepted else answer}
    with pytest.raises(error):
        deliver(store, frozen, service)
    assert store.deliveries.tally(frozen) == Tally(sent=2, queued=3)
    deliver(store, frozen, service)
    assert service.requests[1] == service.requests[2]
    assert service.written_to() == EACH_ONCE
    assert store.deliveries.tally(frozen) == Tally(sent=5)


def test_open_question_is_asked_again_in_the_same_run(store: Store, frozen: Frozen) -> None:
    """After a while the same run asks again; the others need not wait for a person."""
    service = Service()
    service.answers = {1: after_accepting(service, raises(httpx.ReadTimeout))}
    deliver(store, frozen, service, stop_after=2)
    assert service.requests[0] == service.requests[1]
    assert service.written_to() == EACH_ONCE
    assert store.deliveries.tally(frozen) == Tally(sent=5)


def test_open_question_that_stays_open_does_not_block_the_others(store: Store, frozen: Frozen) -> None:
    """A request whose repetitions tell nothing goes behind the others, who get theirs meanwhile."""
    service = Service()
    service.answers = {
        1: after_accepting(service, raises(httpx.ReadError)),
        **dict.fromkeys((2, 3, 4), dislikes("ann")),
    }
    deliver(store, frozen, service, stop_after=5)
    places = [service.requests.index(request) for request in service.requests]
    assert places == [0, 0, 0, 0, 4, 5, 0]
    assert service.written_to() == EACH_ONCE
    assert states_of(store, frozen) == "sssss"


def test_trouble_says_what_follows(store: Store, frozen: Frozen) -> None:
    """What cannot be tried again is not said to be: those in doubt are named so, and one who is refused."""
    service = Service(idempotent=False, answers={1: server_error, **dict.fromkeys(range(2, 6), dislikes("eve"))})
    told: list[Step] = []
    deliver(store, frozen, service, stop_after=9, told=told)
    ends = [step.trouble.rpartition("; ")[2] for step in told if step.trouble]
    assert ends == ["its 2 readers are in doubt", "its one reader is refused"]


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(("answer", "error"), AMBIGUOUS)
def test_open_question_without_keys(
    store: Store, frozen: Frozen, answer: Answer, error: type[BaseException], *, accepted: bool
) -> None:
    """Without keys it is never asked again: those readers are in doubt, and the others get it once."""
    service = Service(idempotent=False)
    service.answers = {2: after_accepting(service, answer) if accepted else answer}
    with pytest.raises(error):
        deliver(store, frozen, service)
    deliver(store, frozen, service)
    assert store.deliveries.tally(frozen) == Tally(sent=3, in_doubt=2)
    assert len(service.requests) == 3
    assert max(service.written_to().values()) == 1
    reasons = [line.reason for line in store.deliveries.lines(frozen) if line.state is State.IN_DOUBT]
    assert all(reasons)


def test_batch_in_doubt_does_not_block_the_others(store: Store, frozen: Frozen) -> None:
    """The same run goes on with the next batch."""
    service = Service(idempotent=False, answers={1: raises(httpx.ReadTimeout)})
    deliver(store, frozen, service, stop_after=2)
    assert states_of(store, frozen) == "iisss"


def test_service_that_confirms_nothing(store: Store, frozen: Frozen) -> None:
    """A service that may have taken all of it is not said to have taken nothing."""
    with pytest.raises(ProviderError, match=r"service confirmed nothing: .*500"):
        deliver(store, frozen, Service(answers={1: server_error}))


def test_open_question_and_then_no_connection(store: Store, frozen: Frozen) -> None:
    """What may have left once is never queued anew, however often it cannot be reached: its key and bytes stay."""
    service = Service()
    service.answers = {
        1: after_accepting(service, raises(httpx.ReadTimeout)),
        2: raises(httpx.ConnectError),
    }
    for _ in range(2):
        with pytest.raises(ProviderError, match="as told"):
            deliver(store, frozen, service)
    deliver(store, frozen, service)
    assert service.requests[0] == service.requests[1] == service.requests[2]
    assert service.written_to() == EACH_ONCE


@pytest.mark.parametrize("later", [timedelta(minutes=55), timedelta(days=300), timedelta(seconds=-1)])
def test_key_that_has_outlived_its_life(store: Store, frozen: Frozen, later: timedelta) -> None:
    """A key that the service may have forgotten, or whose age a clock that was put back hides, is never used again."""
    service = Service(answers={1: raises(httpx.ReadTimeout)})
    with pytest.raises(ProviderError):
        deliver(store, frozen, service)
    deliver(store, frozen, service, now=NOW + later)
    assert states_of(store, frozen) == "iisss"
    assert len(service.requests) == 3


def test_reader_changed_while_a_question_was_open(store: Store, frozen: Frozen) -> None:
    """Where the same bytes cannot be built again, the batch is in doubt rather than sent in another form."""
    service = Service(answers={1: raises(httpx.ReadTimeout)})
    with pytest.raises(ProviderError):
        deliver(store, frozen, service)
    changed = Newcomer(email="ann@example.org", name="Ann", consent=Consent(source="test"))
    list(store.subscribers.put([changed], now=NOW))
    deliver(store, frozen, service)
    assert states_of(store, frozen) == "iisss"


class Unwritable(Service):
    """A provider that cannot put a batch in its service's words."""

    def build_request(self, batch: Batch) -> httpx.Request:
        """Refuse."""
        msg = f"message {batch.number} cannot be written"
        raise ContentError(msg)


@pytest.mark.parametrize("idempotent", [True, False])
def test_message_that_cannot_be_written(store: Store, frozen: Frozen, *, idempotent: bool) -> None:
    """A fault before the request exists leaves everyone queued, never in doubt."""
    with pytest.raises(ContentError, match="message 1"):
        deliver(store, frozen, Unwritable(idempotent=idempotent))
    assert states_of(store, frozen) == "qqqqq"
    deliver(store, frozen, Service(idempotent=idempotent))
    assert store.deliveries.tally(frozen) == Tally(sent=5)


class Refusing(Service):
    """A provider whose key was taken from it."""

    def read_response(self, batch: Batch, response: httpx.Response) -> NoReturn:
        """Refuse as a whole."""
        del batch, response
        msg = "the key is not valid any more"
        raise ProviderError(msg)


@pytest.mark.parametrize("idempotent", [True, False])
def test_service_that_refuses_as_a_whole(store: Store, frozen: Frozen, *, idempotent: bool) -> None:
    """The run ends at once, and nobody is refused or in doubt for a fault that is not theirs."""
    service = Refusing(idempotent=idempotent)
    with pytest.raises(ProviderError, match="not valid any more"):
        deliver(store, frozen, service, stop_after=9)
    assert len(service.requests) == 1
    assert states_of(store, frozen) == "qqqqq"


def test_reader_who_leaves_meanwhile(store: Store, frozen: Frozen) -> None:
    """A batch of which nobody is left is no request."""
    store.subscribers.leave("eve@example.org", now=NOW)
    service = Service()
    assert deliver(store, frozen, service) == [2, 2]
    assert states_of(store, frozen) == "sssss"
    assert store.deliveries.tally(frozen) == Tally(sent=4, skipped=1)


def test_orderly_end(store: Store, frozen: Frozen) -> None:
    """Asked to stop, the run finishes what is in flight and begins nothing new; run again, it goes on from there."""
    stopping = Event()

    def stop(request: httpx.Request) -> httpx.Response:
        stopping.set()
        return all_sent(request)

    service = Service(answers={2: stop})
    assert deliver(store, frozen, service, stopping=stopping) == [2, 2]
    assert states_of(store, frozen) == "ssssq"
    deliver(store, frozen, service)
    assert service.written_to() == EACH_ONCE


def test_stop_does_not_wait_for_a_service_that_asks_to_be_left_alone(store: Store, frozen: Frozen) -> None:
    """However long the service wants to be left alone, a request to stop is heeded at once."""
    stopping = Event()
    service = Service(answers={1: later("600")})
    Timer(0.05, stopping.set).start()
    assert deliver(store, frozen, service, stop_after=9, stopping=stopping) == []
    assert states_of(store, frozen) == "qqqqq"


@pytest.mark.parametrize("decide", [lambda store, frozen: store.mailings.turn(frozen, Course.PAUSED), None])
def test_paused_or_cancelled_on_the_way(
    store: Store, frozen: Frozen, decide: Callable[[Store, Frozen], object] | None
) -> None:
    """What is in flight is finished; after that, nothing leaves."""
    service = Service()

    def decided(step: Step) -> None:
        if step.settled and decide:
            decide(store, frozen)
        elif step.settled:
            store.ledger.cancel(frozen, now=NOW)

    with store.claims(frozen) as claims:
        Engine(claims=claims, provider=service, now=lambda: NOW, report=decided, stop_after=1).deliver()
    assert len(service.requests) == 1
    assert states_of(store, frozen) == ("ssqqq" if decide else "sssss")
    assert store.deliveries.tally(frozen) == (Tally(sent=2, queued=3) if decide else Tally(sent=2, skipped=3))


def test_causes_are_kept(store: Store, frozen: Frozen) -> None:
    """Each failure says what it came from."""
    with pytest.raises(DigestError) as caught:
        deliver(store, frozen, Service(answers={1: raises(httpx.ReadTimeout)}))
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
