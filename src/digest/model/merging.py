"""
An edition in the merge language of a service: one text for a whole batch, beside a table of values.

A slot becomes a variable. So does whatever in the edition *looks* like the service's language, an issue about that
very language for one: its value is what stood there, the same for all, so it arrives as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping, Sequence

    from digest.model.edition import Edition
    from digest.model.pattern import Pattern, Slot
    from digest.model.people import Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How a service writes variables; kept as a constant, since what is made with it is remembered by it."""

    variable: Callable[[str], str]
    """Spells the variable of a name, which has letters and digits only: ``%recipient.v1%``."""
    special: re.Pattern[str]
    """
    Whatever the service would take for its own language, be it only beside a variable: best every sign that opens or
    closes something there, so that ``{`` and ``{{v1}}`` never become ``{{{v1}}``.
    """
    guarded: bool = False
    """
    Whether names carry a part of the edition's fingerprint, which no reader can guess: for services that look for
    variables in the values, too, or know them by their names alone.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """An edition whose slots are spelled as variables."""

    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    slots: Mapping[str, Slot]
    """The slots by the names of their variables."""
    constants: Mapping[str, str]
    """Variables whose value is the same for everyone."""

    def columns(self, readers: Readers) -> dict[str, Sequence[str]]:
        """Return a value for each of `readers` by variable: filled and made safe for where the slot stands."""
        filled = {name: slot.column(readers.columns[slot.name]) for name, slot in self.slots.items()}
        return {**filled, **{name: [value] * len(readers) for name, value in self.constants.items()}}


@lru_cache(maxsize=4)
def merge(edition: Edition, spelling: Spelling) -> Merge:
    """Spell the slots of `edition` as variables; asked for the same again, it is at hand."""
    guard = f"d{edition.fingerprint[:8]}" if spelling.guarded else ""
    slots = {slot: f"{guard}v{number}" for number, slot in enumerate(_slots_of(edition))}
    constants: dict[str, str] = {}

    def spelled(pattern: Pattern) -> str:
        return pattern.spell(lambda slot: spelling.variable(slots[slot]), lambda text: spelling.special.sub(kept, text))

    def kept(match: re.Match[str]) -> str:
        name = constants.setdefault(match[0], f"{guard}c{len(constants)}")
        return spelling.variable(name)

    return Merge(
        subject=spelled(edition.subject),
        html=spelled(edition.html),
        text=spelled(edition.text),
        headers={name: spelled(pattern) for name, pattern in edition.headers.items()},
        slots={name: slot for slot, name in slots.items()},
        constants={name: text for text, name in constants.items()},
    )


def _slots_of(edition: Edition) -> Sequence[Slot]:
    return list(dict.fromkeys(slot for pattern in edition.patterns for slot in pattern.slots))
