"""The text of ``digest.toml`` while it is read: its sections, what overrides them, and the faults found so far."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from digest.config.kinds import FeedUrl, FieldDefault, Grade, Line, Share, read_value, wanted_by
from digest.config.lines import lines_of_keys, read_tables, walk
from digest.config.settings import CHOICES, CLIENTS, FEEDS, FIELDS, GRADES, SECTIONS, SEGMENTS, ProviderChoice, keys_of
from digest.errors import Place, SettingsError, UsageError, did_you_mean, raise_all
from digest.model.people import FURTHER_FACTS, RESERVED_FIELDS
from digest.segments import parse_segment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import tzinfo

    from digest.segments import Segment

FILE_NAME = "digest.toml"

_KNOWN = (*SECTIONS, FIELDS, SEGMENTS, GRADES, CLIENTS, CHOICES, FEEDS)
_TAG = re.compile(r"[^\s,;\x00-\x1f\x7f](?:[^,;\x00-\x1f\x7f]*[^\s,;\x00-\x1f\x7f])?")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SECRET_KEY = re.compile(
    r"(^|[_-])((api|access|private|secret|signing)[_-]?key|token|password|passphrase|secret)s?$", re.IGNORECASE
)
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s@]*:[^/\s@]+@")


class Document:
    """
    The sections of the file, and a growing list of their faults. No fault quotes a value: it could be a secret.

    Raises:
        SettingsError: the text is not TOML.
    """

    def __init__(self, text: str) -> None:
        self._faults: list[SettingsError] = []
        self._text = text
        self._origins: dict[tuple[str, ...], Place] = {}
        tables = read_tables(text, FILE_NAME, hint='Texts need quotes: name = "Past the Plateau"')
        self._note_secrets(tables)
        self._sections = dict(self._known_sections(tables))

    def override(self, setting: str, value: str, origin: str) -> None:
        """Put a value from elsewhere in place of the file's; another provider's own keys are then of no use."""
        section, _, name = setting.partition(".")
        table = self._sections.get(section, {})
        others = setting == "provider.name" and value != table.get(name, ProviderChoice().name)
        self._sections[section] = {**({} if others else table), name: value}
        self._origins[section, name] = Place(origin)

    def attributes(self, section: str) -> dict[str, Any]:
        """Return the attributes that a declared section gives values to, and note its faults."""
        keys, table = keys_of(SECTIONS[section]), self._sections.get(section, {})
        for name in table:
            if name not in keys and SECTIONS[section] is not ProviderChoice:
                self._note_unknown(section, name, keys)
        for name, key in keys.items():
            if key.required and name not in table:
                self._note((section, name), f'[{section}] needs the key "{name}"', f"Give it {wanted_by(key.rule)}.")
        return {
            key.attribute: self._read(key.rule, section, name, table[name])
            for name, key in keys.items()
            if name in table
        }

    def options(self) -> dict[str, Any]:
        """Return the keys of ``[provider]`` that only the provider knows."""
        declared = keys_of(ProviderChoice)
        return {name: value for name, value in self._sections.get("provider", {}).items() if name not in declared}

    def fields(self) -> dict[str, str]:
        """Return the reader's fields with their defaults, and note their faults."""
        table = self._sections.get(FIELDS, {})
        for name in table:
            if name in RESERVED_FIELDS:
                self._note((FIELDS, name), f'every reader has "{name}" already', "Take it out of [fields].")
            elif name in FURTHER_FACTS or name.startswith("consent_"):
                self._note(
                    (FIELDS, name), f'"{name}" means something else in lists and segments', "Choose another name."
                )
            elif not _FIELD_NAME.fullmatch(name):
                hint = "Use small letters, digits and underscores, and begin with a letter: first_name"
                self._note((FIELDS, name), f'"{name}" cannot be the name of a field', hint)
        return {name: self._read(FieldDefault, FIELDS, name, value) for name, value in table.items()}

    def segments(self, fields: Collection[str], timezone: tzinfo) -> dict[str, Segment]:
        """Return the segments that have names, and note their faults."""
        found = {}
        for name, text in self._sections.get(SEGMENTS, {}).items():
            if not isinstance(text, str):
                self._note((SEGMENTS, name), f'{SEGMENTS}.{name} must be an expression such as "tag:pro"')
                continue
            try:
                found[name] = parse_segment(text, fields=fields, timezone=timezone)
            except UsageError as error:
                self._note((SEGMENTS, name), f"{SEGMENTS}.{name}: {error.sentence}", error.hint)
        return found

    def grades(self) -> dict[str, str]:
        """Return how much rules weigh, and note what is no such weight."""
        table = self._sections.get(GRADES, {})
        return {name: self._read(Grade, GRADES, name, value) for name, value in table.items()}

    def clients(self) -> dict[str, int]:
        """Return the shares of mail programs in per cent, and note what is none."""
        table = self._sections.get(CLIENTS, {})
        return {name: self._read(Share, CLIENTS, name, value) for name, value in table.items()}

    def choices(self) -> dict[str, str]:
        """Return the tags that readers may choose from, in the words that they see, and note what can be no tag."""
        table = self._sections.get(CHOICES, {})
        for name in table:
            if not _TAG.fullmatch(name):
                hint = "Commas and semicolons stand between tags, and a tag has neither."
                self._note((*CHOICES.split("."), name), f'"{name}" cannot be a tag', hint)
        return {name: self._read(Line, CHOICES, name, value) for name, value in table.items()}

    def feeds(self) -> dict[str, str]:
        """Return the addresses of feeds by their names, and note what is none."""
        table = self._sections.get(FEEDS, {})
        return {name: self._read(FeedUrl, FEEDS, name, value) for name, value in table.items()}

    def raise_faults(self) -> None:
        """Raise what was noted, in the order of the lines."""
        raise_all(sorted(self._faults, key=lambda fault: fault.place.line if fault.place else 0))

    def _read(self, rule: Any, section: str, name: str, value: object) -> Any:
        try:
            return read_value(rule, value)
        except ValueError:
            self._note((*section.split("."), name), f"{section}.{name} must be {wanted_by(rule)}")
            return None

    def _known_sections(self, tables: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, table in _with_inner_sections_apart(tables):
            path = tuple(name.split("."))
            if name in _KNOWN and isinstance(table, dict):
                yield name, table
            elif name in _KNOWN:
                self._note(path, f"{name} must be a section, which begins with [{name}]")
            elif isinstance(table, dict | list):
                self._note(path, f"there is no section [{name}]", did_you_mean(name, _KNOWN))
            else:
                self._note(path, f'"{name}" stands above the first section', "Move it below the name of its section.")

    def _note_secrets(self, tables: Mapping[str, Any]) -> None:
        hint = "Put it in the environment, or in .env; and get a new one if this file has left your machine."
        for path, value in walk(tables):
            if _is_secret(path[-1]) and not _names_no_setting(path) and not isinstance(value, dict):
                self._note(path, f'"{path[-1]}" is a secret, and secrets do not belong in this file', hint)
            elif isinstance(value, str) and _PASSWORD_IN_ADDRESS.search(value):
                self._note(path, f'"{path[-1]}" holds a password, and secrets do not belong in this file', hint)

    def _note_unknown(self, section: str, name: str, known: Iterable[str]) -> None:
        if not _is_secret(name):  # that has been said
            path = (*section.split("."), name)
            self._note(path, f'there is no key "{name}" in [{section}]', did_you_mean(name, known))

    def _note(self, path: tuple[str, ...], sentence: str, hint: str = "") -> None:
        place = self._origins.get(path) or Place(FILE_NAME, self._line(path))
        self._faults.append(SettingsError(sentence, hint=hint, place=place))

    def _line(self, path: tuple[str, ...]) -> int:
        """Return the line of a key, or of the nearest section around it; 0 where neither is in the file."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        return lines_of_keys(self._text)


def _with_inner_sections_apart(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the sections of the file, with those that stand inside others, such as ``[theme.dark]``, by themselves."""
    for name, table in tables.items():
        inner = {key for key in table if f"{name}.{key}" in _KNOWN} if isinstance(table, dict) else set()
        yield from ((f"{name}.{key}", table[key]) for key in inner)
        yield name, {key: value for key, value in table.items() if key not in inner} if inner else table


def _names_no_setting(path: tuple[str, ...]) -> bool:
    """Return whether a key is no setting's name but that of a field or a rule, which may sound as it likes."""
    return path[0] == FIELDS or ".".join(path[:-1]) == GRADES


def _is_secret(name: str) -> bool:
    return bool(_SECRET_KEY.search(name))
