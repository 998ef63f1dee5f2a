"""Web pages: what they say of themselves, to search engines and social networks as to readers."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html

from digest.gathering.addresses import shown, site_of, web_address, without_tracking
from digest.gathering.clipping import Clipping
from digest.gathering.prose import TEASER_WORDS, blocks_of, image_at, soup_of, teaser_of
from digest.gathering.texts import shortened, tidy, without_tags
from digest.reading.cutting import WORDS_A_MINUTE, words_in
from digest.reading.naming import words_of
from digest.wire import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.html import HtmlElement

    from digest.gathering.clipping import Image

_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/json"})
_REFRESH = re.compile(r"\s*(\d{1,9})[\d.]*\s*[;,]\s*(?:url\s*=\s*)?['\"]?([^'\"]+)", re.IGNORECASE)
_AT_ONCE = 5
"""Seconds up to which a page that leads on by itself is a redirect; slower ones load themselves anew."""
_BY = re.compile(r"(?:by|von|par|por)\s+(?=\S)", re.IGNORECASE)
_AUTHORS = 3
_NO_TEXT = ("script", "style", "nav", "aside", "footer", "form", "noscript", "template", "svg", "figure", "button")
_TEXT_PLACES = "//article|//main|//*[@role='main']|//*[@itemprop='articleBody']"
_PLACES = 10
"""How many of them are looked at."""
_SEPARATOR = r"(?:\s+[-–—·•:]\s+|\s*[|»]\s*)"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page, parsed."""

    root: HtmlElement
    url: str

    @cached_property
    def metas(self) -> Mapping[str, str]:
        """What ``meta`` elements say, by their names in small letters; of each the first that says anything."""
        found: dict[str, str] = {}
        for element in self.root.iter("meta"):
            name = str(element.get("property") or element.get("name") or "").strip().lower()
            content = str(element.get("content") or "").strip()
            if name and content:
                found.setdefault(name, content)
        return found

    def meta(self, *names: str) -> str:
        """Return what the first of these says, "" where none does."""
        return next((self.metas[name] for name in names if name in self.metas), "")

    def rel(self, relation: str) -> Iterator[HtmlElement]:
        """Return the links of the page that have this relation to it."""
        for element in self.root.iter("link", "a"):
            if relation in str(element.get("rel") or "").lower().split():
                yield element

    @cached_property
    def data(self) -> list[Mapping[str, Any]]:
        """What the page says of itself in JSON-LD: each thing that has a headline, articles among others."""
        found: list[Mapping[str, Any]] = []
        for element in self.root.iter("script"):
            if str(element.get("type") or "").strip().lower() == "application/ld+json":
                with suppress(*UNREADABLE):
                    found += _things_in(json.loads(element.text or ""))
        return [thing for thing in found if isinstance(thing.get("headline"), str)]


def _things_in(value: object) -> Iterator[Mapping[str, Any]]:
    """Return the things of JSON-LD, which may stand alone, in lists, and in graphs."""
    if isinstance(value, list):
        for one in value:
            yield from _things_in(one)
    elif isinstance(value, dict):
        yield value
        yield from _things_in(value.get("@graph", []))


def open_page(text: str, url: str) -> Page:
    """Return a page; whatever it is, there is a tree of it."""
    without_declaration = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).replace("\0", "")
    try:
        root = lxml_html.document_fromstring(without_declaration or "<html></html>")
    except (ValueError, etree.ParserError):  # it has nothing but comments
        root = lxml_html.document_fromstring("<html></html>")
    base = root.find(".//base[@href]")
    whole = web_address(str(base.get("href")), url) if base is not None else ""
    return Page(root=root, url=whole or url)


def feeds_named_in(text: str, url: str) -> list[str]:
    """Return the addresses of the feeds that a page names as its own."""
    page = open_page(text, url)
    links = [link for link in page.rel("alternate") if str(link.get("type") or "").lower() in _FEEDS]
    return [address for link in links if (address := web_address(str(link.get("href") or ""), page.url))]


def leads_on_to(page: Page) -> str:
    """Return where a page sends its visitors by itself, "" where they stay."""
    for element in page.root.iter("meta"):
        if str(element.get("http-equiv") or "").lower() == "refresh":
            match = _REFRESH.match(str(element.get("content") or ""))
            if match and int(match[1]) <= _AT_ONCE:
                return web_address(match[2], page.url)
    return ""


