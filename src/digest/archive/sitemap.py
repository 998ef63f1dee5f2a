"""The list of the archive's pages for search engines, by the protocol of sitemaps.org, version 0.9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree
from lxml.builder import ElementMaker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from lxml.etree import _Element as Element

NAME = "sitemap.xml"
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST = 20_000
"""Pages a file. 50,000 and 50 MB are allowed, and an address may have 2,048 characters: so many stay below both."""

_make = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})


def sitemaps(pages: Sequence[tuple[str, date | None]], newsletter_url: str) -> dict[str, bytes]:
    """
    Return the files of the sitemap by their names: one, or an index of several.

    Args:
        pages: their addresses, and when each was last changed, by the day or to the second, if that is known.
        newsletter_url: where the files will lie.
    """
    blocks = [pages[at : at + _MOST] for at in range(0, len(pages), _MOST)]
    if len(blocks) <= 1:
        return {NAME: _written(_make.urlset(*_places("url", pages)))}
    files = {f"sitemap-{number}.xml": block for number, block in enumerate(blocks, start=1)}
    parts = [(f"{newsletter_url}/{name}", _latest(block)) for name, block in files.items()]
    return {
        NAME: _written(_make.sitemapindex(*_places("sitemap", parts))),
        **{name: _written(_make.urlset(*_places("url", block))) for name, block in files.items()},
    }


def _places(tag: str, pages: Iterable[tuple[str, date | None]]) -> Iterable[Element]:
    for url, changed in pages:
        place = _make(tag, _make.loc(url))
        if changed:
            place.append(_make.lastmod(changed.isoformat()))
        yield place


def _latest(pages: Iterable[tuple[str, date | None]]) -> date | None:
    return max((changed for _, changed in pages if changed), key=str, default=None)


def _written(document: Element) -> bytes:
    return etree.tostring(document, encoding="utf-8", xml_declaration=True, pretty_print=True)
