"""The check of every kill test: what a service truly did, against what the program says at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from loopback_service import Call

_SENT, _IN_DOUBT = "sent", "in_doubt"


class Wrong(Enum):
    """The ways in which the promise can be broken."""

    TWICE = "accepted more than once"
    FORGOTTEN = "neither sent nor in doubt, or called sent and never accepted"
    UNPROVEN = "called sent, though no answer said so"
    GAMBLED = "asked again without a key, though nobody could know that the first time came to nothing"
    NEEDLESS = "in doubt, though it is known what became of it"
    ALTERED = "asked again under the same key in other words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A sending when all programs have ended, as the service and the program see it."""

    readers: frozenset[str]
    """Everyone who was to be written to."""
    calls: Sequence[Call]
    """What the service did, in the order in which the requests arrived."""
    states: Mapping[str, str]
    """How the program says that each reader stands."""
    heeds_keys: bool
    killed: Collection[int]
    """The processes that were killed."""
    in_flight: int
    """How many batches a process may have claimed and not yet settled at any moment."""
    batch: int
    """Readers a request."""

    def standing(self, state: str) -> set[str]:
        """Return who stands so, as the program says."""
        return {email for email, actual in self.states.items() if actual == state}


def find_wrongs(ending: Ending) -> dict[Wrong, set[str]]:
    """
    Return who was wronged and how; nobody, when the promise was kept.

    With keys, all must have been accepted once and be called sent. Without them, nobody may have been accepted twice;
    only who was promised an acceptance may be called sent; all others are in doubt, and for each of them something must
    have been unknowable: an answer that was not heard, or a process killed between its claim and what it wrote of the
    answer.
    """
    wronged = {
        Wrong.TWICE: _accepted(ending, more_than=1),
        Wrong.FORGOTTEN: _unsettled(ending) | (ending.standing(_SENT) - _accepted(ending, more_than=0)),
        Wrong.UNPROVEN: ending.standing(_SENT) - _emails(call for call in ending.calls if call.promised),
        Wrong.GAMBLED: set() if ending.heeds_keys else {*_gambled(ending.calls)},
        Wrong.NEEDLESS: ending.standing(_IN_DOUBT) if ending.heeds_keys else _needless(ending),
        Wrong.ALTERED: {*_altered(ending.calls)} if ending.heeds_keys else set(),
    }
    return {wrong: emails for wrong, emails in wronged.items() if emails}


def _emails(calls: Iterable[Call]) -> set[str]:
    return {*chain.from_iterable(call.emails for call in calls)}


def _accepted(ending: Ending, *, more_than: int) -> set[str]:
    copies = Counter(chain.from_iterable(call.emails for call in ending.calls if call.accepted))
    return {email for email, count in copies.items() if count > more_than}


def _unsettled(ending: Ending) -> set[str]:
    return {email for email in ending.readers | {*ending.states} if ending.states.get(email) not in {_SENT, _IN_DOUBT}}


def _gambled(calls: Sequence[Call]) -> Iterator[str]:
    """
    Return whom it was asked for again, after a request whose fate was open.

    That it may have come to nothing, as the service knows, is no excuse: the client could not know. Whether a body that
    the service did not read was handed over whole, the client alone knows, so after that it may ask again.
    """
    open_ones: set[str] = set()
    for call in calls:
        yield from call.emails & open_ones
        if call.body and not call.heard:
            open_ones |= call.emails


def _needless(ending: Ending) -> set[str]:
    """
    Return who is in doubt without a reason.

    Where the service has no reason, a kill may be one: for so many batches as the process may have had in its hands.
    """
    unheard = _emails(call for call in ending.calls if not call.heard)
    rest = ending.standing(_IN_DOUBT) - unheard
    last = {email: call.program for call in ending.calls for email in call.emails}
    hands = Counter(last.get(email) for email in rest)
    most = ending.in_flight * ending.batch
    beyond = {hand for hand, readers in hands.items() if hand not in ending.killed or readers > most}
    beyond.discard(None)  # whoever was in no request at all may have been in any killed hand
    excess = rest if len(rest) > len(ending.killed) * most else set()
    return {email for email in rest if last.get(email) in beyond} | excess


def _altered(calls: Sequence[Call]) -> Iterator[str]:
    """
    Return whose messages came in other words than were accepted under their key.

    Of a request that was cut off, only a part may have come; one that was declined binds nobody.
    """
    accepted = {call.key: call.body for call in calls if call.accepted}
    for call in calls:
        if not call.declined and not accepted.get(call.key, call.body).startswith(call.body):
            yield from call.emails
