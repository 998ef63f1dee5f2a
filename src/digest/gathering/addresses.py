"""Addresses on the web: made whole, freed of what follows readers around, and told apart."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit, urlunsplit

from digest.reading.fields import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

# What advertisers, social networks and newsletter services add to addresses, by their own manuals.
_TRACKERS = re.compile(
    r"utm_\w+|(?:fb|g|d|gb|wb|msc|tw|ttc|yc|igsh|li_fat_)(?:lid|clid|raid|lkid|id)|mc_[ce]id|_hs(?:enc|mi)|__hs\w+"
    r"|mkt_tok|oly_(?:anon|enc)_id|vero_(?:id|conv)|wickedid|ck_subscriber_id|igshid|_openstat|s_cid|ref_src|yclid",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[^\x21-\x7e\u00a1-\uffff\U00010000-\U0010ffff]|[\"'()<>\\^`{|}*\[\]]")
_ENTITY = re.compile(r"&(#?\w+);")
_IN_TEXT = re.compile(r"https?://[^\s<>\"\[\]]+", re.IGNORECASE)
_BEHIND = ".,;:!?'*_~`"
_PORTS = {"http": "80", "https": "443"}
_LONGEST = 4096
"""Characters of an address; many a server takes no more, and nobody's page has so many."""


def web_address(address: str, base: str = "") -> str:
    """
    Return an address of the web, whole, as it can stand anywhere in Markdown and in front matter; "" for any other.

    Args:
        address: as it was found.
        base: what a relative one is relative to.
    """
    try:
        parts = urlsplit(urljoin(base, address.strip()))
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if (
        not 0 < len(address.strip()) <= _LONGEST
        or parts.scheme not in _PORTS
        or not host
        or _UNSAFE.search(host.strip("[]"))
    ):
        return ""
    port = "" if port == f":{_PORTS[parts.scheme]}" else port
    name = f"[{host}]" if ":" in host else host
    path, query, fragment = (_UNSAFE.sub(_percent, part) for part in (parts.path or "/", parts.query, parts.fragment))
    whole = urlunsplit((parts.scheme, f"{name}{port}", path, query, fragment))
    whole = _ENTITY.sub(r"&\1%3B", whole)
    while RESERVED.search(whole):  # one may stand behind another
        whole = RESERVED.sub(lambda match: _percent_first(match[0]), whole)
    return whole


def _percent(match: re.Match[str]) -> str:
    return quote(match[0], safe="", errors="replace") if ord(match[0]) > 0x7E else f"%{ord(match[0]):02X}"  # noqa: PLR2004  # the last of ASCII that is seen


def _percent_first(word: str) -> str:
    return f"%{ord(word[0]):02X}{word[1:]}"


def without_tracking(address: str) -> str:
    """Return an address of the web without the parameters that say where a reader came from."""
    parts = urlsplit(address)
    kept = "&".join(one for one in parts.query.split("&") if not _is_tracker(one))
    fragment = "" if _TRACKERS.match(parts.fragment) or parts.fragment.startswith(":~:") else parts.fragment
    return urlunsplit(parts._replace(query=kept, fragment=fragment))


def _is_tracker(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return bool(_TRACKERS.fullmatch(name)) or (name == "source" and value.startswith("rss-"))  # Medium's feeds


def identity(address: str) -> str:
    """Return what is the same of all spellings of one address: scheme, ``www``, last slash and fragment are not."""
    parts = _split(without_tracking(address))
    host = (parts.hostname or "").removeprefix("www.")
    path = quote(unquote(parts.path), safe="/").rstrip("/")
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return f"{host}{_port(parts)}{path}?{query}"


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # it is read when it is asked for, and may be no number
    except ValueError:
        return urlsplit("")
    return parts


def _port(parts: SplitResult) -> str:
    return f":{parts.port}" if parts.port and str(parts.port) not in _PORTS.values() else ""


def site_of(address: str) -> str:
    """Return whose page it is: its host, without ``www``."""
    return (_split(address).hostname or "").removeprefix("www.")


def shown(address: str) -> str:
    """Return as much of an address as can be told to anyone: no query, which may hold secrets, and no password."""
    parts = _split(address)
    return f"{parts.hostname or '?'}{_port(parts)}{parts.path}"


def addresses_in(text: str) -> Iterator[str]:
    """Return the addresses of the web that stand anywhere in a Markdown text, in links and outside of them."""
    for match in _IN_TEXT.finditer(text):
        address = match[0]
        while address and (address[-1] in _BEHIND or (address[-1] == ")" and _is_unpaired(address))):
            address = address[:-1]
        yield unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", address))


def _is_unpaired(address: str) -> bool:
    return address.count(")") > address.count("(")
