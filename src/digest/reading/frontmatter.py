"""
Front matter: the keys on top of a file, each with its line.

It is YAML, composed and not constructed, so that a value stays the text that was written (`no` is "no",
`2026-02-30` can be called a day that does not exist) and every key knows its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import yaml

from digest.errors import ContentError, Place, did_you_mean
from digest.reading.fields import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from yaml.nodes import Node

    from digest.reading.faults import Faults

Value = TypeVar("Value")

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The keys of a file's front matter: their values as written, where they have one, and their lines."""

    path: str
    fields: Mapping[str, str]
    faults: Faults
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def place(self, key: str) -> Place:
        """Return where `key` stands; the head of the file, when it has no such key."""
        return Place(self.path, self.lines.get(key, 1))

    def has(self, key: str) -> bool:
        """Say whether `key` has a value that is not blank."""
        return bool(self.values.get(key, "").strip())

    def read(self, key: str, convert: Callable[[str], Value]) -> Value | None:
        """Return the value of `key`, converted; None where it is absent, blank or, as its faults say, wrong."""
        if not self.has(key):
            return None
        with self.faults.noted():
            try:
                return convert(self.values[key].strip())
            except ValueError as error:
                msg = f"`{key}`: {error}"
                raise ContentError(msg, place=self.place(key)) from error
        return None

    def text(self, key: str, convert: Callable[[str], str] = str) -> str | None:
        """Return the value of `key` in one line, with a slot's marker for each field of the reader."""

        def read(value: str) -> str:
            return convert(" ".join(mark(value, self.fields, self.path, self.lines[key]).split()))

        return self.read(key, read)


def read_front_matter(
    text: str, path: str, keys: Collection[str], fields: Mapping[str, str], faults: Faults
) -> FrontMatter:
    """
    Read front matter that may hold `keys`; unknown, doubled and nested ones go to `faults`.

    Raises:
        ContentError: it is no mapping of YAML.
    """
    front = FrontMatter(path=path, fields=fields, faults=faults)
    for key_node, value_node in _compose(text, path):
        key, place = str(key_node.value), Place(path, key_node.start_mark.line + 1)
        with faults.noted():
            _check(key, value_node, keys, front, place)
            front.lines[key] = place.line
            if value_node.tag != _NULL:
                front.values[key] = value_node.value
    return front


def _compose(text: str, path: str) -> list[tuple[Node, Node]]:
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        msg = f"the front matter is not YAML: {error.problem}"
        hint = 'A value with ": " or " #" in it, or one that begins with a sign, stands in quotes.'
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(msg, hint=hint, place=Place(path, line)) from error
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode):
        msg = "the front matter is no list of keys and values"
        raise ContentError(msg, hint="Write lines such as `subject: Hello`.", place=_place(node, path))
    pairs: list[tuple[Node, Node]] = node.value
    return pairs


def _check(key: str, value: Node, keys: Collection[str], front: FrontMatter, place: Place) -> None:
    if key not in keys:
        msg = f'unknown key "{key}"'
        raise ContentError(msg, hint=did_you_mean(key, keys), place=place)
    if key in front.lines:
        msg = f'the key "{key}" stands here a second time'
        raise ContentError(msg, hint=f"It stands in line {front.lines[key]} already; keep one of them.", place=place)
    if not isinstance(value, yaml.ScalarNode):
        msg = f"`{key}` is no plain text"
        raise ContentError(msg, hint=f'Put the value in quotes: {key}: "…"', place=place)


def _place(node: Node, path: str) -> Place:
    return Place(path, node.start_mark.line + 1)
