"""All that is known of one reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.addressing import nobody
from digest.subscribing.addresses import wanted_email

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Change, Delivery
    from digest.store import Item, Store
    from digest.store.pauses import Pause
    from digest.store.subscribers import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A reader, how they came to the list, how that changed, and what they were sent."""

    record: Record
    history: Sequence[Change]
    """How their standing changed, the oldest first."""
    pause: Pause | None = None
    """The latest one, which may be over."""
    deliveries: Sequence[tuple[str, Delivery]] = ()
    """The issues that they were to get, by slug, and what became of each."""
    news: Sequence[Item] = ()
    """What providers told of messages to them since, the oldest first."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        reader, consent = self.record.subscriber, self.record.consent
        return {
            "email": reader.email,
            "name": reader.name,
            "standing": reader.standing.value,
            "tags": [*reader.tags],
            "fields": dict(reader.fields),
            "joined": self.record.joined_at.isoformat(),
            "consent": {
                "at": consent.at.isoformat() if consent.at else None,
                "how": consent.how,
                "source": consent.source,
                "words": consent.words,
                "asked_at": consent.asked_at.isoformat() if consent.asked_at else None,
                "asked_from": consent.asked_from,
                "confirmed_from": consent.confirmed_from,
            },
            "pause": {"since": self.pause.since.isoformat(), "until": self.pause.until.isoformat()}
            if self.pause
            else None,
            "history": [
                {
                    "at": change.at.isoformat(),
                    "before": change.before.value,
                    "standing": change.standing.value,
                    "reason": change.reason,
                }
                for change in self.history
            ],
            "issues": [
                {
                    "issue": slug,
                    "state": delivery.state.value,
                    "reason": delivery.reason,
                    "at": delivery.at.isoformat() if delivery.at else None,
                }
                for slug, delivery in self.deliveries
            ],
            "events": [
                {
                    "at": item.at.isoformat(),
                    "kind": item.kind.value,
                    "issue": item.issue or None,
                    "provider": item.provider,
                    "reason": item.reason,
                }
                for item in self.news
            ],
        }


_NUMBER = re.compile(r"#?([0-9]{1,12})")
_KEYED_NUMBER = re.compile(r"#?([0-9]{13,19})")
"""One that follows from an address, as machines have it that have no store of their own."""


def portray(store: Store, who: str) -> Portrait:
    """
    Return all that is known of the reader of an address or a number, such as ``12`` or ``#12``.

    Raises:
        UsageError: nobody of that address or number is on the list.
    """
    record = store.subscribers.record(_email(store, who))
    if record is None:
        raise nobody()
    number = record.subscriber.id
    deliveries = tuple(store.deliveries.of_reader(number))
    return Portrait(
        record=record,
        history=store.subscribers.history(number),
        pause=store.pauses.find(number),
        deliveries=deliveries,
        news=store.news.of_reader(number),
    )


def _email(store: Store, who: str) -> str:
    number, keyed = _NUMBER.fullmatch(who), _KEYED_NUMBER.fullmatch(who)
    found = store.numbers.find_number(int(keyed[1])) if keyed else int(number[1]) if number else None
    reader = store.subscribers.find_id(found) if found else None
    return reader.email if reader else wanted_email(who)
