"""The addresses that stand in a message: what leads on, what is fetched, and whose host they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from digest.checking.page import name_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from digest.checking.page import Page

_LEADS_ON = {("a", "href"), ("area", "href")}
_FETCHED = frozenset({"src", "background", "poster", "style"})
_IN_TEXT = re.compile(r"\bhttps?://[^\s<>\"]+", re.IGNORECASE)
_BEHIND = ".,;:!?)]}'\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
_EMPTY = SplitResult("", "", "", "", "")

_LOCAL = frozenset(
    {"corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "test"}
)
"""Endings that no public name has (RFC 6761 and 6762, ICANN's resolution 2024.07.29.06, and habit)."""
_RESERVED = re.compile(r"(?:.+\.)?(?:example(?:\.(?:com|net|org))?|test|invalid)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An address that stands in a message."""

    url: str
    """As it is written, with spaces around it taken away."""
    element: HtmlElement | None
    """Where it stands in the page; None for one that stands in the text part alone."""
    text: str = ""
    """What the link says to the eye."""
    name: str = ""
    """What it is called: the link's name, the picture's words, or else the address itself."""
    leads_on: bool = True
    """Whether readers follow it; else their mail programs fetch it: a picture, a background."""

    @property
    def host(self) -> str:
        """The host that it names; empty where it names none."""
        return host_of(self.url)

    @property
    def scheme(self) -> str:
        """Its scheme, in small letters; empty where it has none."""
        return split(self.url).scheme

    @property
    def is_web(self) -> bool:
        """Whether it is fetched over HTTP, in the clear or not."""
        return self.scheme in {"http", "https"}

    @property
    def called(self) -> str:
        """What a sentence calls it."""
        if self.element is None:
            return "an address in the text part"
        what = "the link" if self.leads_on else "the image"
        return f'{what} "{shortened(self.name)}"' if self.name != self.url else what

    @property
    def is_shown_as_it_is(self) -> bool:
        """Whether it is its own text, as bare addresses become links: a reader sees where it leads."""
        whole = self.url.rstrip("/")
        return bool(self.text) and self.text.rstrip("/") in {whole, whole.partition("://")[2]}


def each_once(references: Iterable[Reference]) -> Iterable[Reference]:
    """Return the first reference to each address."""
    first: dict[str, Reference] = {}
    for reference in references:
        first.setdefault(reference.url, reference)
    return first.values()


_LONGEST = 80


def shortened(text: str) -> str:
    """Return a text or an address for a sentence: on one line, cut where it is long, without what follows a ``?``."""
    line = " ".join(text.split())
    if "://" in line:
        before, mark, _ = line.partition("?")
        line = f"{before}{mark}…" if mark else before
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def references(page: Page, text: str) -> list[Reference]:
    """Return the addresses of a message in the order of the page, then those that its text part alone has."""
    in_page = [*_references_of(page)]
    known = unescape(page.html)
    alone = dict.fromkeys(match[0].rstrip(_BEHIND) for match in _IN_TEXT.finditer(text))
    return [*in_page, *(Reference(url=url, element=None, name=url) for url in alone if url not in known)]


def _references_of(page: Page) -> Iterator[Reference]:
    for element, attribute, url, _ in page.root.iterlinks():
        if (element.tag, attribute) in _LEADS_ON:
            name = name_of(element) or url.strip()
            yield Reference(url=url.strip(), element=element, text=text_of(element), name=name)
        elif attribute in _FETCHED:
            yield Reference(url=url.strip(), element=element, name=element.get("alt") or url.strip(), leads_on=False)


@lru_cache(4096)
def split(url: str) -> SplitResult:
    """Return the parts of an address; nothing but empty ones where it cannot be read."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return _EMPTY
    return parts


def host_of(url: str) -> str:
    """Return the host of a web address in small letters, as name servers know it; empty where it has none."""
    parts = split(url if "://" in url else f"//{url}" if url.startswith("www.") else url)
    host = (parts.hostname or "").rstrip(".")
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # takes 50 ms to read, and few issues need it


def site_of(host: str) -> str:
    """Return the part of a host's name that somebody registered, such as example.co.uk; the host if there is none."""
    return _suffixes().privatesuffix(host) or host


def same_site(first: str, second: str) -> bool:
    """Say whether two hosts belong together: what somebody registered is the same, as DMARC's relaxed alignment is."""
    first, second = first.casefold(), second.casefold()
    if first == second or first.endswith(f".{second}") or second.endswith(f".{first}"):
        return True  # nearly always so, and seen without the list
    return site_of(first) == site_of(second)


def has_public_ending(host: str) -> bool:
    """Say whether a name ends as public ones do: example.com, and not node.js."""
    return _suffixes().publicsuffix(host, accept_unknown=False) is not None


def is_unpublished(host: str) -> bool:
    """Say whether a host is out of readers' reach: on one's own machine, in a private network, or without a name."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        ending = host.rpartition(".")[2]
        return "." not in host or ending in _LOCAL or ending.isdecimal() or host.endswith(".home.arpa")


def is_reserved(host: str) -> bool:
    """Say whether a host is kept for examples and tests, so that nobody can have it (RFC 2606)."""
    return _RESERVED.fullmatch(host) is not None
