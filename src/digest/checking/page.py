"""The HTML part of a message, parsed: its elements, where each was written, what it says and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import lxml.html
from lxml import etree

from digest.checking.css.cascade import Cascade
from digest.checking.css.media import WIDTH, Scheme, Screen
from digest.checking.css.style import NEVER_SHOWN
from digest.errors import Place
from digest.rendering.origins import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from digest.checking.css.style import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of the page."""

    element: HtmlElement
    href: str
    """As it is written, with spaces around it taken away; empty where it has none."""
    text: str
    """What it says to the eye."""
    name: str
    """What it says to a screen reader: its ``aria-label``, or else its text and its images' alternative texts."""


class Page:
    """A parsed HTML document. Elements are those of lxml; the order is that of the document."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.root: HtmlElement = _parse(html)

    def elements(self, *tags: str) -> Iterator[HtmlElement]:
        """Yield the elements of these tags, or all; comments and what Outlook alone reads are none."""
        return (element for element in self.root.iter(*(tags or ("*",))) if isinstance(element.tag, str))

    @cached_property
    def comments(self) -> list[str]:
        """What stands in comments, those of Outlook included."""
        return [comment.text or "" for comment in self.root.iter(etree.Comment)]

    @cached_property
    def links(self) -> list[Link]:
        """The links, hidden ones included."""
        return [
            Link(element=one, href=(one.get("href") or "").strip(), text=text_of(one), name=name_of(one))
            for one in self.elements("a")
        ]

    @cached_property
    def images(self) -> list[HtmlElement]:
        """The ``img`` elements."""
        return list(self.elements("img"))

    @cached_property
    def stylesheets(self) -> list[str]:
        """The content of the ``style`` elements."""
        return [element.text or "" for element in self.elements("style")]

    @cached_property
    def _cascade(self) -> Cascade:
        return Cascade(self.root)

    def style(self, element: HtmlElement, scheme: Scheme = Scheme.LIGHT, width: int = WIDTH) -> Style:
        """Return what an element looks like, on a screen of so many pixels."""
        return self._cascade.style(element, Screen(scheme, width))

    def runs(self) -> Iterator[tuple[HtmlElement, str]]:
        """Yield each piece of text that can be seen, with the element that it stands in; never a blank one."""
        for element, text in self.texts():
            if not self.style(element).hidden:
                yield element, text

    def texts(self) -> Iterator[tuple[HtmlElement, str]]:
        """Yield each piece of text with the element that it stands in: hidden ones, too, but none of the head."""
        for node in self.root.iter():
            parent = node.getparent()
            for element, text in ((node, node.text), (parent, node.tail)):
                if element is not None and text and not text.isspace() and self._may_be_shown(element):
                    yield element, text

    def _may_be_shown(self, element: HtmlElement) -> bool:
        return isinstance(element.tag, str) and element not in self._never_shown

    @cached_property
    def _never_shown(self) -> frozenset[HtmlElement]:
        return self._inside(*NEVER_SHOWN)

    @cached_property
    def code(self) -> frozenset[HtmlElement]:
        """The elements that show code, and those in them."""
        return self._inside("code", "pre", "kbd", "samp")

    def _inside(self, *tags: str) -> frozenset[HtmlElement]:
        return frozenset(inner for outer in self.elements(*tags) for inner in outer.iter())

    @cached_property
    def visible_text(self) -> str:
        """What can be seen, its pieces joined by single spaces."""
        return " ".join(" ".join(text.split()) for _, text in self.runs())

    def place(self, element: HtmlElement) -> Place | None:
        """Return where an element, or the nearest one around it that is known, was written."""
        for candidate in around(element):
            path, _, line = (candidate.get(ORIGIN) or "").rpartition(":")
            if path and line.isdecimal():
                return Place(path, int(line))
        return None

    def by_place(self, elements: Iterable[HtmlElement]) -> Iterator[tuple[HtmlElement, int]]:
        """Yield the first element of each place in the sources, with how many of them came of that place."""
        alike: dict[object, list[HtmlElement]] = {}
        for element in elements:
            alike.setdefault(self.place(element) or element, []).append(element)
        return ((first, 1 + len(others)) for first, *others in alike.values())


def around(element: HtmlElement) -> Iterator[HtmlElement]:
    """Yield an element, and then those that it stands in, from the inside out."""
    yield element
    yield from element.iterancestors()


def has_words(text: str) -> bool:
    """Say whether there is a letter or a digit in a text."""
    return any(character.isalnum() for character in text)


def text_of(element: HtmlElement) -> str:
    """Return the text of an element and of those in it, on one line."""
    return " ".join("".join(element.itertext(with_tail=False)).split())


def name_of(element: HtmlElement) -> str:
    """Return what a screen reader calls an element: its label, or what it says, or its title."""
    label = (element.get("aria-label") or "").strip() or _labels(element)
    return label or " ".join("".join(_spoken(element)).split()) or (element.get("title") or "").strip()


def _labels(element: HtmlElement) -> str:
    wanted = (element.get("aria-labelledby") or "").split()
    found = [text_of(label) for name in wanted for label in element.getroottree().xpath("//*[@id=$name]", name=name)]
    return " ".join(found).strip()


def _spoken(element: HtmlElement) -> Iterator[str]:
    """Yield what is read aloud inside an element, in its order."""
    silent: HtmlElement | None = None
    for event, node in etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        if event == "end":
            silent = None if node is silent else silent
        elif silent is None and event == "start":
            if node.get("aria-hidden") == "true" or node.get("hidden") is not None or node.tag in {"style", "script"}:
                silent = node
            else:
                yield _own_words(node)
        if silent is None and event != "start" and node is not element:
            yield node.tail or ""


def _own_words(node: HtmlElement) -> str:
    label = (node.get("aria-label") or "").strip()
    return f" {label or node.get('alt') or ''} " if node.tag == "img" else node.text or ""


def _parse(html: str) -> HtmlElement:
    """Parse what may be anything: empty, or with an XML declaration that names another encoding."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        root = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # there is no element in it
        return lxml.html.document_fromstring("<html><body></body></html>")
    for table in [*root.iter("table")]:
        _put_into_link(table)
    return root


def _put_into_link(table: HtmlElement) -> None:
    """Put a table back into the link around it: libxml2 ends links before tables, as HTML 4 did and no browser does."""
    link = table.getprevious()
    is_before = link is not None and link.tag == "a" and link.get("href") is not None
    if link is not None and is_before and not len(link) and not f"{link.text or ''}{link.tail or ''}".strip():
        link.tail, table.tail = table.tail, None
        link.append(table)
