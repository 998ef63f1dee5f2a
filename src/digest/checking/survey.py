"""All readers of an audience, looked at before anyone is written to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.checking.characters import BREAKING, REPLACEMENT, misread
from digest.errors import ContentError
from digest.wire.header_fields import wire_address
from digest.wire.mime import quoted_printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from digest.model import Edition, Readers, Slot, Subscriber
    from digest.segments import Segment
    from digest.store import Audiences

_FEW = 5
_BLOCK = 5_000
_LONGEST_NAME = 100
"""In characters. Whoever gives a longer one means to have others read something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some readers who have something in common."""

    count: int
    first: Sequence[int]
    """The numbers of the first few."""

    def told(self, readers: int) -> str:
        """Return who they are among all, such as ``2 of 13 readers (numbers 4 and 7)``; no address is told."""
        numbers = ", ".join(map(str, self.first)) + (", …" if self.count > len(self.first) else "")
        return f"{self.count:,} of {readers:,} readers (number{'s' * (self.count > 1)} {numbers})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found out about the readers."""

    readers: int
    longest: Subscriber | None
    """The reader whose values make the message longest; None where there is nobody."""
    blank: Mapping[str, Group]
    """By field that stands in the edition without a fallback: who has no value for it."""
    unsafe: Mapping[str, Group]
    """By field, ``name`` and ``email`` among them: whose value has a character that no header and no text may have."""
    garbled: Mapping[str, Group]
    """By field: whose value was decoded with the wrong charset on its way to the list."""
    misused: Mapping[str, Group]
    """By field that holds a name: whose value is none, but an address, a link, or far too long."""
    void: Mapping[str, Group]
    """By field: whose value is what a program wrote where it had none, such as ``null``."""
    without_consent: Group
    """Of whom nobody knows when or how they agreed."""
    without_token: Group
    """Who have no unguessable token of their own: they could not leave, or others could in their place."""


def survey(edition: Edition, audiences: Audiences, segment: Segment | None) -> Survey:
    """Return what there is to know about those of a segment who may be written to; None is everyone."""
    tally = _Tally(edition)
    for readers in audiences.walk(segment, _BLOCK, edition.fields):
        tally.add(readers)
    without_consent, without_token = _Count(), _Count()
    for ids in audiences.without_consent(segment):
        without_consent.add(ids)
    for ids in audiences.without_own_token(segment):
        without_token.add(ids)
    return Survey(
        readers=tally.readers,
        longest=tally.longest,
        blank=_groups(tally.blank),
        unsafe=_groups(tally.unsafe),
        garbled=_groups(tally.garbled),
        misused=_groups(tally.misused),
        void=_groups(tally.void),
        without_consent=without_consent.group,
        without_token=without_token.group,
    )


