"""
A source file: its text, and the front matter on top of it with the line of each key.

The front matter is YAML between two lines of `---`. It is composed and not constructed, so that a value
stays the text that was written (`no` is "no", `2026-02-30` can be called a day that does not exist) and
every key knows its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import yaml

from digest.errors import ContentError, Place, did_you_mean, raise_all

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from yaml.nodes import Node

Value = TypeVar("Value")

_FENCE = "---"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The keys of a file's front matter, their values as written, and their lines."""

    path: str
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def place(self, key: str) -> Place:
        """Return where `key` stands; the head of the file, when it has no such key."""
        return Place(self.path, self.lines.get(key, 1))

    def read(self, key: str, convert: Callable[[str], Value]) -> Value | None:
        """
        Return the value of `key`, converted; None when the key is absent.

        Raises:
            ContentError: the value is blank, or `convert` says by a ValueError what is wrong with it.
        """
        if key not in self.values:
            return None
        if not self.values[key].strip():
            msg = f"`{key}` has no value"
            raise ContentError(
                msg, hint=f"Write one, or delete the line to take the default of `{key}`.", place=self.place(key)
            )
        try:
            return convert(self.values[key])
        except ValueError as error:
            msg = f"`{key}`: {error}"
            raise ContentError(msg, place=self.place(key)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, read: `body` holds blank lines where its front matter stood, so that lines keep their numbers."""

    path: Path
    shown: str
    """The path as messages show it."""
    front: FrontMatter
    body: str


def read_source(path: Path, shown: str, keys: Collection[str]) -> Source:
    """
    Read a file whose front matter may hold `keys`.

    Raises:
        ContentError: it is not UTF-8, or its front matter is not what it should be.
    """
    text = _decode(path.read_bytes(), shown)
    front, body = _split(text, shown)
    return Source(path=path, shown=shown, front=_compose(front, shown, keys), body=body)


def _decode(raw: bytes, shown: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = "this is not UTF-8 text"
        place = Place(shown, raw[: error.start].count(b"\n") + 1)
        raise ContentError(msg, hint="Save the file as UTF-8 in your editor.", place=place) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str, shown: str) -> tuple[str, str]:
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return "", text
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        msg = "the front matter that begins here never ends"
        raise ContentError(msg, hint="Put a line of three hyphens, ---, below its last key.", place=Place(shown, 1))
    return "\n".join(lines[1:end]), "\n" * (end + 1) + "\n".join(lines[end + 1 :])


def _compose(front: str, shown: str, keys: Collection[str]) -> FrontMatter:
    try:
        node = yaml.compose(front, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        msg = f"the front matter is not YAML: {error.problem}"
        hint = 'A value with ": " in it, or one that begins with a sign, stands in quotes.'
        raise ContentError(msg, hint=hint, place=Place(shown, line)) from error
    except yaml.YAMLError as error:
        msg = "the front matter holds a character that YAML does not allow"
        raise ContentError(msg, hint="Delete the invisible character.", place=Place(shown, 1)) from error
    if node is None:
        return FrontMatter(path=shown)
    if not isinstance(node, yaml.MappingNode):
        msg = "the front matter is no list of keys and values"
        raise ContentError(msg, hint="Write lines such as `subject: Hello`.", place=Place(shown, 2))
    return _collect(node, shown, keys)


def _collect(node: yaml.MappingNode, shown: str, keys: Collection[str]) -> FrontMatter:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    faults: list[ContentError] = []
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 2
        fault = _fault(key, value_node, keys, lines)
        if fault:
            faults.append(ContentError(fault[0], hint=fault[1], place=Place(shown, line)))
            continue
        values[key], lines[key] = value_node.value, line
    raise_all(faults)
    return FrontMatter(path=shown, values=values, lines=lines)


def _fault(key: str, value: Node, keys: Collection[str], lines: dict[str, int]) -> tuple[str, str] | None:
    if key not in keys:
        return f'unknown key "{key}"', did_you_mean(key, keys)
    if key in lines:
        return (
            f'the key "{key}" stands here a second time',
            f"It stands in line {lines[key]} already; keep one of them.",
        )
    if not isinstance(value, yaml.ScalarNode):
        return f"`{key}` is no plain text", f'Put the value in quotes: {key}: "…"'
    return None
