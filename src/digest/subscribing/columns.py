"""What the columns of a list hold: ours under their own names, or those of another service's export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place, did_you_mean, raise_all
from digest.subscribing.newcomers import COLUMNS
from digest.subscribing.services import fold, recognise

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from digest.subscribing.services import Service

_WAY_OUT = "Declare it under [fields] in digest.toml, or take it out; an import passes over it with --ignore-extra."


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How the rows of a list are understood."""

    fields: Collection[str]
    """The declared fields."""
    service: Service | None = None
    """Whose export it is, when it is one."""
    ignore_extra: bool = False

    def read(self, cells: Mapping[str, str]) -> Mapping[str, str]:
        """
        Return a row under the names of our columns and of the declared fields.

        Raises:
            ValueError: it says something that we do not understand.
        """
        if self.service is None:
            return cells
        theirs = {fold(column): cell for column, cell in cells.items()}
        found = {**self.service.further(theirs), **theirs}
        fields = {field: found[named] for field in self.fields for named in _spellings(field) if named in found}
        return fields | self.service.translate(theirs)

    def refuse_unknown(self, cells: Mapping[str, str]) -> None:
        """
        See to it that an object of JSON Lines, which names its columns itself, has no others than ours.

        Raises:
            ValueError: it has.
        """
        if "email" not in cells:
            msg = 'there is no key "email"'
            raise ValueError(msg)
        for column in cells:
            if not self.ignore_extra and column not in COLUMNS and column not in self.fields:
                msg = f'unknown key "{column}"; {did_you_mean(column, [*COLUMNS, *self.fields])}'
                raise ValueError(msg)


def understand(
    columns: Sequence[str] | None, source: str, fields: Collection[str], *, ignore_extra: bool
) -> tuple[Columns, list[str]]:
    """
    Return how a list with these columns is understood, and the columns that are passed over.

    Raises:
        ContentError: a column is missing, unknown, or there twice.
    """
    service = recognise(columns or ())
    understood = Columns(fields=fields, service=service, ignore_extra=ignore_extra)
    if columns is None:
        return understood, []
    known = _known(service, fields)
    spell = fold if service else str
    faults = []
    if service is None and "email" not in columns:
        faults.append(('there is no column "email"', "The first row names the columns; one of them is email."))
    for column, count in Counter(map(spell, columns)).items():
        if column not in known and not ignore_extra:
            faults.append((f'unknown column "{column}"', did_you_mean(column, known, then=_WAY_OUT)))
        elif column in known and count > 1:
            faults.append((f'the column "{column}" stands there {count} times', "Keep one of them."))
    raise_all([ContentError(msg, hint=hint, place=Place(source, 1)) for msg, hint in faults])
    return understood, [column for column in columns if spell(column) not in known]


def _known(service: Service | None, fields: Collection[str]) -> Collection[str]:
    if service is None:
        return [*COLUMNS, *fields]
    return service.known | {spelling for field in fields for spelling in _spellings(field)}


@cache
def _spellings(field: str) -> Collection[str]:
    """Return how services may head a column for a field: ``first_name`` is their "First Name"."""
    folded = fold(field)
    return {folded, folded.replace("_", " "), folded.replace("-", " ")}
