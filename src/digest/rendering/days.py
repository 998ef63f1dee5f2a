"""Days as people write them, in the languages that the public side speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

_SPELT = {
    "de": (
        "{day}. {month} {year}",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ),
    "en": (
        "{day} {month} {year}",
        "January February March April May June July August September October November December",
    ),
    "es": (
        "{day} de {month} de {year}",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
    "fr": (
        "{day} {month} {year}",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    ),
}
_FIRST = {"fr": "1er"}
"""The first of a month, where it is written otherwise than the other days."""


def day_of(day: date | None, language: str) -> str:
    """Return a day such as ``24 November 2026``, ``2026-11-24`` in a language unknown here, blank for None."""
    if day is None:
        return ""
    spoken = language.partition("-")[0].lower()
    if spoken not in _SPELT:
        return day.isoformat()
    form, months = _SPELT[spoken]
    number = _FIRST.get(spoken, "1") if day.day == 1 else day.day
    return form.format(day=number, month=months.split()[day.month - 1], year=day.year)
