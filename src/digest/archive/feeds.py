"""
The archive as feeds, with the full content of the newest issues: Atom (RFC 4287) and RSS 2.0.

They are made of the issues alone and know no clock, so a rebuild gives the same bytes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import nh3
from lxml import etree
from lxml.builder import ElementMaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element as Element

    from digest.archive.entries import Entry
    from digest.config import Newsletter

NEWEST = 20
"""How many issues a feed has; readers ask for it often, and keep what they have seen."""
_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_AUTHORS = "http://purl.org/dc/elements/1.1/"
_XML = "http://www.w3.org/XML/1998/namespace"
_UNWRITTEN = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed was changed that has nothing yet."""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document can hold (XML 1.0, 2.2)."""

_atom = ElementMaker(namespace=_ATOM, nsmap={None: _ATOM})
_rss = ElementMaker(nsmap={"atom": _ATOM, "content": _CONTENT, "dc": _AUTHORS})


def atom(newsletter: Newsletter, entries: Sequence[Entry], feed_url: str) -> bytes:
    """
    Return an Atom feed.

    Args:
        newsletter: whose it is.
        entries: the issues, in any order.
        feed_url: where the feed will be found.
    """
    newest = _newest(entries)
    home = f"{newsletter.url}/"
    feed = _atom.feed(
        _atom.id(home),
        _atom.title(_text(newsletter.name)),
        *([_atom.subtitle(_text(newsletter.tagline))] if newsletter.tagline else ()),
        _atom.updated(_changed(newest).isoformat()),
        _atom.link(rel="self", type="application/atom+xml", href=feed_url),
        _atom.link(rel="alternate", type="text/html", href=home),
        _atom.author(_atom.name(_text(newsletter.name))),
        *map(_atom_entry, newest),
    )
    feed.set(f"{{{_XML}}}lang", newsletter.language)
    return _written(feed)


def _atom_entry(entry: Entry) -> Element:
    return _atom.entry(
        _atom.id(entry.url),
        _atom.title(_text(entry.title)),
        _atom.link(rel="alternate", type="text/html", href=entry.url),
        _atom.published(entry.published.isoformat()),
        _atom.updated(entry.updated.isoformat()),
        *([_atom.author(_atom.name(_text(entry.author)))] if entry.author else ()),
        *([_atom.summary(_text(entry.summary))] if entry.summary else ()),
        _atom.content(_content(entry), type="html"),
    )


def rss(newsletter: Newsletter, entries: Sequence[Entry], feed_url: str) -> bytes:
    """
    Return an RSS feed.

    Args:
        newsletter: whose it is.
        entries: the issues, in any order.
        feed_url: where the feed will be found.
    """
    newest = _newest(entries)
    link = etree.Element(f"{{{_ATOM}}}link", rel="self", type="application/rss+xml", href=feed_url)
    channel = _rss.channel(
        _rss.title(_text(newsletter.name)),
        _rss.link(f"{newsletter.url}/"),
        _rss.description(_text(newsletter.tagline or newsletter.name)),
        _rss.language(newsletter.language),
        _rss.lastBuildDate(_in_rfc_822(_changed(newest))),
        link,
        *map(_rss_item, newest),
    )
    return _written(_rss.rss(channel, version="2.0"))


def _rss_item(entry: Entry) -> Element:
    item = _rss.item(
        _rss.title(_text(entry.title)),
        _rss.link(entry.url),
        _rss.guid(entry.url, isPermaLink="true"),
        _rss.pubDate(_in_rfc_822(entry.published)),
    )
    if entry.author:
        etree.SubElement(item, f"{{{_AUTHORS}}}creator").text = _text(entry.author)
    item.append(_rss.description(_text(entry.summary)))
    etree.SubElement(item, f"{{{_CONTENT}}}encoded").text = _content(entry)
    return item


def _newest(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.published, entry.slug), reverse=True)[:NEWEST]


def _changed(entries: Sequence[Entry]) -> datetime:
    return max((entry.updated for entry in entries), default=_UNWRITTEN)


def _in_rfc_822(at: datetime) -> str:
    return format_datetime(at)


def _text(text: str) -> str:
    return _NO_XML.sub("", text)


def _content(entry: Entry) -> str:
    """Return the content of an issue as feed readers may show it: nothing that runs, nothing that is relative."""
    return _text(
        nh3.clean(entry.html, attributes=_ATTRIBUTES, attribute_filter=partial(_whole, entry.url), link_rel=None)
    )


_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "*": {"id", "lang", "dir", "title"}}
_ADDRESSES = frozenset({"href", "src", "cite"})


def _whole(page: str, _tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute, an address from its page on; None where it cannot be read."""
    if name not in _ADDRESSES:
        return value
    try:
        return urljoin(page, value)
    except ValueError:
        return None


def _written(document: Element) -> bytes:
    return etree.tostring(document, encoding="utf-8", xml_declaration=True, pretty_print=True)
