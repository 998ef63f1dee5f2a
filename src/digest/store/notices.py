"""
Single mails that follow from what people do on the web, such as the one that asks them to confirm.

    queued ──claim──▶ claimed ──settle──▶ sent, failed
       ▲                 │
       └─────release─────┘

One process at a time delivers them, for as long as it holds `MAILING`: what is claimed by then, a dead one has claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from digest.store.database import from_json, to_json, to_stamp
from digest.store.erasing import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.store.database import Database

Kind: TypeAlias = Literal["confirm", "already", "move", "own"]
"""What a mail is for: to confirm a wish, to say that they are readers already, to prove a new address, or the old."""
Outcome: TypeAlias = Literal["sent", "failed"]

MAILING = "mailing"
"""The name that a process holds while it delivers."""
_EXPIRED = "nobody took it for too long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail that is to leave."""

    number: int
    kind: Kind
    email: str = field(repr=False)
    facts: Sequence[str | int]
    """What its link carries, and which reader or row it is about."""
    attempt: int
    """How often it was claimed."""
    put_at: datetime
    claimed_at: datetime | None = None


class Notices:
    """The mails of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("notices.sql")

    def put(self, kind: Kind, email: str, facts: Sequence[str | int], *, now: datetime) -> None:
        """
        Have a mail leave soon, once, if anybody takes it within a day.

        Args:
            kind: what for.
            email: to whom.
            facts: what the token of its link holds behind the name of the list, which is good for as many hours from
                `now` as somebody has to confirm; for ``already``, the reader's number.
            now: this moment.
        """
        self._database.change(
            self._sql["put"], kind=kind, key=key_of(email), email=email, facts=to_json([*facts]), now=to_stamp(now)
        )

    def latest(self, email: str, kind: Kind) -> datetime | None:
        """Return when such a mail was last put for an address, unless it failed; what is old is forgotten."""
        (stamp,) = self._database.fetch_one(self._sql["latest"], key=key_of(email), kind=kind) or (None,)
        return datetime.fromisoformat(stamp) if stamp else None

    def count(self) -> int:
        """Return how many are still to leave."""
        ((count,),) = self._database.fetch_all(self._sql["count"])
        return int(count)

    def claim(self, *, now: datetime) -> Notice | None:
        """Return what is to leave next; only when that is on disk may it leave."""
        with self._database.transaction(alone=True):
            row = self._database.fetch_one(self._sql["next_queued"])
            if row is None:
                return None
            number, kind, email, facts, attempts, put_at, _ = row
            self._database.change(self._sql["claim"], id=number, now=to_stamp(now))
        return _notice((number, kind, email, facts, attempts + 1, put_at, to_stamp(now)))

    def claimed(self) -> list[Notice]:
        """Return what was claimed and neither settled nor released."""
        return [_notice(row) for row in self._database.fetch_all(self._sql["claimed"])]

    def settle(self, number: int, outcome: Outcome, *, reason: str = "") -> None:
        """Write down what became of one; the reason holds no address."""
        self._database.change(self._sql["settle"], id=number, state=outcome, reason=reason)

    def release(self, number: int) -> None:
        """Queue one again that surely did not leave."""
        self._database.change(self._sql["settle"], id=number, state="queued", reason="")

    def give_up(self, *, before: datetime) -> int:
        """Let those fail that have been queued since before a moment; return how many."""
        return self._database.change(self._sql["give_up"], before=to_stamp(before), reason=_EXPIRED)

    def forget_done(self, *, before: datetime) -> None:
        """Delete what was put before a moment and has left or failed."""
        self._database.change(self._sql["forget_done"], before=to_stamp(before))

    def forget_of(self, email: str, kind: Kind) -> None:
        """Delete what has left for an address: it has done its work, so another one would be no nuisance."""
        self._database.change(self._sql["forget_of"], key=key_of(email), kind=kind)


def _notice(row: tuple[Any, ...]) -> Notice:
    number, kind, email, facts, attempts, put_at, claimed_at = row
    return Notice(
        number=number,
        kind=kind,
        email=email,
        facts=tuple(from_json(facts)),
        attempt=attempts,
        put_at=datetime.fromisoformat(put_at),
        claimed_at=datetime.fromisoformat(claimed_at) if claimed_at else None,
    )
