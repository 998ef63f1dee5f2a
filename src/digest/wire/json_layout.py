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
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, TypeAlias

from digest.model import Pattern
from digest.wire.bodies import Body

if TYPE_CHECKING:
    from digest.model import Slot

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | Pattern | Each | IfAny | str | int | float | bool | None"
_Piece: TypeAlias = "bytes | Slot | _Member | Each"
_APART = "\x7f"


@dataclass(frozen=True, slots=True)
class Each:
    """An array with an item for each reader; a layout has one at most."""

    item: Json


@dataclass(frozen=True, slots=True)
class IfAny:
    """A column's value that is left out together with its key where it is blank; never the first of its object."""

    column: str


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """
    JSON cut at its slots: ``texts[0] slots[0] texts[1] …``.

    Outside of `Each`, a slot takes the first reader's value: it is for what all of a batch share.
    """

    before: _Cut
    item: _Cut
    after: _Cut

    @classmethod
    def of(cls, value: Json) -> JsonLayout:
        """Write `value` down. Strings may hold anything; a pattern's slots are escaped for where they stand."""
        before: list[_Piece] = []
        after: list[_Piece] = []
        item: Json = None
        found = before
        for piece in _pieces(value):
            if isinstance(piece, Each):
                item, found = piece.item, after
            else:
                found.append(piece)
        return cls(_Cut.of(before), _Cut.of(_pieces(item)), _Cut.of(after))

    def fill(self, columns: Mapping[str, Sequence[str]]) -> Body:
        """Return the JSON for a batch; `columns` has a value for each reader, by the names of the slots."""
        rows = self.item.rows(columns)
        inner = chain.from_iterable(chain.from_iterable(zip(repeat((b",",)), rows, strict=False)))
        next(inner, None)  # no comma goes before the first
        return Body((*self.before.first(columns), *inner, *self.after.first(columns)))


@dataclass(frozen=True, slots=True)
class _Cut:
    """A piece of JSON: constants, and the slots between them."""

    constants: tuple[bytes, ...]
    slots: tuple[Slot | _Member, ...]

    @classmethod
    def of(cls, pieces: Iterable[_Piece]) -> _Cut:
        constants, slots = [b""], []
        for piece in pieces:
            if isinstance(piece, bytes):
                constants[-1] += piece
            elif not isinstance(piece, Each):
                slots.append(piece)
                constants.append(b"")
        return cls(tuple(constants), tuple(slots))

    def rows(self, columns: Mapping[str, Sequence[str]]) -> list[tuple[bytes, ...]]:
        """Return the pieces for each reader."""
        filled = {slot: _filled(slot, columns[slot.name]) for slot in {*self.slots}}
        readers = len(columns["email"])
        turns = zip([filled[slot] for slot in self.slots], map(repeat, self.constants[1:]), strict=True)
        return [*zip(repeat(self.constants[0], readers), *chain.from_iterable(turns), strict=False)]

    def first(self, columns: Mapping[str, Sequence[str]]) -> tuple[bytes, ...]:
        """Return the pieces for the first reader alone."""
        first = {slot.name: columns[slot.name][:1] for slot in self.slots}
        return self.rows({"email": columns["email"][:1], **first})[0]


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
            yield b"["
            yield value
            yield b"]"
        case Pattern():
            yield b'"'
            for number, text in enumerate(value.texts):
                yield from (value.slots[number - 1],) if number else ()
                yield _escape(text)
            yield b'"'
        case Mapping():
            yield from _members(value)
            yield b"}" if value else b"{}"
        case str():
            yield encode_basestring(value).encode()
        case Sequence():
            for number, part in enumerate(value):
                yield b"," if number else b"["
                yield from _pieces(part)
            yield b"]" if value else b"[]"
        case None | bool():
            yield {None: b"null", True: b"true", False: b"false"}[value]
        case _:
            yield repr(value).encode()


def _members(value: Mapping[str, Json]) -> Iterable[_Piece]:
    for number, (key, part) in enumerate(value.items()):
        name = encode_basestring(key).encode() + b":"
        if isinstance(part, IfAny):
            yield _Member(b"," + name + b'"', part.column)
        else:
            yield (b"," if number else b"{") + name
            yield from _pieces(part)


def _escape(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode()


def _escaped(values: Sequence[str]) -> list[bytes]:
    """Escape many values, in one piece where that comes to the same."""
    apart = _escape(_APART.join(values)).split(_APART.encode())
    return apart if len(apart) == len(values) else [*map(_escape, values)]
