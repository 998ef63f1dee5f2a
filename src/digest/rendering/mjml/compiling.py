"""
MJML to HTML through MRML, checked before and kept from MRML's silent corruptions.

Measured with mjml-python 1.4.2 (MRML 6.0.1) in 2026-11:

* MRML prints attributes with Rust's ``{:?}``: quotes, backslashes and what Rust holds for unprintable (emoji with a
  variation selector, combining marks) arrive as escapes of Rust. So attributes are written in ASCII and entities.
* It drops space that begins with a line's end, which glues words, and wants even the inside of Outlook's conditional
  comments to be balanced. So HTML never goes through it: it is set aside, and put in when MRML is done.
* It reads a 0 without a unit as if it were not there. So it gets its unit.
* It takes space and comments among tags in some places only. So there are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from mjml import mjml2html

from digest.errors import ContentError, Place, raise_all
from digest.rendering.mjml.checking import find_faults
from digest.rendering.mjml.source import Attribute, Comment, Source, Tag, tokenize
from digest.rendering.mjml.tags import Content, rules
from digest.rendering.origins import CLOSING, OPENING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.rendering.mjml.source import Token


def compile_mjml(source: str, *, traced: bool = False) -> str:
    """
    Compile rendered MJML, with or without marks of origin, to HTML.

    Args:
        source: the MJML.
        traced: whether the HTML shall have the marks, too.

    Raises:
        ContentError: something in it would be refused, lost or garbled.
        CombinedError: several things.
    """
    read = Source.read(source)
    tokens = list(tokenize(read.text))
    raise_all(find_faults(read, tokens))
    hardened = _harden(read, _named(tokens) if traced else tokens, traced=traced)
    try:
        compiled = mjml2html(hardened.text, fonts={}, disable_comments=True)
    except ValueError as error:
        raise _refusal(str(error), read, hardened) from error
    return _put_in(_with_marks(compiled, read) if traced else compiled, read, hardened)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hardened:
    """What MRML gets, piece by piece, and what is kept from it."""

    pieces: list[tuple[int, str]] = field(default_factory=list)
    """Each with its position in the source."""
    asides: list[tuple[Tag, str]] = field(default_factory=list)
    """The HTML that a tag holds; the nth stands in the text as n between two noncharacters."""

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.pieces)

    def set_aside(self, holder: Tag, content: str) -> str:
        self.asides.append((holder, content))
        return f"{OPENING}{len(self.asides) - 1}{CLOSING}"


def _harden(source: Source, tokens: Iterable[Token], *, traced: bool = False) -> _Hardened:
    hardened = _Hardened()
    holder: Tag | None = None
    inside: list[str] = []
    for token in tokens:
        if holder and not (isinstance(token, Tag) and token.closing and token.name == holder.name):
            if not (isinstance(token, Comment) and not token.conditional):
                inside.append((source.mark(token.start) if traced else "") + source.text[token.start : token.end])
        elif isinstance(token, Tag):
            if holder and (content := "".join(inside).strip()):
                written = _as_attribute(content) if holder.name == "mj-title" else hardened.set_aside(holder, content)
                hardened.pieces.append((holder.end, written))
            holder, inside = (token if _holds_html(token) else None), []
            hardened.pieces.append((token.start, _tag(token)))
    return hardened


_CLASS = "css-class"


def _named(tokens: Sequence[Token]) -> Sequence[Token]:
    """
    Give each tag of the body a class that names its position, which MRML hands on to the tags that it makes of it.

    It would take the place of a class by default, so where there are such defaults nothing is named.
    """
    defaults = False
    named: list[Token] = []
    for token in tokens:
        if isinstance(token, Tag) and token.name == "mj-attributes":
            defaults = not (token.closing or token.empty)
        if defaults and isinstance(token, Tag) and _classes(token) is not None:
            return tokens
        named.append(_with_name(token) if isinstance(token, Tag) and not defaults else token)
    return named


def _with_name(tag: Tag) -> Tag:
    rule, classes = rules().get(tag.name), _classes(tag)
    if tag.closing or not rule or _CLASS not in rule.attributes or classes == "":
        return tag
    name = Attribute(name=_CLASS, value=f"zorigin{tag.start}z {classes or ''}".rstrip(), quoted=True, offset=0)
    return replace(tag, attributes=(*(each for each in tag.attributes if each.name != _CLASS), name))


def _classes(tag: Tag) -> str | None:
    return next(((each.value or "").strip() for each in tag.attributes if each.name == _CLASS), None)


_NAMED_TAG = re.compile(r'<(?=[a-z][^<]*? class="[^"<]*?zorigin(\d+)z)')
_NAME = re.compile(r' class="zorigin\d+z(?:-outlook)?"|(?<=")zorigin\d+z | zorigin\d+z(?=[ "])')


def _with_marks(compiled: str, source: Source) -> str:
    """Put the mark of a tag of MJML before the tags that bear its name, and take the names out."""
    return _NAME.sub("", _NAMED_TAG.sub(lambda found: source.mark(int(found[1])) + found[0], compiled))


def _holds_html(tag: Tag) -> bool:
    return not (tag.empty or tag.closing) and rules()[tag.name].content is not Content.TAGS


def _tag(tag: Tag) -> str:
    if tag.closing:
        return str(tag)
    attributes = (_attribute(tag.name, attribute.name, attribute.value or "") for attribute in tag.attributes)
    return f"<{tag.name}{''.join(attributes)}{' /' if tag.empty else ''}>"


@lru_cache(maxsize=4096)  # stories are written alike: most of their attributes repeat
def _attribute(tag: str, name: str, value: str) -> str:
    if any(kind.is_measure for kind in rules()[tag].attributes[name]):
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


_ASIDE = re.compile(f"{OPENING}([0-9]+){CLOSING}")


def _put_in(compiled: str, source: Source, hardened: _Hardened) -> str:
    """Put in what was set aside."""
    texts = _ASIDE.split(compiled)
    numbers = [int(number) for number in texts[1::2]]
    lost = set(range(len(hardened.asides))).difference(numbers)
    raise_all([_loss(hardened.asides[number][0], source) for number in sorted(lost)])
    texts[1::2] = (hardened.asides[number][1] for number in numbers)
    return "".join(texts)


def _loss(holder: Tag, source: Source) -> ContentError:
    sentence = f"what {holder} holds would be lost here"
    return ContentError(
        sentence, hint="Keep one such tag, where it stands for itself.", place=source.place(holder.start)
    )


_POSITION = re.compile(r" in root template(?: at position ([0-9]+):[0-9]+)?")


def _refusal(error: str, source: Source, hardened: _Hardened) -> ContentError:
    """Say where MRML stopped, as far as it says so itself: in bytes of what it was given."""
    found = _POSITION.search(error)
    place = Place(source.place(0).path)
    if found and found[1]:
        ends = accumulate(len(text.encode()) for _, text in hardened.pieces)
        starts = (start for (start, _), end in zip(hardened.pieces, ends, strict=True) if end > int(found[1]))
        place = source.place(next(starts, 0))
    sentence = f"the MJML cannot be compiled: {_POSITION.sub('', error)}"
    return ContentError(sentence, hint="Compare the tags near this place with MJML's manual.", place=place)
