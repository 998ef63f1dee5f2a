"""
MJML to HTML through MRML, checked before and hardened against MRML's silent corruptions.

Measured with mjml-python 1.4.2 (MRML 6.0.1) in 2026-11: MRML prints attributes with Rust's ``{:?}``, so that quotes,
backslashes and whatever Rust holds for unprintable arrive as Rust escapes; it drops space that begins with a line's
end; it reads a 0 without a unit as if it were not there; and it knows neither tags nor attributes (see `mjml_check`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from mjml import mjml2html

from digest.errors import ContentError, raise_all
from digest.rendering.mjml_check import find_faults
from digest.rendering.mjml_source import Comment, Source, Tag, Text, mark_origin, tokenize
from digest.rendering.mjml_tags import Content, rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.rendering.mjml_source import Token

__all__ = ["compile_mjml", "mark_origin"]


def compile_mjml(source: str) -> str:
    """
    Compile rendered MJML, with or without marks of origin, to HTML.

    Raises:
        ContentError: something in it would be refused, lost or garbled.
        CombinedError: several things.
    """
    read = Source.read(source)
    tokens = list(tokenize(read.text))
    raise_all(find_faults(read, tokens))
    pieces = list(_harden(tokens))
    try:
        return mjml2html("".join(text for _, text in pieces), fonts={}, disable_comments=True)
    except ValueError as error:
        raise _refusal(str(error), read, pieces) from error


def _harden(tokens: Iterable[Token]) -> Iterator[tuple[int, str]]:
    """Write each token so that MRML keeps what it says, beside its position in the source."""
    holder = ""  # the open tag that holds HTML or text
    preformatted = 0
    for token in tokens:
        match token:
            case Tag():
                rule = rules().get(token.name)
                if rule and rule.content is not Content.TAGS and not token.empty:
                    holder = "" if token.closing else token.name
                elif token.name == "pre" and not token.empty:
                    preformatted += -1 if token.closing else 1
                yield token.start, _tag(token)
            case Text() if holder:
                yield token.start, _text(token.text, holder, preformatted=preformatted > 0)
            case Comment(conditional=True):
                yield token.start, f"<!--{token.text}-->"
            case _:
                pass  # space and comments among MJML's tags, which MRML does not take everywhere


def _tag(tag: Tag) -> str:
    if tag.closing:
        return str(tag)
    attributes = (_attribute(tag.name, attribute.name, attribute.value) for attribute in tag.attributes)
    return f"<{tag.name}{''.join(attributes)}{' /' if tag.empty else ''}>"


@lru_cache(maxsize=4096)  # stories are written alike: most of their attributes repeat
def _attribute(tag: str, name: str, value: str | None) -> str:
    if value is None:
        return f" {name}"
    rule = rules().get(tag)
    if rule and any(kind.is_measure for kind in rule.attributes[name]):
        value = " ".join("0px" if measure == "0" else measure for measure in value.split())
    return f' {name}="{_as_attribute(value)}"'


# Rust's idea of what is printable changes with each edition of Unicode; plain ASCII is printable in all of them.
_UNSAFE = re.compile(r"[^ !#-\[\]-~]")


def _as_attribute(value: str) -> str:
    if not _UNSAFE.search(value):
        return value
    lines = (line.strip(" \t") for line in value.split("\n"))
    flat = " ".join(filter(None, lines)) if "\n" in value else value
    return _UNSAFE.sub(lambda found: f"&#{ord(found[0])};", flat)


def _text(text: str, holder: str, *, preformatted: bool) -> str:
    if holder == "mj-title":  # MRML repeats it in an attribute
        return _as_attribute(text.strip())
    if text.startswith("\n") and not text.strip():
        return f"&#10;{text[1:]}" if preformatted else f" {text}"
    return text.replace("]]>", "]]&gt;")  # XML keeps this for the end of CDATA


_POSITION = re.compile(r" in root template(?: at position (\d+):\d+)?")


def _refusal(error: str, source: Source, pieces: list[tuple[int, str]]) -> ContentError:
    """Say where MRML stopped, as far as it says so itself: in bytes of what it was given."""
    found = _POSITION.search(error)
    offset = int(found[1]) if found and found[1] else 0
    ends = accumulate(len(text.encode()) for _, text in pieces)
    position = next((start for (start, _), end in zip(pieces, ends, strict=True) if end > offset), 0)
    sentence = f"the MJML cannot be compiled: {_POSITION.sub('', error)}"
    return ContentError(
        sentence, hint="Look near this place for HTML that is not closed.", place=source.place(position)
    )
