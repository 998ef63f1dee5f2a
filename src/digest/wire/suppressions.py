"""The lists that services keep of those to whom they no longer write: what stands there, to the end, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from digest.errors import ProviderError
from digest.wire import UNREADABLE
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from digest.model import Standing

Ask: TypeAlias = "Callable[[str], httpx.Response]"
"""Asks a service for what it has at a place, which is a path or a query, as the adapter that does it says."""
_Answer = TypeVar("_Answer")
_KEEPING_OUT = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address to which a service no longer writes."""

    email: str
    """As the service spells it; it may be none to which mail can be sent."""
    standing: Standing
    """LEFT, BOUNCED or COMPLAINED. What a service does not explain is LEFT: somebody wanted it so."""
    reason: str
    """In the service's own words, which may hold the address."""
    at: datetime | None = None
    """Since when; None where it does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list."""

    suppressions: Sequence[Suppression]
    following: str = ""
    """The mark by which the next page is asked for; blank on the last one."""


def read_all(read: Callable[[str], Page]) -> Iterator[Suppression]:
    """
    Yield what stands on a list, which may be of any length: one page is held at a time.

    Args:
        read: returns a page by the mark that the one before it gave; blank for the first.

    Raises:
        ProviderError: the pages lead in a circle, so that there is no end.
    """
    seen: set[object] = set()
    mark = ""
    while True:
        page = read(mark)
        facts: set[object] = {page.following} if page.following else set()
        if page.suppressions:  # a service that heeds no mark gives the same page for ever, whatever it is asked for
            facts.add(hash(tuple(page.suppressions)))
        if not seen.isdisjoint(facts):
            msg = "the service's list of suppressions leads in a circle, so it cannot be read to its end"
            raise ProviderError(msg)
        yield from page.suppressions
        if not page.following:
            return
        seen |= facts
        mark = page.following


def listed(response: httpx.Response, kind: type[_Answer]) -> _Answer:
    """
    Return what a service shows of a list.

    Raises:
        ProviderError: it does not show it, or what it shows cannot be read.
    """
    if not response.is_success:
        whom = " to this key" if response.status_code in _KEEPING_OUT else ""
        msg = f"the service does not show its suppressions{whom}: {said(response)}"
        raise ProviderError(msg)
    try:
        return msgspec.json.decode(response.content, type=kind, strict=False)
    except UNREADABLE as error:
        msg = "what the service shows of its suppressions cannot be read"
        raise ProviderError(msg) from error


def next_offset(mark: str, count: int) -> str:
    """Return the mark behind so many entries, where a list is counted through; blank behind a page that is empty."""
    return str(int(mark or 0) + count) if count else ""


def told_at(told: str | float | None) -> datetime | None:
    """Return a moment in UTC, told in seconds since 1970, as ISO 8601 or as in mail; None where it is none."""
    try:
        if isinstance(told, (int, float)):
            return datetime.fromtimestamp(told, UTC)
        return _read_date(told or "").astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read_date(text: str) -> datetime:
    moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
