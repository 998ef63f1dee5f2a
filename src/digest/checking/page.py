"""The HTML part of a message, parsed: its elements, where each was written, what it says and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import lxml.html
from lxml import etree

from digest.checking.cascade import Cascade, Scheme
from digest.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from digest.checking.cascade import Style

ORIGIN = "data-origin"
"""The attribute by which a tag tells its place, as ``path:line``; what leaves has it no more."""


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
        self.root: HtmlElement = lxml.html.document_fromstring(html)

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
            Link(element=element, href=(element.get("href") or "").strip(), text=said(element), name=name_of(element))
            for element in self.elements("a")
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
    def _cascades(self) -> dict[Scheme, Cascade]:
        return {scheme: Cascade(self.root, self.stylesheets, scheme) for scheme in Scheme}

    def style(self, element: HtmlElement, scheme: Scheme = Scheme.LIGHT) -> Style:
        """Return what an element looks like."""
        return self._cascades[scheme].style(element)

    def runs(self) -> Iterator[tuple[HtmlElement, str]]:
        """Yield each piece of text that can be seen, with the element that it stands in; never a blank one."""
        for element in self.elements():
            if not self.style(element).hidden and (element.text or "").strip():
                yield element, element.text or ""
            parent = element.getparent()
            if parent is not None and (element.tail or "").strip() and not self.style(parent).hidden:
                yield parent, element.tail or ""

    @cached_property
    def visible_text(self) -> str:
        """What can be seen, its pieces joined by single spaces."""
        return " ".join(" ".join(text.split()) for _, text in self.runs())

    def place(self, element: HtmlElement) -> Place | None:
        """Return where an element, or the nearest one around it that is known, was written."""
        for candidate in (element, *element.iterancestors()):
            path, _, line = (candidate.get(ORIGIN) or "").rpartition(":")
            if path:
                return Place(path, int(line))
        return None


def said(element: HtmlElement) -> str:
    """Return the text of an element and of those in it, on one line."""
    return " ".join("".join(element.itertext(with_tail=False)).split())


def name_of(element: HtmlElement) -> str:
    """Return what a screen reader calls an element."""
    label = (element.get("aria-label") or "").strip()
    alternatives = [image.get("alt") or "" for image in element.iter("img")]
    return label or " ".join(" ".join([said(element), *alternatives]).split())
