"""What CSS makes of each element of an email: stylesheets, inline styles and old attributes, by day and by night."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import cssselect2
import tinycss2

from digest.checking.colours import Colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

WIDTH = 640
"""How wide the page is taken to be, in pixels."""
_WHITE, _BLACK, _LINK = Colour(1, 1, 1), Colour(0, 0, 0), Colour(0, 0, 238 / 255)
_ROOT_SIZE = 16.0
_BOLD = {"bold": 700, "bolder": 700, "normal": 400, "lighter": 300}
_INHERITED = frozenset({"color", "font-size", "font-weight", "line-height", "font-family", "visibility", "text-align"})


class Scheme(Enum):
    """Whether a reader's device is set to dark or light."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What an element looks like."""

    color: Colour
    background: Colour
    """What lies behind its text: the nearest background that is not transparent."""
    over_image: bool
    """Whether a picture lies behind its text."""
    font_size: float
    """In pixels."""
    font_weight: int
    line_height: float | None
    """As a factor of the font's size; None where nobody says."""
    underlined: bool
    concealed: bool
    """Whether it, or what it stands in, is not shown."""
    declared: Mapping[str, str]
    """What was declared for the element itself, by property."""

    @property
    def hidden(self) -> bool:
        """Whether text in it cannot be seen; what stands inside it may have a size again."""
        return self.concealed or not self.font_size


class Cascade:
    """The styles of a page in one scheme."""

    def __init__(self, root: HtmlElement, stylesheets: Sequence[str], scheme: Scheme) -> None:
        self._matcher = cssselect2.Matcher()
        self._root = root
        self._wrappers = {
            wrapper.etree_element: wrapper for wrapper in cssselect2.ElementWrapper.from_html_root(root).iter_subtree()
        }
        self._styles: dict[HtmlElement, Style] = {}
        for stylesheet in stylesheets:
            self._add(tinycss2.parse_stylesheet(stylesheet, skip_comments=True, skip_whitespace=True), scheme)

    def _add(self, rules: Sequence[tinycss2.ast.Node], scheme: Scheme) -> None:
        for rule in rules:
            if rule.type == "qualified-rule":
                self._add_rule(rule)
            elif _is_media(rule) and matches_media(tinycss2.serialize(rule.prelude), scheme):
                self._add(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), scheme)

    def _add_rule(self, rule: tinycss2.ast.QualifiedRule) -> None:
        try:
            selectors = cssselect2.compile_selector_list(rule.prelude)
        except cssselect2.SelectorError:
            return
        payload = list(declarations(rule.content))
        for selector in selectors:
            if selector.pseudo_element is None:
                self._matcher.add_selector(selector, payload)

    def style(self, element: HtmlElement) -> Style:
        """Return what an element looks like."""
        if element not in self._styles:
            self._styles[element] = self._compute(element)
        return self._styles[element]

    def _compute(self, element: HtmlElement) -> Style:
        parent = element.getparent()
        outer = self.style(parent) if parent is not None else _INITIAL
        declared = self._declared(element)
        background = _background(element, declared)
        return Style(
            color=_colour(element, declared, outer),
            background=background.over(outer.background) if background else outer.background,
            over_image=_has_picture(element, declared) or (outer.over_image and not (background and background.alpha)),
            font_size=_font_size(declared.get("font-size", ""), outer.font_size),
            font_weight=_font_weight(element, declared, outer),
            line_height=_line_height(declared, outer),
            underlined=_is_underlined(element, declared, outer),
            concealed=outer.concealed or is_concealed(element, declared),
            declared=declared,
        )

    def _declared(self, element: HtmlElement) -> dict[str, str]:
        normal: dict[str, str] = {}
        important: dict[str, str] = {}
        wrapper = self._wrappers.get(element)
        matches = sorted(self._matcher.match(wrapper), key=lambda match: match[:2]) if wrapper else []
        inline = list(declarations(tinycss2.parse_component_value_list(element.get("style", ""))))
        for found in [*(payload for *_, payload in matches), inline]:
            for name, value, is_important in found:
                (important if is_important else normal)[name] = value
        return normal | important


def _is_media(rule: tinycss2.ast.Node) -> bool:
    return rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content is not None


