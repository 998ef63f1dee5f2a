"""Media queries: for which screens a part of a stylesheet holds."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import tinycss2

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 640
"""How wide a screen is taken to be, in pixels, where nobody says."""
PHONE = 375
"""How wide a phone is."""
_EM = 16
_LENGTH = r"(?P<{0}>\d*\.?\d+)(?P<{0}_unit>px|em|rem)?"
_BOUND = re.compile(rf"(?P<end>min|max)-(?:device-)?width\s*:\s*{_LENGTH.format('bound')}")
_RANGE = re.compile(
    rf"(?:{_LENGTH.format('left')}\s*(?P<before>[<>]=?)\s*)?(?:device-)?width\s*"
    rf"(?:(?P<after>[<>]=?|=)\s*{_LENGTH.format('right')})?"
)


class Scheme(Enum):
    """Whether a reader's device is set to dark or light."""

    LIGHT = "light"
    DARK = "dark"


class Screen(NamedTuple):
    """What an email is looked at on."""

    scheme: Scheme = Scheme.LIGHT
    width: int = WIDTH
    """In pixels."""


def matches_media(query: str, screen: Screen) -> bool:
    """Say whether a list of media queries holds on a screen; a query that cannot be read does not."""
    try:
        return any(_query(tokens, screen) is True for tokens in _alternatives(query.lower()))
    except RecursionError:  # hundreds of brackets in each other
        return False


def _alternatives(query: str) -> list[list[tinycss2.ast.Node]]:
    alternatives: list[list[tinycss2.ast.Node]] = [[]]
    for token in _meaningful(tinycss2.parse_component_value_list(query, skip_comments=True)):
        if token.type == "literal" and token.value == ",":
            alternatives.append([])
        else:
            alternatives[-1].append(token)
    return alternatives


def _meaningful(tokens: Sequence[tinycss2.ast.Node]) -> list[tinycss2.ast.Node]:
    return [token for token in tokens if token.type not in {"whitespace", "comment"}]


# What follows answers True, False, or None for what cannot be known; "not" makes nothing known of it.


def _query(tokens: Sequence[tinycss2.ast.Node], screen: Screen) -> bool | None:
    match _words(tokens):
        case ["not", str(medium), *_] if medium:
            return _negation(_of_medium(medium, tokens[2:], screen))
        case ["only", str(medium), *_] if medium:
            return _of_medium(medium, tokens[2:], screen)
        case [str(medium), *_] if medium and medium != "not":
            return _of_medium(medium, tokens[1:], screen)
        case []:
            return True
    return _condition(tokens, screen)


def _words(tokens: Sequence[tinycss2.ast.Node]) -> list[str]:
    return [token.value if token.type == "ident" else "" for token in tokens]


def _of_medium(medium: str, tokens: Sequence[tinycss2.ast.Node], screen: Screen) -> bool | None:
    if medium not in {"all", "screen"}:
        return False
    if not tokens:
        return True
    return _condition(tokens[1:], screen) if _words(tokens[:1]) == ["and"] else None


def _condition(tokens: Sequence[tinycss2.ast.Node], screen: Screen) -> bool | None:
    words = _words(tokens)
    if words[:1] == ["not"]:
        return _negation(_condition(tokens[1:], screen))
    joints = {*words[1::2]}
    if len(tokens) % 2 == 0 or joints not in (set(), {"and"}, {"or"}):
        return None
    answers = [_in_brackets(token, screen) for token in tokens[0::2]]
    decisive = joints == {"or"}
    return decisive if decisive in answers else None if None in answers else not decisive


def _negation(answer: bool | None) -> bool | None:  # noqa: FBT001  # the answer is all that there is
    return None if answer is None else not answer


def _in_brackets(token: tinycss2.ast.Node, screen: Screen) -> bool | None:
    if token.type != "() block":
        return None
    content = _meaningful(token.content)
    if content and (content[0].type == "() block" or _words(content[:1]) == ["not"]):
        return _condition(content, screen)
    return _feature(tinycss2.serialize(token.content).strip(), screen)


def _feature(text: str, screen: Screen) -> bool | None:
    if text.startswith("prefers-color-scheme"):
        return text.partition(":")[2].strip() in {"", screen.scheme.value}
    if bound := _BOUND.fullmatch(text):
        return _compare(_pixels(bound, "bound"), "<=" if bound["end"] == "min" else ">=", screen.width)
    if limits := _RANGE.fullmatch(text):
        return all(
            _compare(left, limits[sign], right)
            for left, sign, right in (
                (_pixels(limits, "left"), "before", screen.width),
                (screen.width, "after", _pixels(limits, "right")),
            )
            if limits[sign]
        )
    return None


def _pixels(match: re.Match[str], name: str) -> float:
    return float(match[name] or 0) * (_EM if match[f"{name}_unit"] in {"em", "rem"} else 1)


def _compare(left: float, sign: str, right: float) -> bool:
    return (left == right and "=" in sign) or (left < right and "<" in sign) or (left > right and ">" in sign)
