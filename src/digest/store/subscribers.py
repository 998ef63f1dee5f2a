"""The list of readers: who they are, and whether we may write to them."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from digest.model import Change, Consent, Standing, Subscriber
from digest.store.admitting import Admission
from digest.store.database import from_json, to_json, to_stamp
from digest.store.erasing import Erased, Seal, key_of
from digest.store.meeting import Entry, Meeting, Put, spell_consent
from digest.store.numbering import Numbers
from digest.store.pauses import Pauses
from digest.store.standing import may_follow, may_return

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from digest.model import Newcomer
    from digest.store.database import Database
    from digest.store.numbering import Numbering

__all__ = ["BLOCK", "Put", "Record", "Seal", "Subscribers"]

MOVED = "moved to another address"
"""What the history says of a reader who stands as before, and is reached elsewhere."""

BLOCK = 1_000
"""How many readers are looked up, written or read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A reader, and how they came to the list."""

    subscriber: Subscriber
    joined_at: datetime
    consent: Consent
    name: str
    """What the list calls them in public addresses."""
    paused_until: datetime | None
    """When their latest pause ends, or ended."""


class _RehearsedError(Exception):
    """Undoes what was only tried."""


class Subscribers:
    """
    The readers in a store.

    Args:
        database: where they are.
        spell: makes a reader's token of their name in the store.
        numbers: finds readers by numbers that follow from their addresses.
        numbering: gives readers such a number as their id; without, the database numbers them.
    """

    def __init__(
        self,
        database: Database,
        spell: Callable[[str], str],
        numbers: Numbers | None = None,
        numbering: Numbering | None = None,
    ) -> None:
        self._database = database
        self._sql = database.queries("subscribers.sql")
        self._spell = spell
        self._numbers = numbers or Numbers(database)
        self._admission = Admission(database, numbering)
        self._is_numbered = numbering is not None
        self._erased = Erased(database)
        self._pauses = Pauses(database)

    def put(
        self,
        newcomers: Iterable[Newcomer],
        *,
        now: datetime,
        reason: str = "",
        seal: Seal | None = None,
        rehearse: bool = False,
    ) -> Iterator[Put]:
        """
        Put newcomers on the list and say of each, in their order, what that came to.

        All of it is one transaction that ends with the last outcome: whoever stops asking before has put nobody.
        What is known is added to and never wiped: a blank name or field changes nothing, tags are united.

        Args:
            newcomers: who they are.
            now: this moment.
            reason: why a standing changes, for its history, unless the newcomer tells more.
            seal: recognises those who were erased.
            rehearse: undo everything in the end.

        Raises:
            SettingsError: readers were erased, and not with this seal.
            CollisionError: two addresses have one number.
        """
        stamp = to_stamp(now)
        with suppress(_RehearsedError), self._database.transaction(alone=True):
            usable = self._erased.usable(seal)
            waiting = iter(newcomers)
            while block := [*islice(waiting, BLOCK)]:
                yield from self._put_block(block, stamp, reason, usable)
            if rehearse:
                raise _RehearsedError

    def _put_block(self, block: Sequence[Newcomer], stamp: str, reason: str, seal: Seal | None) -> list[Put]:
        keys = [key_of(newcomer.email) for newcomer in block]
        rows = self._database.fetch_all(self._sql["known"], keys=to_json(keys))
        known = {key: Entry(*columns) for key, _, *columns in rows}
        erased = self._erased.among((key for key in keys if key not in known), seal) if seal else ()
        meeting = Meeting(known, erased)
        outcomes = [*map(meeting.meet, keys, block)]
        self._write(meeting, {key: number for key, number, *_ in rows}, stamp, reason)
        return outcomes

    def _write(self, meeting: Meeting, ids: dict[str, int], stamp: str, reason: str) -> None:
        self._admission.admit([*meeting.added()], stamp)
        changed = meeting.changed()
        updates = (after.row(key, stamp) for key, _, after in changed)
        changes = (
            {
                "id": ids[key],
                "now": stamp,
                "standing": after.standing,
                "before": before.standing,
                "reason": meeting.reason(key) or reason,
            }
            for key, before, after in changed
            if after.standing != before.standing
        )
        self._database.change_many(self._sql["update"], updates)
        self._database.change_many(self._sql["add_change"], changes)

    def stand(self, who: str | int, standing: Standing, *, reason: str, now: datetime) -> bool:
        """
        Let a reader, named by address or id, stand otherwise from now on, and say whether that is news.

        It is none where nobody is meant, where they stand so already, or where how they stand says more: whoever
        complained never merely left. What is news stays on record with its reason.
        """
        query = self._sql["standing_of_id" if isinstance(who, int) else "standing_of_key"]
        with self._database.transaction(alone=True):
            row = self._database.fetch_one(query, who=who if isinstance(who, int) else key_of(who))
            if row is None or not may_follow(Standing(row[1]), standing):
                return False
            number, before = row
            self._stand(number, before, standing.value, reason=reason, stamp=to_stamp(now))
        return True

    def _stand(self, number: int, before: str, standing: str, *, reason: str, stamp: str) -> None:
        if standing != before:  # whoever comes back wants to be written to now
            self._pauses.end(number, now=datetime.fromisoformat(stamp))
        change = {"id": number, "standing": standing, "now": stamp}
        self._database.change(self._sql["stand"], **change)
        self._database.change(self._sql["add_change"], **change, before=before, reason=reason)

    def welcome(self, newcomer: Newcomer, *, reason: str, seal: Seal | None, now: datetime) -> Standing:
        """
        Put someone on the list who has just agreed to it in person, and return how they stand.

        Nothing else brings back who had left, or was erased. Who complained, and whose address is dead, stay away even
        so: another message could do harm, so a person has to look into it.

        Raises:
            SettingsError: readers were erased, and not with this seal.
        """
        with self._database.transaction(alone=True):
            reader = self.find(newcomer.email)
            if reader is None and seal:
                self._erased.forget(key_of(newcomer.email), seal)
            elif reader and may_return(reader.standing):
                active = Standing.ACTIVE.value
                self._stand(reader.id, reader.standing.value, active, reason=reason, stamp=to_stamp(now))
                self._database.change(self._sql["agree"], id=reader.id, consent=spell_consent(newcomer.consent))
            deque(self.put([newcomer], now=now, seal=seal), maxlen=0)
            ((_, standing),) = self._database.fetch_all(self._sql["standing_of_key"], who=key_of(newcomer.email))
        return Standing(standing)

    def leave(self, email: str, *, now: datetime) -> bool:
        """Never write to a reader again, and say whether that is news. Their row stays, so that no import undoes it."""
        return self.stand(email, Standing.LEFT, reason="left", now=now)

    def erase(self, email: str, *, seal: Seal, now: datetime) -> bool:
        """
        Forget all that is known of an address, so that no import takes it again, and say whether it was on the list.

        What became of issues that were sent to the reader's number stays, without any words that could name them.

        Raises:
            SettingsError: others were erased with another seal.
        """
        key = key_of(email)
        with self._database.transaction(alone=True):
            seal = self._erased.usable(seal) or seal
            reader = self.find(email)
            if reader:
                self._forget_moves(reader.id)
                for name in ("forget_reasons", "forget_news", "forget"):
                    self._database.change(self._sql[name], id=reader.id)
                self._database.change(self._sql["forget_mentions"], email=reader.email, key=key)
            for name in ("forget_sign_ups", "forget_notices"):
                self._database.change(self._sql[name], key=key)
            self._erased.add(key, seal, to_stamp(now))
            self._database.wipe()
        return reader is not None

    def move(self, number: int, email: str, *, seal: Seal, now: datetime) -> bool:
        """
        Let a reader have another address, which they have proven theirs, and say whether nobody else has it.

        They stay who they are; that they moved stands in their history, and the old address nowhere. It is remembered
        like an erased one, so that no import of an older list makes a second reader of it.

        Raises:
            SettingsError: readers were erased with another seal.
        """
        key, stamp = key_of(email), to_stamp(now)
        with self._database.transaction(alone=True):
            before, other = self.find_id(number), self.find(email)
            if before is None or (other and other.id != number):
                return False
            old_key, standing = key_of(before.email), before.standing.value
            if old_key != key:
                self._erased.forget(key, seal)
                self._erased.add(old_key, self._erased.usable(seal) or seal, stamp)
            self._forget_moves(number)
            self._numbers.note(number, old_key, key)
            self._database.change(self._sql["forget_notices"], key=old_key)
            self._database.change(self._sql["forget_mentions"], email=before.email, key=old_key)
            self._database.change(self._sql["move"], id=number, key=key, email=email, now=stamp)
            self._stand(number, standing, standing, reason=MOVED, stamp=stamp)
            self._database.wipe()
        return True

    def _forget_moves(self, number: int) -> None:
        """Let no link open anything any more that was mailed to a reader, be it at an address that they do not have."""
        for (email,) in self._database.fetch_all(self._sql["asked_to_prove"], id=number):
            self._database.change(self._sql["forget_notices"], key=key_of(email))
        self._database.change(self._sql["forget_proofs"], id=number)

    def retag(self, number: int, tags: Sequence[str], *, now: datetime) -> None:
        """Let a reader have these tags and no others."""
        self._database.change(self._sql["retag"], id=number, tags=to_json([*tags]), now=to_stamp(now))

    def find(self, email: str) -> Subscriber | None:
        """Return the reader of an address, however it is spelled in upper and lower case."""
        row = self._database.fetch_one(self._sql["find"], key=key_of(email))
        return self._subscriber(row) if row else None

    def find_id(self, number: int) -> Subscriber | None:
        """Return the reader of an id."""
        row = self._database.fetch_one(self._sql["find_id"], id=number)
        return self._subscriber(row) if row else None

    def find_name(self, name: str) -> Subscriber | None:
        """
        Return the reader of a name that the list gave them, which stands in their token.

        With a full stop in it, it is a name that follows from their address: see `Numbering.name_of`.
        """
        if "." in name:
            number = self._numbers.find(name)
            return self.find_id(number) if number else None
        row = self._database.fetch_one(self._sql["find_name"], name=name)
        return self._subscriber(row) if row else None

    def search(self, text: str, limit: int) -> tuple[list[Subscriber], int]:
        """Return the first of those who may be written to with `text` in address or name, and how many they are."""
        pattern = "%" + re.sub("[!%_]", r"!\g<0>", key_of(text)) + "%"
        rows = self._database.fetch_all(self._sql["search"], pattern=pattern, size=limit)
        (count,) = self._database.fetch_one(self._sql["count_found"], pattern=pattern) or (0,)
        return [*map(self._subscriber, rows)], count

    def emails(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the addresses of those readers of `ids` that the store still knows, by the number of any key."""
        emails = dict(self._database.fetch_all(self._sql["emails"], ids=to_json(ids)))
        others = self._numbers.find_all({*ids}.difference(emails)) if self._is_numbered else {}
        known = self.emails([*others.values()]) if others else {}
        return emails | {number: known[one] for number, one in others.items()}

    def walk(self, *, standing: Standing | None = None, tag: str | None = None) -> Iterator[Subscriber]:
        """Return readers by rising id, in blocks: the list may be changed meanwhile."""
        wanted = standing.value if standing else None
        after = 0
        while rows := self._database.fetch_all(self._sql["walk"], after=after, standing=wanted, tag=tag, size=BLOCK):
            yield from map(self._subscriber, rows)
            after = rows[-1][0]

    def record(self, email: str) -> Record | None:
        """Return the reader of an address, and how they came to the list."""
        row = self._database.fetch_one(self._sql["record"], key=key_of(email))
        return self._record(row) if row else None

    def records(self, *, standing: Standing | None = None) -> Iterator[Record]:
        """Return readers and how they came to the list, as `walk` does."""
        wanted = standing.value if standing else None
        after = 0
        while rows := self._database.fetch_all(self._sql["records"], after=after, standing=wanted, size=BLOCK):
            yield from map(self._record, rows)
            after = rows[-1][0]

    def history(self, number: int) -> list[Change]:
        """Return how the standing of the reader of an id changed, the oldest first; it was something before that."""
        return [
            Change(at=datetime.fromisoformat(at), before=Standing(before), standing=Standing(standing), reason=reason)
            for at, before, standing, reason in self._database.fetch_all(self._sql["history"], id=number)
        ]

    def count(self) -> dict[Standing, int]:
        """Return how many readers there are of every standing."""
        counts = dict(self._database.fetch_all(self._sql["count"]))
        return {standing: counts.get(standing.value, 0) for standing in Standing}

    def _subscriber(self, row: tuple[Any, ...]) -> Subscriber:
        number, email, name, fields, tags, standing, token = row
        return Subscriber(
            id=number,
            email=email,
            name=name,
            fields=MappingProxyType(from_json(fields)),
            tags=tuple(from_json(tags)),
            standing=Standing(standing),
            token=self._spell(token),
        )

    def _record(self, row: tuple[Any, ...]) -> Record:
        *columns, added_at, consent, source, paused_until = row
        facts = {"source": source, **from_json(consent)}
        facts |= {name: datetime.fromisoformat(facts[name]) for name in ("at", "asked_at") if name in facts}
        return Record(
            subscriber=self._subscriber(tuple(columns)),
            joined_at=datetime.fromisoformat(added_at),
            consent=Consent(**facts),
            name=columns[-1],
            paused_until=datetime.fromisoformat(paused_until) if paused_until else None,
        )
