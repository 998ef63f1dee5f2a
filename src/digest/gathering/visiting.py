"""A page, visited as a reader would: through redirects of any kind, up to what stands at their end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.errors import SourceError
from digest.gathering.addresses import shown
from digest.gathering.fetching import HOPS
from digest.gathering.pages import clip_page, leads_on_to, open_page, wants_password

if TYPE_CHECKING:
    from digest.gathering.clipping import Clipping
    from digest.gathering.fetching import Fetched, Fetcher

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_LOOKS_LIKE_HTML = re.compile(
    rb"(?>\s+|<!--.*?-->)*+<(?:!doctype|html|head|body|meta|title)\b", re.IGNORECASE | re.DOTALL
)
_LOGIN = re.compile(r"/(?:wp-)?(?:log-?in|sign-?in|auth|sso)(?:[/.]|$)", re.IGNORECASE)
_BY_HAND = "Write its story by hand: ## [Title](address)"


def visit(fetcher: Fetcher, url: str) -> Clipping:
    """
    Return what an issue takes of the page at an address.

    Raises:
        SourceError: it cannot be had, or is no page.
    """
    address = url
    for _ in range(HOPS + 1):
        fetched = fetcher.fetch(address, meant=url)
        _refuse_what_is_no_page(fetched, url)
        page = open_page(fetched.text, fetched.url)
        address = leads_on_to(page)
        if not address or address == fetched.url:
            _refuse_login(url, fetched.url, asks=wants_password(page))
            return clip_page(page, fetched.url)
    msg = f"{shown(url)}: it is redirected more than {HOPS} times"
    raise SourceError(msg, hint=_BY_HAND)


def _refuse_what_is_no_page(fetched: Fetched, url: str) -> None:
    kind = fetched.content_type.partition(";")[0].strip().lower()
    if kind in _HTML or (
        kind in {"", "text/plain", "application/octet-stream"} and _LOOKS_LIKE_HTML.match(fetched.body)
    ):
        return
    msg = f"{shown(url)}: it is no web page, but {kind or 'something that does not say what it is'}"
    raise SourceError(msg, hint=_BY_HAND)


def _refuse_login(asked: str, found: str, *, asks: bool) -> None:
    """Refuse the page that stands in for the one that was asked for."""
    if asks and _LOGIN.search(urlsplit(found).path) and not _LOGIN.search(urlsplit(asked).path):
        msg = f"{shown(asked)}: it is shown only to those who log in"
        raise SourceError(msg, hint=_BY_HAND)
