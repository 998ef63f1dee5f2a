"""The engine, with a real store and real requests: whatever goes wrong, nobody is written to twice and all is said."""

from __future__ import annotations

import json
import socket
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import httpx
import pytest

from digest.errors import ContentError, DigestError, IncompleteError, ProviderError
from digest.model import Address, Edition, Newcomer, Pattern, Plan, Receipt, State, Tally
from digest.providers import Limits
from digest.sending import Engine
from digest.store import Frozen, Store, open_store

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
    answers: Mapping[int, Answer] = field(default_factory=dict)
    """What it answers to the request of that number, from 1; to the others it says that all is sent."""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    """The key and the body of each request that has reached it."""
    taken: dict[str, bytes] = field(default_factory=dict)
    """The bodies that it has accepted, by key where it heeds keys."""
    transport: httpx.BaseTransport | None = None

    def __post_init__(self) -> None:
        self.limits = Limits(messages=2, idempotent=self.idempotent, inline_images=True)
        self.transport = httpx.MockTransport(self.handle)

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return the addresses, in JSON."""
        emails = [message.to.email for message in batch.messages()]
        return httpx.Request("POST", self.url, json=[*emails, batch.at.isoformat()], headers={"Key": batch.key})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Read a state for each reader."""
        if response.is_error:
            msg = f"{self.name} answered {response.status_code}"
            raise ProviderError(msg)
        del batch
        return [Receipt(state=State(state), reason="as told") for state in response.json()]

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> NoReturn:
        """Refuse: there are none."""
        raise NotImplementedError

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Take a request in, and answer."""
        key = request.headers["Key"]
        self.requests.append((key, request.content))
        answer = self.answers.get(len(self.requests), all_sent)
        response = answer(request)
        self.accept(key, request.content)
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
def store() -> Iterator[Store]:
    """Return a store with five readers, three requests of `Service`."""
    newcomers = [Newcomer(email=f"{name}@example.org", source="test") for name in ("ann", "bob", "cyd", "dan", "eve")]
    with open_store("sqlite://") as opened:
        list(opened.subscribers.put(newcomers, now=NOW))
        yield opened


@pytest.fixture
def frozen(store: Store) -> Frozen:
    """Return an edition that was frozen for the five."""
    plan = Plan(edition=EDITION, provider="service", audience=store.subscribers.audience(), batch_size=2)
    return store.ledger.freeze(plan, now=NOW)


def deliver(store: Store, frozen: Frozen, service: Service) -> list[int]:
    """Run the engine once, and return what it reported."""
    told: list[int] = []
    Engine(ledger=store.ledger, provider=service, frozen=frozen, now=lambda: NOW, report=told.append).deliver()
    return told


def states_of(store: Store, frozen: Frozen) -> str:
    """Return the first letters of the five readers' states."""
    return "".join(delivery.state.value[0] for delivery in store.ledger.deliveries(frozen))


EACH_ONCE = Counter(["ann", "bob", "cyd", "dan", "eve"])


def test_everyone_is_written_to_once(store: Store, frozen: Frozen) -> None:
    """All goes well: each batch is one request, and is told of; a second run posts nothing."""
    service = Service()
    assert deliver(store, frozen, service) == [2, 2, 1]
    assert deliver(store, frozen, service) == []
    assert service.written_to() == EACH_ONCE
    assert store.ledger.tally(frozen) == Tally(sent=5)


def test_keys_differ(store: Store, frozen: Frozen) -> None:
    """Each batch has a key of its own."""
    service = Service()
    deliver(store, frozen, service)
    assert len({key for key, _ in service.requests}) == 3


def test_refused_reader_among_many(store: Store, frozen: Frozen) -> None:
    """Who is refused for good is not asked again, and the others of the batch are sent."""
    service = Service(answers={2: states(REFUSED, SENT)})
    deliver(store, frozen, service)
    deliver(store, frozen, service)
    assert states_of(store, frozen) == "ssrss"
    assert len(service.requests) == 3
    assert [delivery.reason for delivery in store.ledger.deliveries(frozen)][2] == "as told"


def test_reader_to_be_tried_again(store: Store, frozen: Frozen) -> None:
    """Who is to be tried again waits for the next run, and is then written to alone."""
    service = Service(answers={1: states(SENT, QUEUED)})
    deliver(store, frozen, service)
    assert states_of(store, frozen) == "sqsss"
    deliver(store, frozen, service)
    assert states_of(store, frozen) == "sssss"
    assert json.loads(service.requests[-1][1])[:-1] == ["bob@example.org"]


