"""An entry of a feed: what stands there, and what an issue takes of it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.gathering.addresses import shown
from digest.gathering.clipping import Clipping, Image
from digest.gathering.prose import TEASER_WORDS, blocks_of, first_image, soup_of, teaser_of
from digest.gathering.texts import shortened, without_tags
from digest.reading.cutting import WORDS_A_MINUTE, words_in

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDS_EARLY = re.compile(r"(?:\[\s*(?:…|\.\.\.|&hellip;|&#8230;)\s*\]|…|\.\.\.|&hellip;|&#8230;)\s*(?:</p>\s*)?$")
_DAYS = (
    (re.compile(r"\b\d{4}-\d{2}-\d{2}\b"), "%Y-%m-%d"),
    (re.compile(r"\b\d{1,2}\.? [A-Z][a-z]{2}[a-z]* \d{4}\b"), "%d %b %Y"),
)
_MONTH = re.compile(r"(\d+)\.? ([A-Z][a-z]{2})[a-z]* (\d+)")
_TITLE_WORDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a feed, as it stands there; what it says is foreign HTML."""

    title: str
    """Plain text on one line; none where the feed has none."""
    link: str
    summary: str
    content: str
    """The whole of it, where the feed has that."""
    author: str
    images: Sequence[Image]
    """Those that are named beside the text, best first."""
    published: datetime | None


def moment_of(written: str) -> datetime | None:
    """Return a time of ISO 8601 in UTC; of one that cannot be made out, the day that stands in it."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(written.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    for pattern, form in _DAYS:
        found = pattern.search(written)
        with suppress(ValueError):
            if found:
                return datetime.strptime(_MONTH.sub(r"\1 \2 \3", found[0]), form).replace(tzinfo=UTC)
    return None


def clip(entry: Entry) -> Clipping:
    """Return what an issue takes of an entry."""
    is_whole = bool(entry.content) and not _ENDS_EARLY.search(entry.content.strip())
    summary, content = (soup_of(html, entry.link) for html in (entry.summary, entry.content))
    teaser = teaser_of(blocks_of(summary), title=entry.title)
    if not teaser or (teaser.endswith("…") and is_whole):
        teaser = teaser_of(blocks_of(content), title=entry.title) or teaser
    words = words_in(without_tags(entry.content)) if is_whole else 0
    return Clipping(
        title=shortened(entry.title)
        or _beginning_of(without_tags(entry.summary or entry.content))
        or shown(entry.link),
        link=entry.link,
        teaser=teaser,
        image=next(iter(entry.images), None) or first_image(summary) or first_image(content),
        author=shortened(entry.author),
        minutes=max(1, round(words / WORDS_A_MINUTE)) if words > TEASER_WORDS else None,
        published=entry.published,
    )


def _beginning_of(text: str) -> str:
    """Return the first words of a text, for what has no title."""
    words = text.split()
    return " ".join(words[:_TITLE_WORDS]) + ("…" if len(words) > _TITLE_WORDS else "")
