"""
What pages and mails say beside an issue's text: built in for some languages, overridden by the newsletter's own.

    [leave]
    title = "Unsubscribe"
    question = "You get no more mail from {newsletter}."

A text is plain. What stands in braces is put in when it is said; which names there are, the built-in text shows.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from digest.config.lines import lines_of_keys, read_tables
from digest.errors import Place, SettingsError, did_you_mean, raise_all
from digest.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.config import Settings

FILE = "templates/wording.toml"
"""Where a newsletter has words of its own."""
BUILT_IN = Path(__file__).parent / "wordings"
_DEFAULT = "en"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one newsletter, by ``section.name``."""

    language: str
    """Of the texts, as HTML has it: the newsletter's, or English where few are in that."""
    texts: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """
        Return the words of a newsletter.

        Raises:
            SettingsError: its own file is no TOML, or says what is never said.
            CombinedError: it has several faults.
        """
        wanted = settings.newsletter.language
        spoken = wanted.partition("-")[0].lower()
        is_spoken = spoken in languages()
        built_in = read_built_in(spoken if is_spoken else _DEFAULT)
        own = _read_own(settings.root, built_in)
        is_spoken = is_spoken or len(own) > len(built_in) / 2
        return cls(wanted if is_spoken else _DEFAULT, MappingProxyType({**built_in, **own}))

    def say(self, key: str, **values: object) -> str:
        """Return a text with values put in; it is plain, whatever they hold."""
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), self.texts[key])


def languages() -> list[str]:
    """Return the languages that are built in."""
    return sorted(path.stem for path in BUILT_IN.glob("*.toml"))


def read_built_in(language: str) -> dict[str, str]:
    """Return the built-in texts of a language."""
    tables = tomllib.loads((BUILT_IN / f"{language}.toml").read_text("utf-8"))
    return {f"{section}.{name}": text for section, table in tables.items() for name, text in table.items()}


def placeholders(text: str) -> set[str]:
    """Return the names that stand in braces."""
    return set(_PLACEHOLDER.findall(text))


def _read_own(root: Path, built_in: Mapping[str, str]) -> dict[str, str]:
    try:
        text = read_text(root / FILE, FILE, SettingsError)
    except FileNotFoundError:
        return {}
    tables = read_tables(text, FILE, hint='Texts need quotes: title = "Unsubscribe"')
    lines = lines_of_keys(text)
    faults: list[SettingsError] = []
    own = {}
    for path, value in _texts(tables):
        fault = _fault(".".join(path), value, built_in)
        if fault:
            fault.place = Place(FILE, lines.get(path, 0))
            faults.append(fault)
        else:
            own[".".join(path)] = str(value)
    raise_all(faults)
    return own


def _texts(tables: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    for section, table in tables.items():
        if isinstance(table, dict):
            yield from (((section, name), value) for name, value in table.items())
        else:
            yield (section,), table


def _fault(key: str, value: object, built_in: Mapping[str, str]) -> SettingsError | None:
    if key not in built_in:
        return SettingsError(f"nothing is worded {key}", hint=did_you_mean(key, built_in))
    if not isinstance(value, str) or not value.strip():
        return SettingsError(f"{key} must be a text", hint=f'Such as "{built_in[key]}"')
    known = placeholders(built_in[key])
    strange = sorted(placeholders(value) - known)
    if strange:
        return SettingsError(f"{key} knows no {{{strange[0]}}}", hint=did_you_mean(strange[0], known))
    return None