def test_service_that_takes_nothing(store: Store, frozen: Frozen) -> None:
    """Where a whole batch is to be tried again, the others need not be tried now; nothing was sent, and it says so."""
    service = Service(answers={1: states(QUEUED, QUEUED)})
    with pytest.raises(ProviderError, match="took nothing: as told") as caught:
        deliver(store, frozen, service)
    assert "Nothing was sent" in caught.value.hint
    assert len(service.requests) == 1
    deliver(store, frozen, service)
    assert store.ledger.tally(frozen) == Tally(sent=5)


def test_service_that_takes_nothing_more(store: Store, frozen: Frozen) -> None:
    """After some were sent, it is an incomplete send."""
    with pytest.raises(IncompleteError, match="took nothing"):
        deliver(store, frozen, Service(answers={2: states(QUEUED, QUEUED)}))
    assert states_of(store, frozen) == "ssqqq"


@pytest.mark.parametrize("idempotent", [True, False])
def test_connection_refused(store: Store, frozen: Frozen, *, idempotent: bool) -> None:
    """Where nobody listens, nothing can have left: everyone stays queued, and the next run sends."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can have the port
        service = Service(idempotent=idempotent, url=f"http://127.0.0.1:{taken.getsockname()[1]}/")
        service.transport = None
        with pytest.raises(ProviderError, match="service cannot be reached"):
            deliver(store, frozen, service)
    assert states_of(store, frozen) == "qqqqq"
    again = Service(idempotent=idempotent)
    deliver(store, frozen, again)
    assert again.written_to() == EACH_ONCE


@pytest.mark.parametrize("error", [httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ConnectError])
def test_connection_lost_on_the_way(store: Store, frozen: Frozen, error: type[Exception]) -> None:
    """What never left is queued again, even where the service heeds no keys; what was sent before is sent."""
    service = Service(idempotent=False, answers={2: raises(error)})
    with pytest.raises(IncompleteError, match="cannot be reached"):
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
    (raises(httpx.ReadTimeout), IncompleteError),
    (raises(httpx.WriteTimeout), IncompleteError),
    (raises(httpx.RemoteProtocolError), IncompleteError),
    (server_error, IncompleteError),
    (unreadable, ValueError),
    (too_few, ValueError),
    (raises(KeyboardInterrupt), KeyboardInterrupt),  # as Ctrl-C does, in the middle
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
    assert store.ledger.tally(frozen) == Tally(sent=2, queued=3)
    deliver(store, frozen, service)
    assert service.requests[1] == service.requests[2]
    assert service.written_to() == EACH_ONCE
    assert store.ledger.tally(frozen) == Tally(sent=5)


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
    assert store.ledger.tally(frozen) == Tally(sent=3, in_doubt=2)
    assert len(service.requests) == 3
    assert max(service.written_to().values()) == 1
    reasons = [line.reason for line in store.ledger.deliveries(frozen) if line.state is State.IN_DOUBT]
    assert all(reasons)


def test_open_question_and_then_no_connection(store: Store, frozen: Frozen) -> None:
    """What may have left once is never queued anew, however often it cannot be reached: its key and bytes stay."""
    service = Service()
    service.answers = {
        1: after_accepting(service, raises(httpx.ReadTimeout)),
        2: raises(httpx.ConnectError),
    }
    with pytest.raises(IncompleteError, match="left open"):
        deliver(store, frozen, service)
    with pytest.raises(IncompleteError, match="cannot be reached"):
        deliver(store, frozen, service)
    deliver(store, frozen, service)
    assert service.requests[0] == service.requests[1] == service.requests[2]
    assert service.written_to() == EACH_ONCE


def test_reader_changed_while_a_question_was_open(store: Store, frozen: Frozen) -> None:
    """Where the same bytes cannot be built again, the batch is in doubt rather than sent in another form."""
    service = Service(answers={1: raises(httpx.ReadTimeout)})
    with pytest.raises(IncompleteError):
        deliver(store, frozen, service)
    list(store.subscribers.put([Newcomer(email="ann@example.org", name="Ann", source="test")], now=NOW))
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
    assert [*store.ledger.queued(frozen)] == [1, 2, 3]


def test_reader_who_leaves_meanwhile(store: Store, frozen: Frozen) -> None:
    """A batch of which nobody is left is no request."""
    store.subscribers.leave("eve@example.org", now=NOW)
    service = Service()
    assert deliver(store, frozen, service) == [2, 2]
    assert states_of(store, frozen) == "sssss"
    assert store.ledger.tally(frozen) == Tally(sent=4, skipped=1)


def test_causes_are_kept(store: Store, frozen: Frozen) -> None:
    """Each failure says what it came from."""
    with pytest.raises(DigestError) as caught:
        deliver(store, frozen, Service(answers={1: raises(httpx.ReadTimeout)}))
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
