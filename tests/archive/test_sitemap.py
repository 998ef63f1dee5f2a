"""The sitemap: each page once, in files that search engines take."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from digest.archive.sitemap import sitemaps

if TYPE_CHECKING:
    from collections.abc import Sequence

HOME = "https://plateau.example.org"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "schemas" / "sitemap.rng"))


def files_of(pages: Sequence[tuple[str, date | None]]) -> dict[str, list[tuple[str, str | None]]]:
    """Return the addresses and moments in each file, all of them valid."""
    found = {}
    for name, content in sitemaps(pages, HOME).items():
        document = etree.fromstring(content)
        SCHEMA.assertValid(document)
        found[name] = [(str(place.findtext("{*}loc")), place.findtext("{*}lastmod")) for place in document]
    return found


def test_each_page_is_listed_with_its_last_change() -> None:
    """By the day or to the second, or not at all; addresses may have what XML escapes."""
    changed = datetime(2026, 11, 24, 9, tzinfo=UTC)
    pages = [(f"{HOME}/", None), (f"{HOME}/a/?b=1&c=2", date(2026, 11, 24)), (f"{HOME}/%C3%A9/", changed)]
    assert files_of(pages) == {
        "sitemap.xml": [
            (f"{HOME}/", None),
            (f"{HOME}/a/?b=1&c=2", "2026-11-24"),
            (f"{HOME}/%C3%A9/", "2026-11-24T09:00:00+00:00"),
        ]
    }


def test_an_archive_without_pages_has_an_empty_sitemap() -> None:
    """It is still there, and valid."""
    assert files_of([]) == {"sitemap.xml": []}


def test_a_large_archive_has_an_index_of_several_files() -> None:
    """Each lists no more than what fits with the longest addresses; the index says when it was last changed."""
    pages = [(f"{HOME}/{number}/", date(2026, 1, 1 + number % 28) if number % 2 else None) for number in range(20_001)]
    index, *files = files_of(pages).items()
    assert index == (
        "sitemap.xml",
        [(f"{HOME}/sitemap-1.xml", "2026-01-28"), (f"{HOME}/sitemap-2.xml", None)],
    )
    assert [len(listed) for _, listed in files] == [20_000, 1]
    assert [page for _, listed in files for page in listed] == [(url, str(day) if day else None) for url, day in pages]
