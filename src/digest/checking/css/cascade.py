"""What CSS makes of each element of an email: stylesheets, inline styles and old attributes, on any screen."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import cssselect2
import tinycss2

from digest.checking.css.colours import Colour
from digest.checking.css.declarations import Declaration, effective
from digest.checking.css.media import Scheme, Screen, matches_media
from digest.checking.css.style import compute, initial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from digest.checking.css.style import Style

_UNREADABLE = (cssselect2.SelectorError, SyntaxError, RecursionError, MemoryError)
"""What comes of selectors: wrong ones, and those of hundreds of parts, which become Python too deep to be read."""


_DEEPEST = 16
"""How many media queries may stand in each other."""


class _Block(NamedTuple):
    """The declarations of one rule of a stylesheet, and the media queries that it stands in."""

    media: tuple[str, ...]
    said: tuple[Declaration, ...]


class Cascade:
    """The styles of a page. What matches whom is found once, and holds for all screens."""

    def __init__(self, root: HtmlElement) -> None:
        self._root = root
        self._matcher = cssselect2.Matcher()
        for element in root.iter("style"):
            media = element.get("media", "all")
            self._add(tinycss2.parse_stylesheet(element.text or "", skip_comments=True, skip_whitespace=True), (media,))
        wrappers = cssselect2.ElementWrapper.from_html_root(root).iter_subtree()
        self._matched: dict[HtmlElement, list[_Block]] = {
            wrapper.etree_element: [block for *_, pseudo, block in self._matcher.match(wrapper) if pseudo is None]
            for wrapper in wrappers
        }
        self._styles: dict[Screen, dict[HtmlElement, Style]] = {}

    def _add(self, rules: Sequence[tinycss2.ast.Node], media: tuple[str, ...]) -> None:
        for rule in rules:
            if rule.type == "qualified-rule":
                self._add_rule(rule, media)
            elif rule.type == "at-rule" and rule.lower_at_keyword == "media" and len(media) < _DEEPEST:
                inside = tinycss2.parse_rule_list(rule.content or [], skip_comments=True, skip_whitespace=True)
                with suppress(RecursionError):
                    self._add(inside, (*media, tinycss2.serialize(rule.prelude)))

    def _add_rule(self, rule: tinycss2.ast.QualifiedRule, media: tuple[str, ...]) -> None:
        try:
            selectors = cssselect2.compile_selector_list(rule.prelude)
            block = _Block(media, effective(tinycss2.serialize(rule.content)))
        except _UNREADABLE:
            return
        for selector in selectors:
            self._matcher.add_selector(selector, block)

    def style(self, element: HtmlElement, screen: Screen) -> Style:
        """Return what an element looks like on a screen."""
        if screen not in self._styles:
            self._styles[screen] = self._compute(screen)
        return self._styles[screen][element]

    def _compute(self, screen: Screen) -> dict[HtmlElement, Style]:
        """Work out all styles in the document's order, so that depth costs no recursion."""
        heeded = {
            media: all(matches_media(query, screen) for query in media)
            for media in {block.media for blocks in self._matched.values() for block in blocks}
        }
        styles: dict[HtmlElement, Style] = {}
        for element in self._matched:
            blocks = [block.said for block in self._matched[element] if heeded[block.media]]
            declared = _declared(element, blocks)
            parent = element.getparent()
            outer = initial(self._canvas(declared, screen.scheme)) if parent is None else styles[parent]
            styles[element] = compute(element, declared, outer)
        return styles

    def _canvas(self, declared: Mapping[str, str], scheme: Scheme) -> Scheme:
        """Return in which scheme a browser draws what nobody colours: dark where the page is said to know it."""
        metas = (meta.get("content") or "" for meta in self._root.iter("meta") if is_named(meta, "color-scheme"))
        known = (declared.get("color-scheme") or next(metas, "")).lower().split()
        if scheme.value in known:
            return scheme
        return Scheme.DARK if "dark" in known and "light" not in known else Scheme.LIGHT


def is_named(meta: HtmlElement, name: str) -> bool:
    """Say whether a ``meta`` element bears a name."""
    return (meta.get("name") or "").strip().lower() == name


def _declared(element: HtmlElement, blocks: Sequence[tuple[Declaration, ...]]) -> dict[str, str]:
    """Return what is declared for an element: by old attributes, by stylesheets as far as they match, and inline."""
    normal, important = dict(_attributes(element)), dict[str, str]()
    for said in (*blocks, effective(element.get("style") or "")):
        for name, value, is_important in said:
            (important if is_important else normal)[name] = value
    return normal | important


_PAINTED = frozenset({"body", "table", "thead", "tbody", "tfoot", "tr", "td", "th"})
_FONT_SIZES = dict(enumerate(["x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large"], start=1))


def _attributes(element: HtmlElement) -> Iterator[tuple[str, str]]:
    if element.tag in _PAINTED:
        yield from _colour_of(element, "bgcolor", "background-color")
        if element.get("background"):
            yield "background-image", f"url({element.get('background')})"
    if element.tag == "body":
        yield from _colour_of(element, "text", "color")
    if element.tag == "font":
        yield from _colour_of(element, "color", "color")
        yield from _font_size(element.get("size") or "")


def _colour_of(element: HtmlElement, attribute: str, name: str) -> Iterator[tuple[str, str]]:
    colour = Colour.parse_attribute(element.get(attribute) or "")
    if colour:
        yield name, str(colour)


def _font_size(value: str) -> Iterator[tuple[str, str]]:
    number = value.strip()
    if number.lstrip("+-").isdigit():
        size = int(number) + (3 if number[0] in "+-" else 0)
        yield "font-size", _FONT_SIZES[min(max(size, 1), 7)]
