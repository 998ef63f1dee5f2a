"""All that is known of one reader, in rows that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.cli.printing import print_table

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Change
    from digest.subscribing.telling import Portrait


def show_portrait(portrait: Portrait) -> None:
    """Print all that is known of a reader."""
    record, reader, consent = portrait.record, portrait.record.subscriber, portrait.record.consent
    facts = {
        "address": reader.email,
        "name": reader.name,
        "standing": reader.standing.value,
        "pause": f"{pause.since:%Y-%m-%d} to {pause.until:%Y-%m-%d}" if (pause := portrait.pause) else "",
        "joined": f"{record.joined_at:%Y-%m-%d %H:%M}",
        "tags": ", ".join(reader.tags),
        **reader.fields,
        "asked": _when(consent.asked_at, consent.asked_from),
        "consent": _when(consent.at, consent.how, consent.confirmed_from),
        "source": consent.source,
        "words": consent.words,
    }
    rows = [(name, fact) for name, fact in facts.items() if fact]
    rows += [(f"{change.at:%Y-%m-%d}", f"{_step(change)}{change.reason}") for change in portrait.history]
    rows += [
        (slug, ": ".join(filter(None, (delivery.state.value.replace("_", " "), delivery.reason))))
        for slug, delivery in portrait.deliveries
    ]
    rows += [
        (f"{item.at:%Y-%m-%d}", ": ".join(filter(None, (item.issue, item.kind.value.replace("_", " "), item.reason))))
        for item in portrait.news
    ]
    print_table(rows, (max(len(name) for name, _ in rows), 0))


def _step(change: Change) -> str:
    """Say how a standing changed, with a colon; nothing where something else did."""
    return f"{change.before.value} → {change.standing.value}: " if change.before is not change.standing else ""


def _when(moment: datetime | None, *facts: str) -> str:
    return " · ".join(filter(None, (f"{moment:%Y-%m-%d %H:%M}" if moment else "", *facts)))