@dataclass(slots=True)
class _Count:
    """How many there were so far, and the first few."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, ids: Sequence[int]) -> None:
        self.count += len(ids)
        self.first += ids[: _FEW - len(self.first)]

    @property
    def group(self) -> Group:
        return Group(count=self.count, first=tuple(self.first))


def _groups(counts: Mapping[str, _Count]) -> dict[str, Group]:
    return {name: count.group for name, count in counts.items() if count.count}


class _Tally:
    """What was found out so far, block by block."""

    def __init__(self, edition: Edition) -> None:
        needed = {name for name, has_fallback in edition.slots if not has_fallback} - {"token"}
        words = ["name", *edition.fields]  # the name stands in the header field To of every message
        self.readers = 0
        self.longest: Subscriber | None = None
        self.blank = {name: _Count() for name in sorted(needed)}
        self.unsafe = {name: _Count() for name in ("email", *words)}
        self.garbled = {name: _Count() for name in words}
        self.misused = {name: _Count() for name in words if "name" in name}
        self.void = {name: _Count() for name in words}
        self._slots = Counter(edition.html.slots)
        self._most = -1

    def add(self, readers: Readers) -> None:
        self.readers += len(readers)
        for counts, judge in (
            (self.blank, _blank),
            (self.unsafe, _unsafe),
            (self.garbled, _garbled),
            (self.misused, _misused),
            (self.void, _void),
        ):
            for name, count in counts.items():
                count.add(judge(name, readers))
        self._weigh(readers)

    def _weigh(self, readers: Readers) -> None:
        """Keep the reader whose values come to the most bytes; all else in the message is as long for everyone."""
        weights = [
            [size * times for size in _sizes(slot, readers)] if times > 1 else _sizes(slot, readers)
            for slot, times in self._slots.items()
        ]
        totals = [*map(sum, zip(*weights, strict=True))] if weights else [0] * len(readers)
        most = max(totals, default=-1)
        if most > self._most:
            self._most = most
            (self.longest,) = readers.at([totals.index(most)])


def _sizes(slot: Slot, readers: Readers) -> Sequence[int]:
    """Return how many bytes stand in a slot for each reader, as the message is encoded."""
    values = slot.column(readers.columns[slot.name])
    joined = "\n".join(values)
    if _PLAIN.fullmatch(joined) and "\n." not in f"\n{joined}" and max(map(len, values), default=0) <= _PLAIN_LENGTH:
        return [*map(len, values)]  # the usual case, and six times as fast
    return [*map(_size, values)]


_PLAIN = re.compile(r"[A-Za-z0-9@.+_~\n-]*")
"""What quoted-printable leaves as it is, in lines of at most `_PLAIN_LENGTH` that do not begin with a dot."""
_PLAIN_LENGTH = 73


@lru_cache(maxsize=10_000)
def _size(value: str) -> int:
    return len(quoted_printable(value))


def _blank(name: str, readers: Readers) -> list[int]:
    return _those(readers, name, lambda value: not value.strip())


def _unsafe(name: str, readers: Readers) -> list[int]:
    values = readers.columns[name]
    if name == "email":
        return _those(readers, name, _is_no_address) if not _ADDRESSES.fullmatch("\n".join(values)) else []
    joined = "".join(values)
    if joined.isprintable() or not BREAKING.search(joined):
        return []
    return _those(readers, name, lambda value: bool(BREAKING.search(value)))


_ADDRESSES = re.compile(r"(?:[a-z0-9]++(?:[._+-][a-z0-9]++)*+@(?:[a-z0-9]++[.-])*+[a-z0-9]++(?:\n|\Z))*+")


def _is_no_address(value: str) -> bool:
    try:
        wire_address(value, "To")
    except ContentError:
        return True
    return False


def _garbled(name: str, readers: Readers) -> list[int]:
    return _those(readers, name, _is_garbled) if _is_garbled("\n".join(readers.columns[name])) else []


def _is_garbled(text: str) -> bool:
    return not text.isascii() and (REPLACEMENT in text or any(misread(text)))


# What people put into the field of a form to have it sent to others, and what exports put there by mistake.
_ENDINGS = ("com", "net", "org", "info", "biz", "ru", "xyz", "top", "click", "shop", "site", "online")
_NO_NAME = re.compile(rf"\S@\S+\.\w|://|\bwww\.\w|\w\.[a-z]{{2,}}/|\s[\w-]{{2,}}\.(?:{'|'.join(_ENDINGS)})\b")
_MARKS = ("@", "/", "www.", *(f".{ending}" for ending in _ENDINGS))


def _misused(name: str, readers: Readers) -> list[int]:
    values = readers.columns[name]
    joined = "".join(values).lower()
    if max(map(len, values), default=0) <= _LONGEST_NAME and not any(mark in joined for mark in _MARKS):
        return []  # the usual case, and quick to see
    return _those(readers, name, lambda value: len(value) > _LONGEST_NAME or bool(_NO_NAME.search(value.lower())))


# As programs write them: a person called Null or None begins with a capital letter.
_VOID = frozenset(
    {"#N/A", "(null)", "N/A", "NULL", "NaN", "[object Object]", "n/a", "nan", "nil", "none", "null", "undefined"}
)


def _void(name: str, readers: Readers) -> list[int]:
    return [] if _VOID.isdisjoint(readers.columns[name]) else _those(readers, name, _VOID.__contains__)


def _those(readers: Readers, name: str, has: Callable[[str], bool]) -> list[int]:
    pairs: Iterable[tuple[int, str]] = zip(readers.ids, readers.columns[name], strict=True)
    return [number for number, value in pairs if has(value)]
