"""Sign-ups: wishes for the newsletter that somebody has uttered, and that nobody may have confirmed yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from digest.store.database import from_json, to_json, to_stamp
from digest.store.erasing import key_of

if TYPE_CHECKING:
    from digest.store.database import Database


class Stage(Enum):
    """What a sign-up has come to."""

    NEW = "new"
    """Nobody has looked at it."""
    ASKED = "asked"
    """They were asked to confirm it."""
    TOLD = "told"
    """They were told that they are readers already."""
    SILENT = "silent"
    """They were not written to."""
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody says who asks for the newsletter, already checked."""

    email: str = field(repr=False)
    tags: tuple[str, ...] = ()
    source: str
    """The form, as `digest.model.Consent` has it."""
    asked_from: str = field(default="", repr=False)
    """An IP address."""
    network: str = field(default="", repr=False)
    """What limits count by; blank where it tells nobody from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A wish that is written down."""

    number: int
    wish: Wish
    asked_at: datetime
    stage: Stage


class SignUps:
    """The sign-ups in a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("signups.sql")

    def add(self, wish: Wish, *, now: datetime) -> None:
        """Write a wish down; what it means is decided later."""
        self._database.change(
            self._sql["add"],
            key=key_of(wish.email),
            email=wish.email,
            tags=to_json(wish.tags),
            source=wish.source,
            now=to_stamp(now),
            asked_from=wish.asked_from,
            network=wish.network,
        )

    def count_of_network(self, network: str, *, since: datetime) -> int:
        """Return how often a network has asked since a moment, of which all rows are still there."""
        return self._count("count_of_network", network=network, since=to_stamp(since))

    def count_written_to(self, *, since: datetime) -> int:
        """Return how many were written to since a moment."""
        return self._count("count_written_to", since=to_stamp(since))

    def _count(self, query: str, **values: object) -> int:
        ((count,),) = self._database.fetch_all(self._sql[query], **values)
        return int(count)

    def new(self, limit: int) -> list[SignUp]:
        """Return the oldest that nobody has looked at."""
        return [*map(_sign_up, self._database.fetch_all(self._sql["new"], size=limit))]

    def decide(self, number: int, stage: Stage, *, now: datetime, forget_at: datetime) -> None:
        """Write down what one came to, and when it is to be forgotten."""
        self._database.change(
            self._sql["decide"], id=number, state=stage.value, now=to_stamp(now), forget_at=to_stamp(forget_at)
        )

    def find(self, number: int) -> SignUp | None:
        """Return one by its number, as long as it is not forgotten."""
        row = self._database.fetch_one(self._sql["find"], id=number)
        return _sign_up(row) if row else None

    def confirm(self, number: int) -> None:
        """Write down that one is confirmed."""
        self._database.change(self._sql["confirm"], id=number)

    def forget_old(self, *, now: datetime) -> int:
        """Delete what is over, with all that it holds, and return how many."""
        return self._database.change(self._sql["forget_old"], now=to_stamp(now))

    def give_up(self, *, before: datetime) -> int:
        """Delete what was asked before a moment and nobody has looked at; return how many."""
        return self._database.change(self._sql["give_up"], before=to_stamp(before))


def _sign_up(row: tuple[Any, ...]) -> SignUp:
    number, email, tags, source, asked_at, asked_from, stage = row
    wish = Wish(email=email, tags=tuple(from_json(tags)), source=source, asked_from=asked_from)
    return SignUp(number=number, wish=wish, asked_at=datetime.fromisoformat(asked_at), stage=Stage(stage))