def wants_password(page: Page) -> bool:
    """Say whether a page asks who one is."""
    return bool(page.root.xpath("//input[@type='password']"))


def clip_page(page: Page, url: str) -> Clipping:
    """
    Return what an issue takes of a page.

    Args:
        page: the page.
        url: the address that it was found at in the end.
    """
    title, place = shortened(_title_of(page)), _place_of_text(page)
    words = words_in(place.text_content())
    said = page.meta("og:description", "description", "twitter:description") or _fact(page, "description")
    description = without_tags(said)
    source = f"<p>{escape(description, quote=False)}</p>" if description else _paragraphs_of(place)
    return Clipping(
        title=title or tidy(words_of(url.rstrip("/").rpartition("/")[2].partition(".")[0])) or shown(url),
        link=_link_of(page, url),
        teaser=teaser_of(blocks_of(soup_of(source, page.url)), title=title),
        image=_image_of(page),
        author=shortened(_author_of(page)),
        minutes=max(1, round(words / WORDS_A_MINUTE)) if words > TEASER_WORDS else None,
    )


def _fact(page: Page, name: str) -> str:
    return next((str(thing[name]) for thing in page.data if isinstance(thing.get(name), str)), "")


def _title_of(page: Page) -> str:
    """Return the title, without the name of its site around it."""
    whole = next((tidy(element.text_content()) for element in page.root.iter("title")), "")
    headings = [tidy(element.text_content()) for element in page.root.iter("h1")]
    within = next((words for words in headings if words and (words in whole or not whole)), "")
    named = without_tags(page.meta("og:title", "twitter:title") or _fact(page, "headline"))
    return _without_site(named or within or whole, without_tags(page.meta("og:site_name", "application-name")))


def _without_site(title: str, site: str) -> str:
    name = re.escape(site)
    rest = re.sub(rf"{_SEPARATOR}{name}\Z|\A{name}{_SEPARATOR}", "", title, flags=re.IGNORECASE) if site else title
    return rest or title


def _link_of(page: Page, url: str) -> str:
    """Return the address that the page calls its own, where it is one of the same site; else where it was found."""
    for element in page.rel("canonical"):
        address = web_address(str(element.get("href") or ""), page.url)
        is_home = urlsplit(address).path == "/" != urlsplit(url).path
        if address and site_of(address) == site_of(url) and not is_home:
            return without_tracking(address)
    return without_tracking(web_address(url))


def _image_of(page: Page) -> Image | None:
    alt = page.meta("og:image:alt", "twitter:image:alt")
    names = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")
    found = (image_at(page.metas.get(name, ""), page.url, alt=alt) for name in names if name in page.metas)
    return next(filter(None, found), None)


def _author_of(page: Page) -> str:
    """Return who wrote it: names, and neither addresses nor links."""
    said = [page.meta("author", "article:author", "parsely-author", "dc.creator")]
    people = [name for thing in page.data for name in _names_in(thing.get("author"))]
    marked = [element.text_content() for element in page.rel("author")]
    names = [_BY.sub("", without_tags(name), count=1) for name in (people or [*filter(None, said)] or marked)]
    kept = [name for name in dict.fromkeys(names) if name and not re.search(r"@|https?:", name)]
    return ", ".join(kept[:_AUTHORS])


def _names_in(author: object) -> list[str]:
    people = author if isinstance(author, list) else [author]
    names = (one.get("name") if isinstance(one, dict) else one for one in people)
    return [name for name in names if isinstance(name, str)]


def _place_of_text(page: Page) -> HtmlElement:
    """Return a copy of the part that holds most paragraphs, without what stands around a text."""
    places = [*page.root.xpath(_TEXT_PLACES)[:_PLACES], *page.root.iter("body")] or [page.root]
    sizes = [sum(len(part.text_content()) for part in place.iter("p")) for place in places]
    within = [size if place.tag != "body" else size / 2 for size, place in zip(sizes, places, strict=True)]
    place: HtmlElement = deepcopy(places[within.index(max(within))])
    for element in [*place.iter(*_NO_TEXT)]:
        if element is not place:
            element.drop_tree()
    return place


def _paragraphs_of(place: HtmlElement) -> str:
    return "".join(lxml_html.tostring(part, encoding="unicode", with_tail=False) for part in place.iter("p"))
