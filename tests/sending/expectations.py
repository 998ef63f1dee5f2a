"""A model of a mailing in plain values: what must be true of it, however it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.model import State, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fickle_service import Accepted, Service

    from digest.model import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a mailing stands in the store, and how its readers do on the list."""

    lines: Sequence[Delivery]
    tally: Tally
    claimed: Mapping[str, str]
    """The keys of those who are in a claimed batch."""
    gone: Mapping[str, datetime]
    """Everyone who may not be written to any more, and since when."""


@dataclass(kw_only=True)
class Expected:
    """What must be true of a mailing. Readers are called by their addresses."""

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

    def compare(self, found: Found, service: Service) -> None:
        """Each reader has one line, which says what is so; and what the service has accepted is what it should have."""
        accepted = [one for one in service.accepted if one.slug == self.slug]
        standing = {line.email: line.state for line in found.lines}
        self._everyone_is_told_once(found)
        self._nobody_is_written_to_twice(accepted, service)
        self._only_those_who_stayed_are_written_to(accepted, found)
        self._what_is_said_is_true(accepted, standing, found, service)
        self._whoever_was_written_to_is_known_to_be(accepted, standing, found)

    def _everyone_is_told_once(self, found: Found) -> None:
        """Nobody is forgotten, and the tally is the sum."""
        assert sorted(line.email for line in found.lines) == sorted(self.readers)
        assert found.tally == Tally(**Counter(line.state.value for line in found.lines))

    def _nobody_is_written_to_twice(self, accepted: Sequence[Accepted], service: Service) -> None:
        """Only a person may take that upon themselves; and what a key stands for never changes."""
        for email, times in Counter(one.reader for one in accepted).items():
            assert times <= 1 + self.sent_again[email]
        assert not service.misled

    def _only_those_who_stayed_are_written_to(self, accepted: Sequence[Accepted], found: Found) -> None:
        """Nobody who had gone when their batch was claimed; and each gets what the mailing said at that moment."""
        for one in accepted:
            assert one.reader in self.readers
            assert one.reader not in found.gone or one.claimed_at < found.gone[one.reader]
            assert one.subject == self._subject(one.claimed_at)

    def _subject(self, moment: datetime) -> str:
        return next(subject for since, subject in reversed(self.subjects) if since <= moment)

    def _what_is_said_is_true(
        self, accepted: Sequence[Accepted], standing: Mapping[str, State], found: Found, service: Service
    ) -> None:
        """Whoever is called sent was accepted, whoever is called refused was refused; whoever is skipped has left."""
        sent = {one.reader for one in accepted} | self.said_to_be_sent
        for email, state in standing.items():
            turned_down = (self.slug, email, state) in service.turned_down
            assert state is not State.SENT or email in sent
            assert state is not State.REFUSED or turned_down
            assert state is not State.SKIPPED or turned_down or self.cancelled or email in found.gone

    def _whoever_was_written_to_is_known_to_be(
        self, accepted: Sequence[Accepted], standing: Mapping[str, State], found: Found
    ) -> None:
        """They are sent, or in doubt, or would be written to under the same key alone."""
        for one in accepted:
            if not self.sent_again[one.reader]:
                assert standing[one.reader] in {State.SENT, State.IN_DOUBT} or found.claimed.get(one.reader) == one.key
