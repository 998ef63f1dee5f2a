"""Feeds: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.x, each entry in our words."""

from __future__ import annotations

import io
import re
from calendar import timegm
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import feedparser

from digest.errors import SourceError
from digest.gathering.addresses import shown, web_address, without_tracking
from digest.gathering.entries import Entry, moment_of
from digest.gathering.json_feeds import read_json_feed
from digest.gathering.pages import feeds_named_in
from digest.gathering.prose import html_of, image_at, pixels
from digest.gathering.texts import tidy, without_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from time import struct_time

    from digest.gathering.clipping import Image

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Feedparser knows the entities of HTML; those that a feed declares are a way to blow up whoever reads it.
_PROLOG = re.compile(r"(?>\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^\[<>]*(?:\[.*?\]\s*)?>)*+", re.IGNORECASE | re.DOTALL)
_IS_HTML = re.compile(r"<(?:html|head|body)\b", re.IGNORECASE)
_EPOCH = 1970
"""The year that is meant by those who have no date."""
_SMALLEST = 100
"""Pixels that a picture of a story has at least; smaller ones are of whoever wrote it."""
_MAILBOX = re.compile(r"\S+@\S+")
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp)(?:\?|\Z)", re.IGNORECASE)


def read_feed(text: str, url: str) -> list[Entry]:
    """
    Return the entries of a feed in its order; what has no address of its own is none.

    Args:
        text: the feed.
        url: where it was found.

    Raises:
        SourceError: it is no feed.
    """
    if text.lstrip().startswith("{"):
        entries = read_json_feed(text, url)
        if entries is not None:
            return entries
    plain = _PROLOG.sub("", _CONTROLS.sub("", text), count=1)
    if not _IS_HTML.match(plain):
        headers = {"content-type": "application/xml; charset=utf-8"}
        # In a stream, since it takes a text for an address or the name of a file.
        found = feedparser.parse(
            io.BytesIO(plain.encode("utf-8", "replace")), response_headers=headers, sanitize_html=False
        )
        if found.get("version") or found.entries:
            home = web_address(str(found.feed.get("link") or ""), url) or url
            return [entry for one in found.entries if (entry := _entry_of(one, home)).link]
    raise _no_feed(text, url)


def _no_feed(text: str, url: str) -> SourceError:
    named = feeds_named_in(text, url) if "<" in text else []
    msg = f"{shown(url)}: this is no feed"
    hint = f"The page says that its feed is {shown(named[0])}" if named else "A feed is RSS, Atom or JSON Feed."
    return SourceError(msg, hint=hint)


def _entry_of(found: dict[str, Any], url: str) -> Entry:
    title, detail = str(found.get("title") or ""), found.get("title_detail") or {}
    return Entry(
        title=tidy(title) if _is_plain(detail) else without_tags(title),
        link=_link_of(found, url),
        summary=_html_in(found.get("summary_detail") or {}),
        content=max(map(_html_in, found.get("content") or ()), key=len, default=""),
        author=_author_of(found),
        images=[*_images_of(found, url)],
        published=_moment_of(found),
    )


def _html_in(detail: Mapping[str, Any]) -> str:
    value = str(detail.get("value") or "")
    return html_of(value) if _is_plain(detail) else value


def _is_plain(detail: Mapping[str, Any]) -> bool:
    return detail.get("type") == "text/plain"


def _link_of(found: Mapping[str, Any], url: str) -> str:
    enclosures = [str(one.get("href") or "") for one in found.get("enclosures") or ()]
    name = str(found.get("id") or "")
    permalink = name if found.get("guidislink") and "://" in name else ""
    for address in (found.get("feedburner_origlink"), found.get("link"), permalink, *enclosures):
        link = without_tracking(web_address(str(address), url)) if address else ""
        if link:
            return link
    return ""


def _author_of(found: Mapping[str, Any]) -> str:
    """Return who wrote it: a name, and never an address."""
    detail = found.get("author_detail") or {}
    name = without_tags(str(detail.get("name") or found.get("author") or ""))
    return "" if _MAILBOX.search(name) else name


def _images_of(found: Mapping[str, Any], url: str) -> Iterator[Image]:
    media = [one for one in found.get("media_content") or () if _is_picture(one)]
    media.sort(key=lambda one: pixels(one.get("width")) or 0, reverse=True)
    enclosures = [one for one in found.get("enclosures") or () if _is_picture(one)]
    thumbnails = [
        one for one in found.get("media_thumbnail") or () if (pixels(one.get("width")) or _SMALLEST) >= _SMALLEST
    ]
    cover = found.get("image") or {}
    for one in (*media, *enclosures, *thumbnails, cover):
        image = image_at(str(one.get("url") or one.get("href") or ""), url)
        if image:
            yield image


def _is_picture(medium: Mapping[str, Any]) -> bool:
    kind = str(medium.get("medium") or medium.get("type") or "")
    return kind.startswith("image") if kind else bool(_PICTURE.search(str(medium.get("url") or "")))


def _moment_of(found: dict[str, Any]) -> datetime | None:
    """Return when it was published, else when it was last changed, in UTC."""
    for name in ("published", "updated", "created"):
        # Past feedparser's own look-up, which takes one kind of date for another, and warns of it.
        parsed, written = dict.get(found, f"{name}_parsed"), str(dict.get(found, name) or "")
        moment = _moment_at(parsed) if parsed else moment_of(written)
        if moment and moment.year > _EPOCH:
            return moment
    return None


def _moment_at(parsed: struct_time) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError):
        return None