def declarations(content: Sequence[tinycss2.ast.Node]) -> Iterator[tuple[str, str, bool]]:
    """Yield name, value and whether it is important, of each declaration."""
    for node in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if node.type == "declaration":
            yield node.lower_name, tinycss2.serialize(node.value).strip(), node.important


_FEATURE = re.compile(r"\(\s*([\w-]+)\s*(?::\s*([^)]+?)\s*)?\)")


def matches_media(query: str, scheme: Scheme) -> bool:
    """Say whether a media query holds on a screen of `WIDTH` pixels; one that cannot be read holds not."""
    return any(_matches(alternative.strip().lower(), scheme) for alternative in query.split(","))


def _matches(query: str, scheme: Scheme) -> bool:
    if query.startswith(("not", "print", "speech")):
        return False
    return all(_has_feature(name, value, scheme) for name, value in _FEATURE.findall(query))


def _has_feature(name: str, value: str, scheme: Scheme) -> bool:
    pixels = re.fullmatch(r"([\d.]+)px", value)
    if name == "prefers-color-scheme":
        return value == scheme.value
    if pixels and name in {"min-width", "min-device-width"}:
        return float(pixels[1]) <= WIDTH
    return bool(pixels and name in {"max-width", "max-device-width"} and float(pixels[1]) >= WIDTH)


def _background(element: HtmlElement, declared: Mapping[str, str]) -> Colour | None:
    for value in (declared.get("background-color"), *declared.get("background", "").split(), element.get("bgcolor")):
        colour = Colour.parse(value) if value else None
        if colour:
            return colour
    return None


def _has_picture(element: HtmlElement, declared: Mapping[str, str]) -> bool:
    said = declared.get("background-image", ""), declared.get("background", "")
    return any("url(" in value for value in said) or bool(element.get("background"))


def _colour(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> Colour:
    said = Colour.parse(declared.get("color", "") or element.get("color", ""))
    if said:
        return said
    return _LINK if element.tag == "a" and element.get("href") and declared.get("color") != "inherit" else outer.color


def _font_size(value: str, outer: float) -> float:
    match = re.fullmatch(r"([\d.]+)(px|em|rem|%|pt)?", value)
    if not match:
        return outer
    number, unit = float(match[1]), match[2] or "px"
    return number * {"px": 1, "em": outer, "%": outer / 100, "rem": _ROOT_SIZE, "pt": 4 / 3}[unit]


def _font_weight(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> int:
    value = declared.get("font-weight", "")
    if value.isdigit():
        return int(value)
    default = 700 if element.tag in {"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"} else outer.font_weight
    return _BOLD.get(value, default)


def _line_height(declared: Mapping[str, str], outer: Style) -> float | None:
    value = declared.get("line-height", "")
    match = re.fullmatch(r"([\d.]+)(px|em|%)?", value)
    if not match:
        return outer.line_height
    number = float(match[1])
    size = _font_size(declared.get("font-size", ""), outer.font_size)
    return {"px": number / size if size else None, "%": number / 100}.get(match[2] or "", number)


def _is_underlined(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> bool:
    value = declared.get("text-decoration", declared.get("text-decoration-line", ""))
    if value:
        return "underline" in value
    return outer.underlined or element.tag in {"u", "ins"} or (element.tag == "a" and bool(element.get("href")))


_NOT_SHOWN = frozenset({"head", "style", "script", "title", "template", "meta", "link", "noscript"})


def is_concealed(element: HtmlElement, declared: Mapping[str, str]) -> bool:
    """Say whether an element is, by itself, not shown with all that it holds."""
    return (
        element.tag in _NOT_SHOWN
        or declared.get("display") == "none"
        or declared.get("visibility") == "hidden"
        or declared.get("opacity") == "0"
        or (declared.get("max-height") in {"0", "0px"} and declared.get("overflow") == "hidden")
        or element.get("hidden") is not None
    )


_INITIAL = Style(
    color=_BLACK,
    background=_WHITE,
    over_image=False,
    font_size=_ROOT_SIZE,
    font_weight=400,
    line_height=None,
    underlined=False,
    concealed=False,
    declared={},
)
