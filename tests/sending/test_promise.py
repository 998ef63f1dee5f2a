"""The first promise, against a model: whatever happens in whatever order, nobody gets it twice, or is forgotten."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest
from expectations import Expected, Found
from fickle_service import BAD_LINE, KILLS, MOODS, SLOW, KilledError, Moment, Service, Weather, any_weather
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
from digest.model import Address, Consent, Edition, Newcomer, Pattern, Plan, Receipt, Standing, State
from digest.segments import parse_segment
from digest.sending import Engine, Step
from digest.sending.asking import ask
from digest.store import Course, open_store
from digest.store.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from digest.model import Batch
    from digest.store import Claims, Frozen

PRO = parse_segment("tag:pro", fields=(), timezone=UTC)
WHICH = st.integers(0, 99)
"""Chooses one of however many there are."""
CHANCE = st.randoms(use_true_random=True)
"""Makes the weather: drawn from one seed it varies more than what hypothesis would draw piece by piece."""
SIZES = st.integers(1, 3)
DECISIONS = ("retry", "amend", "to new", "pause", "open", "retry", "amend", "to new", "open", "open", "cancel")


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


class Newsroom(RuleBasedStateMachine):
    """A list, some mailings of it, and a service; each step is one that a person, a reader or the weather takes."""

    heeds_keys: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._store = self._stack.enter_context(open_store("sqlite://"))
        self._clock = datetime(2026, 11, 24, 9, tzinfo=UTC)
        self._service = Service(now=self._now, heeds_keys=self.heeds_keys)
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

    @initialize(pros=st.lists(st.booleans(), min_size=4, max_size=12), batch_size=SIZES)
    def begin(self, pros: list[bool], batch_size: int) -> None:
        """A list of readers, and a first mailing."""
        self.join(pros)
        self.freeze(batch_size, for_pros=False)

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

    @rule(chance=CHANCE)
    def change(self, chance: Random) -> None:
        """Some readers have other names; some leave, bounce or complain, and an import does not bring them back."""
        self._clock += timedelta(seconds=1)
        for email in [*self._readers]:
            if chance.random() < 1 / 10:
                standing = chance.choice([Standing.LEFT, Standing.BOUNCED, Standing.COMPLAINED])
                assert self._store.subscribers.stand(email, standing, reason="test", now=self._clock)
                del self._readers[email]
                self._gone[email] = self._clock
            if chance.random() < 1 / 5:
                self._put(email, name=f"Name of {self._clock:%H:%M:%S}")

    # Mailings

    @precondition(lambda self: len(self._mailings) < 3)
    @rule(batch_size=SIZES, for_pros=st.booleans())
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

    @rule(which=WHICH, chance=CHANCE)
    def send_on_a_bad_line(self, which: int, chance: Random) -> None:
        """Some processes send, one after another, and what goes wrong lies between them and the service."""
        self._send(which, chance, BAD_LINE)

    @rule(which=WHICH, chance=CHANCE)
    def send_to_a_moody_service(self, which: int, chance: Random) -> None:
        """Some processes send, and the service does not take everyone."""
        self._send(which, chance, MOODS)

    @rule(which=WHICH, chance=CHANCE)
    def send_and_be_killed(self, which: int, chance: Random) -> None:
        """Some processes send, and do not live long."""
        self._send(which, chance, KILLS)

    def _send(self, which: int, chance: Random, kinds: Sequence[Weather]) -> None:
        """Send until the process dies, has enough of it, or is asked to stop; two or three times."""
        for _ in range(chance.randint(2, 3)):
            expected, frozen = self._frozen(which)
            self._deliver(frozen, [any_weather(chance, kinds) for _ in range(chance.randint(1, 3))])
            assert not (expected.paused or expected.cancelled) or self._clock not in self._moments(expected)

    def _moments(self, expected: Expected) -> set[datetime]:
        return {one.claimed_at for one in self._service.accepted if one.slug == expected.slug}

    def _deliver(self, frozen: Frozen, forecast: Sequence[Moment]) -> None:
        stopping = self._service.expect(forecast)
        patience = 1 if any(moment.weather in SLOW for moment in forecast) else 3
        with suppress(ProviderError, KilledError), self._store.claims(frozen) as claims:
            Engine(
                claims=claims,
                provider=self._service,
                now=self._now,
                report=self._report,
                stop_after=patience,
                stopping=stopping,
            ).deliver()

    def _send_in_fair_weather(self, which: int) -> None:
        _, frozen = self._frozen(which)
        self._deliver(frozen, [])

    def _report(self, step: Step) -> None:
        del step
        if self._service.dying:
            self._service.dying = False
            raise KilledError

    @rule(which=WHICH, chance=CHANCE)
    def crash(self, which: int, chance: Random) -> None:
        """A process dies with several requests under way, of which some reach the service."""
        _, frozen = self._frozen(which)
        with self._store.claims(frozen) as claims:
            for _ in range(chance.randint(1, 3)):
                batch = claims.claim(now=self._clock)
                if batch and chance.random() < 0.5:
                    self._service.act(self._service.build_request(batch), any_weather(chance, MOODS))

    @rule(which=WHICH, chance=CHANCE)
    def decide(self, which: int, chance: Random) -> None:
        """Somebody changes how a mailing goes on."""
        for decision in chance.sample(DECISIONS, 2):
            self._decide(which, decision)

    def _decide(self, which: int, decision: str) -> None:
        expected, frozen = self._frozen(which)
        match decision:
            case "pause" | "open":
                expected.paused = decision == "pause"
                self._store.mailings.turn(frozen, Course.PAUSED if expected.paused else Course.OPEN)
            case "cancel":
                expected.cancelled = True
                self._store.ledger.cancel(frozen, now=self._clock)
            case "retry":
                refused = self._store.deliveries.tally(frozen).refused
                assert self._store.ledger.retry(frozen) == refused
            case "amend":
                subject = f"{expected.slug} of {self._clock:%H:%M:%S}"
                expected.subjects.append((self._clock, subject))
                self._store.mailings.amend(_edition(expected.slug, subject), now=self._clock)
            case "to new":
                newcomers = self._audience(for_pros=expected.for_pros) - expected.readers
                expected.readers |= newcomers
                assert self._store.ledger.extend(frozen, PRO if expected.for_pros else None) == len(newcomers)

    @rule(minutes=st.sampled_from([3, 10, 50, 70]))
    def wait(self, minutes: int) -> None:
        """Time passes: the log is complete, keys come near the end of their lives, and pass it."""
        self._clock += timedelta(minutes=minutes)

    # Doubts

    @rule(which=WHICH, chance=CHANCE)
    def resolve(self, which: int, chance: Random) -> None:
        """Somebody says that those in doubt got it, or are to get it again, or asks the service; and may die."""
        self._resolve(which, chance.choice([State.SENT, State.QUEUED, None]), dies_after=chance.choice([0, 1, 2, 99]))

    def _resolve(self, which: int, state: State | None, dies_after: int) -> None:
        expected, frozen = self._frozen(which)
        with suppress(IncompleteError), self._store.claims(frozen) as claims:
            for number, (batch, since) in enumerate(claims.reopen()):
                if number == dies_after:
                    break
                self._settle(expected, claims, batch, since, state)

    def _settle(self, expected: Expected, claims: Claims, batch: Batch, since: datetime, state: State | None) -> None:
        try:
            receipts = self._receipts(batch, since, state)
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

    def _receipts(self, batch: Batch, since: datetime, state: State | None) -> Sequence[Receipt]:
        if state:
            return [Receipt(state=state)] * len(batch.readers)
        return ask(batch, self._service, since=since, now=self._clock)

    # What must be true after each step

    @invariant()
    def promise_is_kept(self) -> None:
        """Each mailing stands as the model says."""
        for expected in self._mailings:
            frozen = self._store.mailings.get(expected.slug)
            found = Found(
                lines=[*self._store.deliveries.lines(frozen)],
                tally=self._store.deliveries.tally(frozen),
                claimed=self._claimed(frozen),
                gone=self._gone,
            )
            expected.compare(found, self._service)

    def _claimed(self, frozen: Frozen) -> dict[str, str]:
        query = "select readers, key from batches where mailing_id = :mailing and state = 'claimed'"
        rows = self._store.subscribers._database.fetch_all(query, mailing=frozen.id)
        keys = {number: key for packed, key in rows for number in unpack(packed)}
        return {email: keys[number] for number, email in self._store.subscribers.emails([*keys]).items()}

    def teardown(self) -> None:
        """In fair weather everyone is settled in the end, and those in doubt by a word."""
        for which, expected in enumerate(self._mailings):
            self._decide(which, "open")
            self._send_in_fair_weather(which)
            self.wait(70)
            self._send_in_fair_weather(which)
            self._resolve(which, State.SENT, dies_after=99)
            tally = self._store.deliveries.tally(self._store.mailings.get(expected.slug))
            assert tally.queued == tally.in_doubt == 0
        self.promise_is_kept()
        self._stack.close()


class WithKeys(Newsroom):
    """The service takes two requests of one key for one."""

    heeds_keys = True


class WithoutKeys(Newsroom):
    """To the service each request is another one."""

    heeds_keys = False


@pytest.mark.parametrize("newsroom", [WithKeys, WithoutKeys])
def test_nobody_is_written_to_twice_or_forgotten(newsroom: type[Newsroom]) -> None:
    """Imports, leaves, freezes, sends in any weather, kills, cancels, retries, amendments and doubts in any order."""
    effort = settings(max_examples=50, stateful_step_count=25, derandomize=True)
    run_state_machine_as_test(newsroom, settings=effort)
