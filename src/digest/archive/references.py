"""Where the pages of the archive lead, and which of it is not there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from digest.archive.pages import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from digest.archive.pages import Page

_ADDRESSES = ("href", "src")
_OF_BROWSERS = ":~:"
"""What a fragment has in it that points to words and not to an element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A reference to what is not there."""

    page: Page
    address: str
    """As it stands in the page."""


def find_dead(pages: Sequence[Page], newsletter_url: str, is_there: Callable[[str], bool]) -> list[Dead]:
    """
    Return the references of pages to parts of the archive that are not there.

    Args:
        pages: all pages.
        newsletter_url: where the archive begins.
        is_there: says of a path, from the archive's folder on, whether something lies there that is none of `pages`.
    """
    home = f"{newsletter_url}/"
    names: dict[str, set[str]] = {}
    asked: dict[str, list[tuple[Page, str, str]]] = defaultdict(list)
    for page in pages:
        document = etree.fromstring(page.html, etree.HTMLParser())
        names[page.path] = {str(name) for name in document.xpath("//@id")}
        for address in _addresses(document):
            path, fragment = _target(page.url, address, home)
            if path is not None:
                asked[path].append((page, address, fragment))
    return [
        Dead(page=page, address=address)
        for path, references in asked.items()
        for page, address, fragment in references
        if (fragment not in names[path] if path in names and fragment else path not in names and not is_there(path))
    ]


def _addresses(document: etree._Element) -> Iterator[str]:
    for name in _ADDRESSES:
        yield from map(str, document.xpath(f"//@{name}"))
    for sources in document.xpath("//@srcset"):
        yield from (source.split()[0] for source in str(sources).split(",") if source.strip())


def _target(page: str, address: str, home: str) -> tuple[str | None, str]:
    """Return the path of a file, from the archive's folder on, and the part of it that is meant; None elsewhere."""
    try:
        url = urljoin(page, address)
    except ValueError:  # it cannot be read as an address, such as http://[x
        return None, ""
    if not f"{url}/".startswith(home):
        return None, ""
    parts = urlsplit(url[len(home) :] if url.startswith(home) else "")
    path = unquote(parts.path)
    fragment = "" if _OF_BROWSERS in parts.fragment else unquote(parts.fragment)
    return path + PAGE if not path or path.endswith("/") else path, fragment
