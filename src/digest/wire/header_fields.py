"""
Header fields as they stand on the wire: folded, encoded where words are shown to people, and safe from injection.

`email.message` turns a List-Unsubscribe of 76 characters into encoded words, which RFC 2047 section 5 forbids
and mail readers do not read; here, list fields fold between their addresses and nowhere else.
"""

from __future__ import annotations

import re
from base64 import b64encode
from bisect import bisect_right
from typing import TYPE_CHECKING
from urllib.parse import quote

import idna

from digest.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from digest.model import Address

_WIDTH = 76  # RFC 2047 section 2 allows no more on a line with an encoded word; RFC 5322 section 2.1.1 wishes for 78.
_LONGEST = 998  # RFC 5322 section 2.1.1
_ENVELOPE = len("=?utf-8?q??=")

_NAME = re.compile(r"[!-9;-~]{1,70}")
_WORD = re.compile(r" +[^ ]+")
_ATEXT = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ATOMS = re.compile(rf"{_ATEXT}(?: {_ATEXT})*", re.ASCII)
_LOCAL_PART = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*", re.ASCII)
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*", re.ASCII)
# Every control character and line separator (each one that str.splitlines knows), and halves of surrogate pairs.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# RFC 2047 section 5 (3): in a display name, these alone stand for themselves.
_LITERAL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_OCTETS = [chr(octet) if octet in _LITERAL else f"={octet:02X}" for octet in range(256)]
_OCTETS[ord(" ")] = "_"


def address_field(name: str, address: Address) -> bytes:
    """
    Return the field called `name`, with its line end, for one mailbox.

    Raises:
        ContentError: the address or its display name cannot stand in a field.
    """
    _refuse_unsafe(name, address.name)
    spelled = wire_address(address.email, name)
    if not address.name.strip(" "):
        return _folded(name, [f" {spelled}"])
    return _folded(name, [*_phrase(name, address.name), f" <{spelled}>"])


def subject_field(name: str, value: str) -> bytes:
    """
    Return a field of free text, for people.

    Raises:
        ContentError: `value` holds a line break or a control character.
    """
    _refuse_unsafe(name, value)
    words = _WORD.findall(f" {value}")
    if _is_plain(value) and value == value.strip(" ") and _fit(name, words):
        return _folded(name, words)
    return _folded(name, _encoded_words(name, value))


def further_field(name: str, value: str) -> bytes:
    """
    Return any other field: programs read most of them, so what is ASCII is never encoded.

    Raises:
        ContentError: `value` cannot stand in this field.
    """
    if not _NAME.fullmatch(name):
        msg = f"{name!r} is no name of a header field"
        raise ContentError(msg, hint="Names are letters, digits and hyphens, such as List-Id.")
    _refuse_unsafe(name, value)
    if name.lower() == "list-id":
        return _list_id(name, value)
    if name.lower().startswith("list-"):
        return _folded(name, [f" {part}" for part in re.split(r"(?<=,) *(?=<)", value.strip(" "))])
    if _is_plain(value):
        return _folded(name, _WORD.findall(f" {value}"))
    return _folded(name, _encoded_words(name, value))


def parameter(name: str, value: str) -> str:
    """Return a parameter of a MIME field, such as ``filename="cover.png"``; beyond ASCII, as RFC 2231 has it."""
    if value.isascii() and not _UNSAFE.search(value):
        return f"{name}={_quoted(value)}"
    return f"{name}*=utf-8''{quote(value, safe='')}"


def wire_address(email: str, name: str) -> str:
    """
    Return `email` as mail servers know it, with an international domain in its ASCII form.

    Raises:
        ContentError: it has no such form; the sentence names the field `name`, and not the address.
    """
    local_part, _, domain = email.rpartition("@")
    if not _LOCAL_PART.fullmatch(local_part):
        msg = f"the address in the header field {name} has an unusual character before its @"
        raise ContentError(msg, hint="Mail servers take letters, digits, dots and signs such as + or - there.")
    return f"{local_part}@{wire_domain(domain, name)}"


def wire_domain(domain: str, name: str) -> str:
    """
    Return `domain` as the domain name system knows it.

    Raises:
        ContentError: it is no domain; the sentence names the field `name`.
    """
    if _DOMAIN.fullmatch(domain):
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        msg = f"the domain of the address in the header field {name} cannot exist"
        raise ContentError(msg, hint="Correct what stands behind the @.") from error


def _refuse_unsafe(name: str, value: str) -> None:
    if _UNSAFE.search(value):
        msg = f"the header field {name} would hold a line break or a control character"
        raise ContentError(msg, hint="Remove it from the issue, the settings, or the reader's name and fields.")


def _is_plain(value: str) -> bool:
    """Tell whether nobody could take `value` for encoded words or for another charset."""
    return value.isascii() and "=?" not in value


def _list_id(name: str, value: str) -> bytes:
    phrase, _, identifier = value.strip(" ").rpartition("<")
    words = _phrase(name, phrase.strip(" ")) if phrase else []
    return _folded(name, [*words, f" <{identifier}"])


def _phrase(name: str, text: str) -> Sequence[str]:
    """Return a display name as words that each begin with a space: bare, quoted, or encoded."""
    if _is_plain(text):
        words = _WORD.findall(f" {text if _ATOMS.fullmatch(text) else _quoted(text)}")
        if _fit(name, words):
            return words
    return list(_encoded_words(name, text))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded_words(name: str, text: str) -> Iterator[str]:
    """Cut `text` into encoded words between characters; the first leaves room for the field's name."""
    letter, encode = min((("q", _q), ("b", _b)), key=lambda spelling: len(spelling[1](text)))
    room = _WIDTH - len(f"{name}: ") - _ENVELOPE
    while text:
        end = _longest_start(text, room, encode)
        yield f" =?utf-8?{letter}?{encode(text[:end])}?="
        text = text[end:]
        room = _WIDTH - len(" ") - _ENVELOPE


def _longest_start(text: str, room: int, encode: Callable[[str], str]) -> int:
    """Return how many characters, at least one, of `text` can be encoded in `room`."""
    lengths = range(1, min(len(text), room) + 1)
    return max(1, bisect_right(lengths, room, key=lambda length: len(encode(text[:length]))))


def _q(text: str) -> str:
    return "".join([_OCTETS[octet] for octet in text.encode()])


def _b(text: str) -> str:
    return b64encode(text.encode()).decode()


def _fit(name: str, words: Sequence[str]) -> bool:
    return len(f"{name}:") + len(words[0] if words else "") <= _WIDTH >= max(map(len, words), default=0)


def _folded(name: str, words: Iterable[str]) -> bytes:
    """Join words that each begin with a space, and break the line before one that would not fit."""
    lines: list[str] = []
    line = f"{name}:"
    for number, word in enumerate(words):
        if number and len(line) + len(word) > _WIDTH:
            lines.append(line)
            line = ""
        line += word
    lines.append(line)
    _refuse_unfit(name, lines)
    return "\r\n".join([*lines, ""]).encode()


def _refuse_unfit(name: str, lines: Sequence[str]) -> None:
    if not all(map(str.isascii, lines)):
        msg = f"the header field {name} holds characters beyond ASCII where only an address may stand"
        raise ContentError(msg, hint="Write the address with %-escapes, and its domain in its xn-- form.")
    if max(map(len, lines)) > _LONGEST:
        msg = f"the header field {name} has a line of more than {_LONGEST} characters"
        raise ContentError(msg, hint="Shorten it: mail servers refuse such lines.")
