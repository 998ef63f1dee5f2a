"""
Who is to be written to, in batches: cut when a mailing is frozen, and changed only by what a person decides.

A batch is one row with its exact readers packed in it. A reader has a row only where something else happened than
what the batch's state says. Every reader of a mailing is in exactly one batch, or skipped: so the sums always hold.
"""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from digest.errors import IncompleteError
from digest.store.audiences import octets
from digest.store.database import to_stamp
from digest.store.mailings import Course
from digest.store.packing import pack, pack_texts, unpack, unpack_texts
from digest.store.pauses import Pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from hashlib import _Hash

    from digest.model import Plan
    from digest.segments import Segment
    from digest.store.audiences import Audiences
    from digest.store.database import Database
    from digest.store.mailings import Frozen, Mailings

CANCELLED = "cancelled"
"""Why a reader was skipped whose mailing was ended."""


class Ledger:
    """The ledger in a store; `digest.store.claims.Claims` is what a process that sends does with it."""

    def __init__(self, database: Database, mailings: Mailings, audiences: Audiences) -> None:
        self._database = database
        self._sql = database.queries("ledger.sql")
        self._mailings = mailings
        self._audiences = audiences
        self._pauses = Pauses(database)

    def freeze(self, plan: Plan, *, now: datetime, segment: Segment | None = None) -> Frozen:
        """
        Keep the plan's edition as it is, and cut everyone who may be written to into batches.

        `segment` is what the plan's expression says; None for everyone.

        Raises:
            BegunError: a mailing with this slug was begun before.
            IncompleteError: the list is no longer what was planned for.
        """
        with self._database.transaction():
            frozen = self._mailings.begin(plan, now=now)
            digest = sha256()
            self._cut(frozen, self._hashed(segment, digest), after=0)
            if digest.hexdigest() != plan.audience.digest:
                msg = "the list of readers has changed since the plan was made; nothing was sent"
                raise IncompleteError(msg, hint="Run it again, and look at the new plan.")
        return frozen

    def _hashed(self, segment: Segment | None, digest: _Hash) -> Iterator[int]:
        for ids in self._audiences.blocks(segment):
            digest.update(octets(ids))
            yield from ids

    def newcomers(self, frozen: Frozen, segment: Segment | None) -> list[int]:
        """
        Return the rising ids of those who may be written to now and were not there when a mailing was frozen.

        Whoever was in a pause then was there: they were promised that nothing follows later.
        """
        known: set[int] = set()
        after = 0
        while rows := self._database.fetch_all(self._sql["everyone"], mailing=frozen.id, after=after):
            known.update(number for (packed,) in rows for number in unpack(packed))
            after += len(rows)
        # Afterwards, since who is skipped meanwhile leaves a batch.
        known.update(number for (number,) in self._database.fetch_all(self._sql["left_out"], mailing=frozen.id))
        blocks = (self._pauses.without(ids, frozen.frozen_at) for ids in self._audiences.blocks(segment))
        return [number for ids in blocks for number in ids if number not in known]

    def extend(self, frozen: Frozen, segment: Segment | None) -> int:
        """Cut those into further batches who joined since a mailing was frozen, and return how many they are."""
        with self._database.transaction():
            self._be_alone(frozen)
            ids = self.newcomers(frozen, segment)
            self._cut(frozen, ids, after=self._highest(frozen))
        return len(ids)

    def _cut(self, frozen: Frozen, ids: Iterable[int], *, after: int) -> None:
        self._database.change_many(
            self._sql["cut"],
            (
                {"mailing": frozen.id, "number": number, "first": some[0], "last": some[-1], **contents(some)}
                for number, some in enumerate(_pieces(ids, frozen.batch_size), start=after + 1)
            ),
        )

    def _be_alone(self, frozen: Frozen) -> None:
        self._database.fetch_one(self._sql["be_alone"], mailing=frozen.id)

    def _highest(self, frozen: Frozen) -> int:
        ((number,),) = self._database.fetch_all(self._sql["highest"], mailing=frozen.id)
        return int(number)

    def cancel(self, frozen: Frozen, *, now: datetime) -> None:
        """End a mailing: whoever is still queued is skipped. What was claimed is finished by whoever claimed it."""
        with self._database.transaction():
            self._mailings.turn(frozen, Course.CANCELLED)
            self._database.change(self._sql["cancel"], mailing=frozen.id, reason=CANCELLED, now=to_stamp(now))

    def take_back(self, frozen: Frozen, *, now: datetime) -> int:
        """
        Skip those of a mailing that was ended whose messages the provider has given back; return how many they are.

        They are all that it had, be it known or in doubt. Who was refused stays so.
        """
        with self._database.transaction():
            self._be_alone(frozen)
            refused = {number for _, number in self._database.fetch_all(self._sql["refused"], mailing=frozen.id)}
            return sum(
                self._give_back(frozen, number, refused, now)
                for state in ("settled", "in_doubt")
                for number, _ in self._database.fetch_all(self._sql["in_state"], mailing=frozen.id, state=state)
            )

    def _give_back(self, frozen: Frozen, number: int, refused: set[int], now: datetime) -> int:
        """Skip the readers of a batch; those who were refused stay in it, and the others get one of their own."""
        ((row),) = self._database.fetch_all(self._sql["past"], mailing=frozen.id, number=number)
        ids = unpack(row[2])
        staying = [one for one in ids if one in refused]
        given_back = [one for one in ids if one not in refused]
        place = {"mailing": frozen.id, "number": number}
        if staying and given_back:
            self._database.change(self._sql["keep_only"], **place, **contents(staying), message_ids=None)
            self._database.change(self._sql["move"], **place, **contents(given_back), state="skipped", reason=CANCELLED)
        elif given_back:
            self._database.change(self._sql["take_back"], **place, reason=CANCELLED, now=to_stamp(now))
        return len(given_back)

    def retry(self, frozen: Frozen) -> int:
        """Queue those again whom the provider refused, and return how many they are."""
        with self._database.transaction():
            self._be_alone(frozen)
            refused = self._database.fetch_all(self._sql["refused"], mailing=frozen.id)
            by_origin: dict[int, set[int]] = defaultdict(set)
            for origin, number in refused:
                by_origin[origin].add(number)
            for origin, numbers in by_origin.items():
                self._part(frozen, origin, numbers)
            # These and no others: somebody else may be refused at this very moment.
            self._database.change_many(
                self._sql["forget_refusal"],
                ({"mailing": frozen.id, "subscriber": number} for _, number in refused),
            )
        return len(refused)

    def _part(self, frozen: Frozen, origin: int, leaving: set[int]) -> None:
        """Let readers leave the batches where they were settled, for batches of their own that are queued."""
        for number, packed, packed_names in self._database.fetch_all(
            self._sql["settled_of"], mailing=frozen.id, origin=origin
        ):
            ids = unpack(packed)
            names = unpack_texts(packed_names) or [""] * len(ids)
            staying = [(one, name) for one, name in zip(ids, names, strict=True) if one not in leaving]
            if len(staying) == len(ids):
                continue
            place = {"mailing": frozen.id, "number": number}
            self._database.change(
                self._sql["keep_only"],
                **place,
                **contents([one for one, _ in staying]),
                message_ids=pack_texts([name for _, name in staying]),
            )
            moving = contents([one for one in ids if one in leaving])
            self._database.change(self._sql["move"], **place, **moving, state="queued", reason="")


def contents(ids: Sequence[int]) -> dict[str, object]:
    """Return who is in a batch, as its row says it."""
    return {"count": len(ids), "readers": pack(ids)}


def _pieces(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    waiting = iter(ids)
    while piece := [*islice(waiting, size)]:
        yield piece
