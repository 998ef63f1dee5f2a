"""Declarations of CSS: read, taken apart where they say several things at once, and dropped where they say nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import tinycss2

from digest.checking.css.colours import Colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_WIDE = frozenset({"inherit", "initial", "unset", "revert"})
_SIZE = r"(?:\d*\.?\d+(?:px|pt|em|rem|%|in|cm|mm|pc|ex|ch)|0|(?:xx?-)?small|medium|(?:xx?-|xxx-)?large|smaller|larger)"
_LEADING = r"(?:normal|\d*\.?\d+(?:px|pt|em|rem|%)?)"
_WEIGHT = r"(?:\d{1,4}|normal|bold|bolder|lighter)"
_FONT = re.compile(
    rf"(?:(?:italic|oblique|small-caps|(?P<weight>{_WEIGHT}))\s+)*"
    rf"(?P<size>{_SIZE})(?:\s*/\s*(?P<leading>{_LEADING}))?\s+(?P<family>\S.*)"
)
_LAYER = frozenset({"none", "repeat", "no-repeat", "repeat-x", "repeat-y", "space", "round", "center", "top", "left"})
_LAYER |= {"right", "bottom", "cover", "contain", "auto", "fixed", "scroll", "local", "text"}
_LAYER |= {"border-box", "padding-box", "content-box"}
_WITHOUT_WORDS = frozenset({"whitespace", "number", "dimension", "percentage", "literal", "comment"})


class Declaration(NamedTuple):
    """What a stylesheet or a ``style`` attribute says of one property."""

    name: str
    value: str
    important: bool


def declarations(content: Sequence[tinycss2.ast.Node] | str) -> Iterator[Declaration]:
    """Yield the declarations of a block as they are written, names in small letters."""
    for node in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if node.type == "declaration":
            try:
                value = tinycss2.serialize(node.value).strip()
            except RecursionError:  # hundreds of brackets in each other, which no browser heeds either
                continue
            yield Declaration(node.lower_name, value, bool(node.important))


@lru_cache(maxsize=4096)
def effective(style: str) -> tuple[Declaration, ...]:
    """Return what the declarations of a ``style`` attribute, or of a block, come to."""
    return tuple(
        Declaration(name, value, important)
        for shorthand, said, important in declarations(style)
        for name, value in _longhands(shorthand, said)
        if name not in _VALID or value.lower() in _WIDE or _VALID[name](value.lower())
    )


def _longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield name, value
    if name in _SHORTHANDS:
        parts = _SHORTHANDS[name](value.lower())
        yield from dict.fromkeys(parts, value).items() if value.lower() in _WIDE else parts.items()


def _background(value: str) -> Mapping[str, str]:
    """Take a background apart: its pictures, and the colour below them."""
    colour, pictures = "transparent", "none"
    for token in tinycss2.parse_component_value_list(value):
        text = tinycss2.serialize([token])
        if token.type == "url" or (token.type == "function" and _is_picture(token.name)):
            pictures = text
        elif Colour.parse(text) or text == "currentcolor":
            colour = text
        elif token.type not in _WITHOUT_WORDS and text not in _LAYER | _WIDE:
            return {}
    return {"background-color": colour, "background-image": pictures}


def _is_picture(function: str) -> bool:
    return function in {"url", "image-set", "-webkit-image-set", "cross-fade"} or function.endswith("-gradient")


def _font(value: str) -> Mapping[str, str]:
    match = _FONT.fullmatch(value)
    if value in _WIDE:
        return dict.fromkeys(("font-size", "font-weight", "line-height", "font-family"), value)
    if not match:
        return {}
    return {
        "font-size": match["size"],
        "font-weight": match["weight"] or "normal",
        "line-height": match["leading"] or "normal",
        "font-family": match["family"],
    }


_SHORTHANDS: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "background": _background,
    "font": _font,
    "text-decoration": lambda value: {"text-decoration-line": value},
}


def _is_colour(value: str) -> bool:
    return value == "currentcolor" or Colour.parse(value) is not None


def _is(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_VALID: Mapping[str, Callable[[str], bool]] = {
    "color": _is_colour,
    "background-color": _is_colour,
    "font-size": _is(_SIZE),
    "font-weight": _is(_WEIGHT),
    "line-height": _is(_LEADING),
    "opacity": _is(r"\d*\.?\d+%?"),
}
