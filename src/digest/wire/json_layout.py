"""
JSON in which readers differ, written once for an edition and filled for a batch.

An adapter writes the JSON of a request down as it is, with a `Pattern` wherever readers differ, and `Each` around
what is repeated for each of them:

    JsonLayout.of({"from": "editor@example.org", "to": Each({"email": Pattern.of_field("email")})})

It is encoded and cut at the slots when it is made. To encode sixty kilobytes of HTML for every reader would take
longer than to send them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from json import dumps
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, TypeAlias

from digest.model import Pattern
from digest.wire.bodies import Body

if TYPE_CHECKING:
    from digest.model import Slot

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | Pattern | Each | IfAny | str | int | float | bool | None"
_Piece: TypeAlias = "bytes | Slot | _Member | Each"
_APART = "\x7f"  # JSON has no escape for it, so what is joined with it can be escaped as one text and split again
_LIGHT = 4096  # bytes; whole messages have tens of thousands, and share them


@dataclass(frozen=True, slots=True)
class Each:
    """An array with an item for each reader; a layout has exactly one."""

    item: Json


@dataclass(frozen=True, slots=True)
class IfAny:
    """A column's value that is left out together with its key where it is blank; never the first of its object."""

    column: str


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """
    JSON cut where readers differ.

    Outside of `Each`, a slot takes the first reader's value: it is for what all of a batch share.
    """

    before: _Cut
    item: _Cut
    """With a comma before it."""
    after: _Cut

    @classmethod
    def of(cls, value: Json) -> JsonLayout:
        """
        Write `value` down. Strings may hold anything; a pattern's slots are escaped for where they stand.

        Raises:
            ValueError: `Each` or `IfAny` stands where it cannot.
        """
        pieces = [*_pieces(value)]
        arrays = [(place, piece.item) for place, piece in enumerate(pieces) if isinstance(piece, Each)]
        if len(arrays) != 1:
            msg = f"a layout has Each once, and this one {len(arrays)} times"
            raise ValueError(msg)
        ((place, item),) = arrays
        return cls(_Cut.of(pieces[:place]), _Cut.of([b",", *_pieces(item)]), _Cut.of(pieces[place + 1 :]))

    def fill(self, columns: Mapping[str, Sequence[str]]) -> Body:
        """Return the JSON for a batch; `columns` has a value for each reader, by the names of the slots."""
        rows = self.item.rows(columns)
        comma_and_first, *others = map(b"".join, rows) if self.item.is_light else chain.from_iterable(rows)
        return Body((*self.before.first(columns), comma_and_first[1:], *others, *self.after.first(columns)))


@dataclass(frozen=True, slots=True)
class _Cut:
    """A piece of JSON: ``constants[0] slots[0] constants[1] …``, with a constant at either end."""

    constants: tuple[bytes, ...]
    slots: tuple[Slot | _Member, ...]

    @classmethod
    def of(cls, pieces: Iterable[_Piece]) -> _Cut:
        constants: list[list[bytes]] = [[]]
        slots: list[Slot | _Member] = []
        for piece in pieces:
            match piece:
                case bytes():
                    constants[-1].append(piece)
                case Each():
                    msg = "Each stands within Each"
                    raise ValueError(msg)
                case _:
                    slots.append(piece)
                    constants.append([])
        return cls(tuple(map(b"".join, constants)), tuple(slots))

    @property
    def is_light(self) -> bool:
        """Tell whether a copy for each reader costs less than to keep its pieces apart, as a merged one's does."""
        return sum(map(len, self.constants)) < _LIGHT

    def rows(self, columns: Mapping[str, Sequence[str]]) -> Iterable[tuple[bytes, ...]]:
        """Return the pieces for each reader, put together by columns: it is the loop that counts."""
        filled = {slot: _filled(slot, columns[slot.name]) for slot in {*self.slots}}
        strands: list[Iterable[bytes]] = [repeat(self.constants[0], len(columns["email"]))]
        for slot, constant in zip(self.slots, self.constants[1:], strict=True):
            strands += (filled[slot], repeat(constant))
        return zip(*strands, strict=False)

    def first(self, columns: Mapping[str, Sequence[str]]) -> tuple[bytes, ...]:
        """Return the pieces for the first reader alone."""
        names = {"email", *(slot.name for slot in self.slots)}
        return next(iter(self.rows({name: columns[name][:1] for name in names})))


@dataclass(frozen=True, slots=True)
class _Member:
    """A key and a column's value, where there is one."""

    before: bytes
    name: str


def _filled(slot: Slot | _Member, values: Sequence[str]) -> list[bytes]:
    if isinstance(slot, _Member):
        return [slot.before + value + b'"' if value else b"" for value in _escaped(values)]
    return _escaped(slot.column(values))


def _pieces(value: Json) -> Iterable[_Piece]:
    match value:
        case Each():
            yield from (b"[", value, b"]")
        case Pattern():
            yield b'"' + _escape(value.texts[0])
            for slot, text in zip(value.slots, value.texts[1:], strict=True):
                yield from (slot, _escape(text))
            yield b'"'
        case Mapping():
            yield b"{"
            yield from _members(value)
            yield b"}"
        case str():
            yield _quoted(value)
        case Sequence():
            yield b"["
            for number, part in enumerate(value):
                yield b"," if number else b""
                yield from _pieces(part)
            yield b"]"
        case IfAny():
            msg = "IfAny stands first in its object, or in none"
            raise ValueError(msg)
        case _:
            yield dumps(value).encode()


def _members(value: Mapping[str, Json]) -> Iterable[_Piece]:
    for number, (key, part) in enumerate(value.items()):
        opening = (b"," if number else b"") + _quoted(key) + b":"
        if number and isinstance(part, IfAny):
            yield _Member(opening + b'"', part.column)
        else:
            yield opening
            yield from _pieces(part)


def _quoted(text: str) -> bytes:
    return b'"' + _escape(text) + b'"'


def _escape(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode()


def _escaped(values: Sequence[str]) -> list[bytes]:
    """Escape many values, in one piece where that comes to the same."""
    apart = _escape(_APART.join(values)).split(_APART.encode())
    return apart if len(apart) == len(values) else [*map(_escape, values)]
