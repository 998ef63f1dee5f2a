"""
Readers in doubt of whom something was told since: whoever tells of a message has taken it.

News may come before there is a doubt, as when a service delivers at once and answers too late, or after it. So both
sides write and then look: who brings news looks for readers in doubt, and who doubts looks for news. Between the two
stands `be_alone`, which lets one of them through at a time, so that the second finds what the first one wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from digest.model import EventKind, Receipt, State
from digest.store.database import to_json, to_stamp
from digest.store.ledger import contents
from digest.store.packing import pack_texts, unpack, unpack_texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.store.database import Database


class _Doubted(NamedTuple):
    """A batch in doubt."""

    number: int
    origin: int
    key: str
    claimed_at: str
    readers: bytes


class Doubts:
    """The batches in doubt in a store, as news settle their readers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("news.sql")
        self._ledger = database.queries("ledger.sql")

    def settle(self, mailing: int, subscriber: int, receipt: Receipt, *, now: datetime) -> bool:
        """Settle a reader of a mailing who is in doubt, and say whether they were; who is not, stays as they are."""
        with self._database.transaction():
            self._database.fetch_one(self._ledger["be_alone"], mailing=mailing)
            rows = self._database.fetch_all(self._sql["in_doubt_around"], mailing=mailing, subscriber=subscriber)
            return sum(self._part(mailing, _Doubted(*row), {subscriber: receipt}, now) for row in rows) > 0

    def heed_news(self, mailing: int, origin: int, *, now: datetime) -> None:
        """
        Settle those of whom news came before they were in doubt, in the transaction in which they came to be so.

        `origin` is the batch that they were first cut into.
        """
        self._database.fetch_one(self._ledger["be_alone"], mailing=mailing)
        for row in self._database.fetch_all(self._sql["in_doubt"], mailing=mailing, origin=origin):
            batch = _Doubted(*row)
            self._part(mailing, batch, self._told(mailing, batch), now)

    def _told(self, mailing: int, batch: _Doubted) -> dict[int, Receipt]:
        """Return what news say of a batch's readers; that one was dropped may have been told of an earlier attempt."""
        rows = self._database.fetch_all(self._sql["heard"], mailing=mailing, ids=to_json(unpack(batch.readers)))
        refused = {
            number: Receipt(state=State.REFUSED, reason=reason)
            for number, kind, heard_at, reason in rows
            if kind == EventKind.REFUSED.value and heard_at >= batch.claimed_at
        }
        taken = {number for number, kind, *_ in rows if kind != EventKind.REFUSED.value}
        return refused | dict.fromkeys(taken, Receipt(state=State.SENT))

    def _part(self, mailing: int, batch: _Doubted, receipts: Mapping[int, Receipt], now: datetime) -> bool:
        """Settle some readers of a batch; they go where others of the same request are settled, if any are."""
        ids = unpack(batch.readers)
        settled = {one: receipts[one].message_id for one in ids if one in receipts}
        rest = [one for one in ids if one not in receipts]
        place = {"mailing": mailing, "number": batch.number}
        state = State.IN_DOUBT.value if rest else "settled"
        if not settled or not self._database.change(
            self._sql["leave_in_doubt"], **place, **contents(rest), state=state
        ):
            return False  # or somebody else has taken it on meanwhile, and will look for news when they doubt it again
        beside = self._database.fetch_one(self._sql["beside"], mailing=mailing, origin=batch.origin, key=batch.key)
        if beside:
            number, packed, packed_names = beside
            known = unpack(packed)
            names = dict(zip(known, unpack_texts(packed_names) or [""] * len(known), strict=True)) | settled
            self._database.change(self._sql["settle_beside"], mailing=mailing, number=number, **_written(names))
        else:
            self._database.change(self._sql["settle_out_of"], **place, **_written(settled), now=to_stamp(now))
        self._note(mailing, batch.origin, {one: receipts[one] for one in settled}, now)
        return True

    def _note(self, mailing: int, origin: int, receipts: Mapping[int, Receipt], now: datetime) -> None:
        place = {"mailing": mailing, "origin": origin, "state": State.REFUSED.value, "now": to_stamp(now)}
        self._database.change_many(
            self._ledger["note"],
            (
                {**place, "subscriber": one, "reason": receipt.reason}
                for one, receipt in receipts.items()
                if receipt.state is State.REFUSED
            ),
        )


def _written(names: Mapping[int, str]) -> dict[str, object]:
    """Return who is in a settled batch, and the provider's names of their messages, as its row says it."""
    ids = sorted(names)
    return {**contents(ids), "message_ids": pack_texts([names[one] for one in ids])}
