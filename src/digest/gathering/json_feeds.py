"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/, read on 2026-11-23)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from digest.gathering.addresses import web_address, without_tracking
from digest.gathering.entries import Entry, moment_of
from digest.gathering.prose import html_of, image_at
from digest.gathering.texts import tidy
from digest.wire import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_json_feed(text: str, url: str) -> list[Entry] | None:
    """Return the entries of a feed in JSON that have an address of their own; None where it is no such feed."""
    try:
        feed = msgspec.json.decode(text.encode("utf-8", "replace"))
    except UNREADABLE:
        return None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        return None
    entries = [_entry_of(item, feed, url) for item in items if isinstance(item, dict)]
    return [entry for entry in entries if entry.link]


def _entry_of(item: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> Entry:
    home = _text(feed, "home_page_url") or url
    images = [image_at(_text(item, name), home) for name in ("image", "banner_image")]
    return Entry(
        title=tidy(_text(item, "title")),
        link=_link_of(item, home),
        summary=html_of(_text(item, "summary")),
        content=_text(item, "content_html") or html_of(_text(item, "content_text")),
        author=_authors_of(item) or _authors_of(feed),
        images=[image for image in images if image],
        published=moment_of(_text(item, "date_published") or _text(item, "date_modified")),
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _link_of(item: Mapping[str, Any], home: str) -> str:
    """Return where it stands: 1.0 lets an item's name be its address."""
    for name in ("url", "external_url", "id"):
        address = _text(item, name)
        if address and (name != "id" or address.startswith(("https://", "http://"))):
            return without_tracking(web_address(address, home))
    return ""


def _authors_of(found: Mapping[str, Any]) -> str:
    """Return the names of who wrote it: one `author` in 1.0, `authors` in 1.1."""
    authors = found.get("authors")
    people = [*(authors if isinstance(authors, list) else ()), found.get("author")]
    names = (tidy(_text(person, "name")) for person in people if isinstance(person, dict))
    return ", ".join(dict.fromkeys(name for name in names if name and "@" not in name))
