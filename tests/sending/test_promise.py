"""The first promise, against a model: whatever happens and in whatever order, nobody is written to twice or forgotten."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fickle_service import SLOW, KilledError, Moment, Service, Weather
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from digest.errors import IncompleteError, ProviderError
from digest.model import Address, Consent, Edition, Newcomer, Pattern, Plan, Receipt, Standing, State, Tally
from digest.segments import parse_segment
from digest.sending import Engine, Step
from digest.sending.asking import ask
from digest.store import Course, open_store
from digest.store.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.model import Batch, Delivery
    from digest.store import Claims, Frozen

PRO = parse_segment("tag:pro", fields=(), timezone=UTC)
WHICH = st.integers(0, 99)
"""Chooses one of however many there are."""
PLACES = st.frozensets(st.integers(0, 2))
FORECAST = st.lists(st.builds(Moment, st.sampled_from(Weather), PLACES), max_size=6)
GONE = st.sampled_from([Standing.LEFT, Standing.BOUNCED, Standing.COMPLAINED])


def _edition(slug: str, subject: str) -> Edition:
    return Edition(
        slug=slug,
        sender=Address(email="editor@example.org"),
        reply_to=None,
        subject=Pattern.of_text(subject),
        html=Pattern.of_html("<p>Hello</p>"),
        text=Pattern.of_text("Hello"),
        headers={},
    )


@dataclass(kw_only=True)
class Expected:
    """What must be true of a mailing, however it goes."""

    slug: str
    readers: set[str]
    for_pros: bool
    subjects: list[tuple[datetime, str]]
    """What it says, and since when."""
    cancelled: bool = False
    paused: bool = False
    said_to_be_sent: set[str] = field(default_factory=set)
    """Those in doubt of whom a person said that they got it."""
    sent_again: Counter[str] = field(default_factory=Counter)
    """How often a person had it sent to a reader again who was in doubt."""

    def subject(self, moment: datetime) -> str:
        """Return what it said at a moment."""
        return next(subject for since, subject in reversed(self.subjects) if since <= moment)


class Newsroom(RuleBasedStateMachine):
    """A list, some mailings of it, and a service; each step is one that a person, a reader or the weather takes."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._store = self._stack.enter_context(open_store("sqlite://"))
        self._clock = datetime(2026, 11, 24, 9, tzinfo=UTC)
        self._service = Service(now=self._now, heeds_keys=True)
        self._readers: dict[str, bool] = {}
        """Everyone who may be written to, and whether they are pros."""
        self._gone: dict[str, datetime] = {}
        """Everyone who may not be written to any more, and since when."""
        self._mailings: list[Expected] = []

    def _now(self) -> datetime:
        return self._clock

    def _frozen(self, which: int) -> tuple[Expected, Frozen]:
        self._clock += timedelta(seconds=1)
        expected = self._mailings[which % len(self._mailings)]
        return expected, self._store.mailings.get(expected.slug)

    @initialize(heeds_keys=st.booleans(), pros=st.lists(st.booleans(), min_size=1, max_size=6))
    def begin(self, *, heeds_keys: bool, pros: list[bool]) -> None:
        """A list of readers, and a service."""
        self._service = Service(now=self._now, heeds_keys=heeds_keys)
        self.join(pros)

    # Readers

    @rule(pros=st.lists(st.booleans(), min_size=1, max_size=3))
    def join(self, pros: list[bool]) -> None:
        """Some readers are imported."""
        known = len(self._readers) + len(self._gone)
        for number, pro in enumerate(pros, start=known):
            self._readers[f"reader{number:02}@example.org"] = pro
            self._put(f"reader{number:02}@example.org", pro=pro)

    def _put(self, email: str, *, name: str = "", pro: bool = False) -> None:
        newcomer = Newcomer(email=email, name=name, tags=("pro",) if pro else (), consent=Consent(source="test"))
        list(self._store.subscribers.put([newcomer], now=self._clock))

    @precondition(lambda self: self._readers)
    @rule(which=WHICH, standing=GONE)
    def leave(self, which: int, standing: Standing) -> None:
        """A reader leaves, bounces or complains; and an import does not bring them back."""
        self._clock += timedelta(seconds=1)
        email = [*self._readers][which % len(self._readers)]
        del self._readers[email]
        self._gone[email] = self._clock
        assert self._store.subscribers.stand(email, standing, reason="test", now=self._clock)
        self._put(email)

    @precondition(lambda self: self._readers)
    @rule(which=WHICH)
    def rename(self, which: int) -> None:
        """A reader is known by another name from now on."""
        self._clock += timedelta(seconds=1)
        self._put([*self._readers][which % len(self._readers)], name=f"Name of {self._clock:%H:%M:%S}")

    # Mailings

    @precondition(lambda self: len(self._mailings) < 3)
    @rule(batch_size=st.integers(1, 3), for_pros=st.booleans())
    def freeze(self, batch_size: int, *, for_pros: bool) -> None:
        """A mailing is begun, for everyone or for a segment."""
        self._clock += timedelta(seconds=1)
        slug, segment = f"issue-{len(self._mailings)}", PRO if for_pros else None
        plan = Plan(
            edition=_edition(slug, slug),
            provider="fickle",
            audience=self._store.audiences.measure(segment),
            batch_size=batch_size,
        )
        self._store.ledger.freeze(plan, now=self._clock, segment=segment)
        subjects = [(self._clock, slug)]
        readers = self._audience(for_pros=for_pros)
        self._mailings.append(Expected(slug=slug, readers=readers, for_pros=for_pros, subjects=subjects))

    def _audience(self, *, for_pros: bool) -> set[str]:
        return {email for email, pro in self._readers.items() if pro or not for_pros}

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH, forecast=FORECAST)
    def send(self, which: int, forecast: list[Moment]) -> None:
        """A process sends, as long as it lives."""
        expected, frozen = self._frozen(which)
        self._deliver(frozen, forecast)
        assert not (expected.paused or expected.cancelled) or self._clock not in self._moments(expected)

    def _moments(self, expected: Expected) -> set[datetime]:
        return {one.claimed_at for one in self._service.accepted if one.slug == expected.slug}

    def _deliver(self, frozen: Frozen, forecast: Sequence[Moment] = ()) -> None:
        self._service.forecast = deque(forecast)
        patience = 1 if any(moment.weather in SLOW for moment in forecast) else 3
        with suppress(ProviderError, KilledError), self._store.claims(frozen) as claims:
            Engine(
                claims=claims,
                provider=self._service,
                now=self._now,
                report=self._report,
                stop_after=patience,
            ).deliver()

    def _report(self, step: Step) -> None:
        del step
        if self._service.dying:
            self._service.dying = False
            raise KilledError

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH, reached=st.lists(st.builds(Moment, st.sampled_from(Weather), PLACES) | st.none(), max_size=3))
    def crash(self, which: int, reached: list[Moment | None]) -> None:
        """A process dies with several requests under way, of which some reach the service."""
        _, frozen = self._frozen(which)
        with self._store.claims(frozen) as claims:
            for moment in reached:
                batch = claims.claim(now=self._clock)
                if batch and moment:
                    self._service.act(self._service.build_request(batch), moment)

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH, paused=st.booleans())
    def turn(self, which: int, *, paused: bool) -> None:
        """Somebody pauses a mailing, or lets it go on."""
        expected, frozen = self._frozen(which)
        expected.paused = paused
        self._store.mailings.turn(frozen, Course.PAUSED if paused else Course.OPEN)

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        """Somebody ends a mailing."""
        expected, frozen = self._frozen(which)
        expected.cancelled = True
        self._store.ledger.cancel(frozen, now=self._clock)

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH)
    def retry(self, which: int) -> None:
        """Somebody lets those be tried again who were refused."""
        _, frozen = self._frozen(which)
        refused = self._store.deliveries.tally(frozen).refused
        assert self._store.ledger.retry(frozen) == refused

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH)
    def amend(self, which: int) -> None:
        """A mailing says something else from now on."""
        expected, _ = self._frozen(which)
        subject = f"{expected.slug} of {self._clock:%H:%M:%S}"
        expected.subjects.append((self._clock, subject))
        self._store.mailings.amend(_edition(expected.slug, subject), now=self._clock)

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH)
    def send_to_new(self, which: int) -> None:
        """Those are added who joined since a mailing was begun."""
        expected, frozen = self._frozen(which)
        newcomers = self._audience(for_pros=expected.for_pros) - expected.readers
        expected.readers |= newcomers
        assert self._store.ledger.extend(frozen, PRO if expected.for_pros else None) == len(newcomers)

    @rule(minutes=st.sampled_from([3, 10, 50, 70]))
    def wait(self, minutes: int) -> None:
        """Time passes: the log is complete, keys come near the end of their lives, and pass it."""
        self._clock += timedelta(minutes=minutes)

    # Doubts

    @precondition(lambda self: self._mailings)
    @rule(which=WHICH, state=st.sampled_from([State.SENT, State.QUEUED, None]), dies_after=st.integers(0, 3))
    def resolve(self, which: int, state: State | None, dies_after: int) -> None:
        """Somebody says that those in doubt got it, or are to get it again, or asks the service; or dies over it."""
        expected, frozen = self._frozen(which)
        with suppress(IncompleteError), self._store.claims(frozen) as claims:
            for number, batch in enumerate(claims.reopen()):
                if number == dies_after:
                    break
                self._settle(expected, claims, batch, state)

    def _settle(self, expected: Expected, claims: Claims, batch: Batch, state: State | None) -> None:
        try:
            receipts = self._receipts(batch, state)
        except IncompleteError:
            claims.doubt(batch, reason="", now=self._clock)
            raise
        if state is State.SENT:
            expected.said_to_be_sent.update(batch.readers.emails)
        if state is State.QUEUED:
            expected.sent_again.update(batch.readers.emails)
        if all(receipt.state is State.QUEUED for receipt in receipts):
            claims.release(batch)
        else:
            claims.settle(batch, receipts, now=self._clock)

    def _receipts(self, batch: Batch, state: State | None) -> Sequence[Receipt]:
        if state:
            return [Receipt(state=state)] * len(batch.readers)
        return ask(batch, self._service, now=self._clock)

    # What must be true after each step

    def _standing(self) -> Iterator[tuple[Expected, Frozen, dict[str, Delivery]]]:
        for expected in self._mailings:
            frozen = self._store.mailings.get(expected.slug)
            lines = [*self._store.deliveries.lines(frozen)]
            assert sorted(line.email for line in lines) == sorted(expected.readers)
            yield expected, frozen, {line.email: line for line in lines}

    @invariant()
    def everyone_has_one_line(self) -> None:
        """Nobody is forgotten: each reader stands somewhere, and once, and the tally is their sum."""
        for _, frozen, lines in self._standing():
            states = [line.state for line in lines.values()]
            assert self._store.deliveries.tally(frozen) == Tally(
                **{state.value: states.count(state) for state in State}
            )

    @invariant()
    def nobody_is_written_to_twice(self) -> None:
        """Only a person may take that upon themselves."""
        written_to = self._service.written_to()
        for expected in self._mailings:
            for email in expected.readers:
                assert written_to[expected.slug, email] <= 1 + expected.sent_again[email]

    @invariant()
    def what_is_said_is_true(self) -> None:
        """Whoever is called sent was accepted, whoever is called refused was refused, and whoever is skipped has left."""
        written_to = self._service.written_to()
        for expected, _, lines in self._standing():
            for email, line in lines.items():
                written = written_to[expected.slug, email] or email in expected.said_to_be_sent
                assert line.state is not State.SENT or written
                assert line.state is not State.REFUSED or (expected.slug, email) in self._service.refused
                assert line.state is not State.SKIPPED or expected.cancelled or email in self._gone

    @invariant()
    def whoever_was_written_to_is_known_to_be(self) -> None:
        """They are sent, or in doubt, or would be written to under the same key alone."""
        for expected, frozen, lines in self._standing():
            claimed = self._claimed(frozen)
            for one in self._service.accepted:
                if one.slug == expected.slug and not expected.sent_again[one.reader]:
                    known = lines[one.reader].state in {State.SENT, State.IN_DOUBT}
                    assert known or one.key == claimed.get(one.reader)

    def _claimed(self, frozen: Frozen) -> dict[str, str]:
        """Return the keys of those who are in a claimed batch."""
        query = "select readers, key from batches where mailing_id = :mailing and state = 'claimed'"
        rows = self._store.subscribers._database.fetch_all(query, mailing=frozen.id)
        keys = {number: key for packed, key in rows for number in unpack(packed)}
        return {email: keys[number] for number, email in self._store.subscribers.emails([*keys]).items()}

    @invariant()
    def only_those_who_stayed_are_written_to(self) -> None:
        """Nobody who had gone when their batch was claimed; and everyone gets what the mailing said at that moment."""
        mailings = {expected.slug: expected for expected in self._mailings}
        for one in self._service.accepted:
            assert one.reader not in self._gone or one.claimed_at < self._gone[one.reader]
            assert one.reader in mailings[one.slug].readers
            assert one.subject == mailings[one.slug].subject(one.claimed_at)

    def teardown(self) -> None:
        """In fair weather everyone is settled in the end, and those in doubt by a word."""
        for which, expected in enumerate(self._mailings):
            self.turn(which, paused=False)
            self.send(which, [])
            self.wait(70)
            self.send(which, [])
            self.resolve(which, State.SENT, dies_after=99)
            tally = self._store.deliveries.tally(self._store.mailings.get(expected.slug))
            assert tally.queued == tally.in_doubt == 0
        self.everyone_has_one_line()
        self.nobody_is_written_to_twice()
        self.what_is_said_is_true()
        self.whoever_was_written_to_is_known_to_be()
        self.only_those_who_stayed_are_written_to()
        self._stack.close()


def test_nobody_is_written_to_twice_or_forgotten() -> None:
    """Imports, leaves, freezes, sends in any weather, kills, cancels, retries, amendments and doubts in any order."""
    run_state_machine_as_test(
        Newsroom,
        settings=settings(max_examples=100, stateful_step_count=40, deadline=None, derandomize=True),
    )
