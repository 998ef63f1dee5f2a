"""
The fields of the reader in prose: `{{ name }}` and `{{ name or "fallback" }}`, and no other form.

Markdown must neither mangle them nor see them, and in code they are plain text. So every pair of braces
is *hidden* before Markdown, in a word that keeps the original and its line, and decided afterwards, when
it is known whether it stands in code: there it is *restored*, elsewhere *resolved* into a slot's marker.
"""

from __future__ import annotations

import re
from html import unescape as unescape_entities
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place, UnknownFieldError, did_you_mean
from digest.model import RESERVED_FIELDS, Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a backslash escapes is passed over. A backtick ends a pair, since it may end the code that the braces stand in.
_BRACES = re.compile(r"\\\\|\\\{+|(\{\{(?:[^`\n]*?\}\}+)?)")
_HIDDEN = re.compile(r"zbraces(\d+)x([0-9a-f]+)z")
RESERVED = re.compile(r"z(?:slot|braces|insert)[0-9a-f]\w*", re.IGNORECASE)
"""Words that nobody but us may write."""
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FIELD = re.compile(r"""\{\{\s*([A-Za-z_]\w*)(?:\s+or\s+(?:"([^"]+)"|'([^']+)'))?\s*\}\}""")
_ESCAPED = re.compile(r"\\(?=\{\{)")
_LITERAL_HINT = r"Braces that are meant as text stand in code, or behind a backslash: \{{"


def hide(text: str, path: str, line: int = 1) -> str:
    """
    Return `text` with each pair of braces, outside of escapes, as a word that Markdown leaves alone.

    Args:
        text: as the editor wrote it.
        path: the file, for messages.
        line: the number of its first line.

    Raises:
        ContentError: the text holds one of our own words, which could not be told from a field.
    """
    _refuse_reserved(text, path, line)
    # Markdown joins what a comment parts, and reads entities.
    _refuse_reserved(unescape_entities(_COMMENT.sub("", text)), path, line)
    return "\n".join(_hide_in_line(part, number) for number, part in enumerate(text.split("\n"), line))


def _refuse_reserved(text: str, path: str, line: int) -> None:
    reserved = RESERVED.search(text)
    if reserved:
        msg = f"the word {reserved[0]} is reserved, since digest marks fields by such words"
        place = Place(path, line + text.count("\n", 0, reserved.start()))
        raise ContentError(msg, hint="Change a letter of it.", place=place)


def _hide_in_line(line: str, number: int) -> str:
    return _BRACES.sub(lambda match: f"zbraces{number}x{match[1].encode().hex()}z" if match[1] else match[0], line)


def restore(text: str) -> str:
    """Return `text` with its braces as they were written, for code."""
    return _HIDDEN.sub(lambda match: bytes.fromhex(match[2]).decode(), text)


def resolve(text: str, defaults: Mapping[str, str], path: str) -> str:
    """
    Return `text`, which `hide` has gone over, with a slot's marker for each field.

    Args:
        text: as it came out of Markdown.
        defaults: the declared fields; a default that is not blank serves as the fallback.
        path: the file, for messages.

    Raises:
        ContentError: a field that is not declared, or braces that are no field.
    """

    def slot(match: re.Match[str]) -> str:
        return _read_field(bytes.fromhex(match[2]).decode(), defaults, Place(path, int(match[1]))).marker

    return _HIDDEN.sub(slot, text)


def mark(text: str, defaults: Mapping[str, str], path: str, line: int) -> str:
    """
    Return a text that is no Markdown with a slot's marker for each field.

    Raises:
        ContentError: as `hide` and `resolve` do.
    """
    return unescape(resolve(hide(text, path, line), defaults, path))


def unescape(text: str) -> str:
    r"""Return `text` with ``\{{`` as ``{{``, which is Markdown's part in prose and ours elsewhere."""
    return _ESCAPED.sub("", text)


def _read_field(written: str, defaults: Mapping[str, str], place: Place) -> Slot:
    match = _FIELD.fullmatch(written)
    if match is None:
        msg = f"`{written}` is no field of the reader"
        hint = f'Two forms exist: {{{{ name }}}} and {{{{ name or "fallback" }}}}. {_LITERAL_HINT}'
        raise ContentError(msg, hint=hint, place=place)
    name = match[1]
    known = {*defaults, *RESERVED_FIELDS} - {"token"}
    if name not in known:
        msg = f'no field "{name}" is declared'
        where = "Fields are declared under [fields] in digest.toml."
        hint = did_you_mean(name, known, then=f"{where} {_LITERAL_HINT}")
        raise UnknownFieldError(msg, hint=hint, place=place)
    return Slot(name=name, fallback=match[2] or match[3] or defaults.get(name) or None)
