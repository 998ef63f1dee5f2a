"""
Links and a picture by which our own server can tell who clicked and who looked, where ``[tracking]`` asks for that.

What is signed says where a link leads and from which issue; the reader's token stands behind it, as the slot that it
is. A link in which anything of the reader stands keeps its own address, and so does the text part: the ways to leave
and to one's preferences are among these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from typing import TYPE_CHECKING, Self

from digest.errors import SettingsError
from digest.keys import VARIABLE, how_to_get_one
from digest.links import click_url, open_url
from digest.model import MARKER, Slot
from digest.tokens import Purpose, tokens_of

if TYPE_CHECKING:
    from digest.config import Settings
    from digest.tokens import Tokens

_WHY = "Links are signed with it, so that nobody makes one up that leads elsewhere."
_TOKEN = Slot(name="token").marker
# Comments, in which Outlook alone finds something, are left as they are, and so is what is no page.
_LINK = re.compile(
    r"""(?xsi)
      <!--.*?-->
    | <(?P<raw>style|script|title)\b.*?</(?P=raw)\s*+>
    | (?P<before><a\b(?:[^<>"']|"[^"]*+"|'[^']*+')*?\shref\s*=\s*)(?P<quote>["'])(?P<url>.*?)(?P=quote)
    """
)
_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Puts our own server between a message and what its links lead to."""

    base_url: str
    """Where ``digest serve`` is reached."""
    tokens: Tokens
    opens: bool
    clicks: bool

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """
        Return that of a newsletter.

        Raises:
            SettingsError: there is no key to sign with.
        """
        tokens = tokens_of(settings.environ)
        if tokens is None:
            msg = f"to track by digest serve takes a {VARIABLE}"
            raise SettingsError(msg, hint=how_to_get_one(_WHY))
        tracking = settings.tracking
        return cls(base_url=settings.web_url, tokens=tokens, opens=tracking.opens, clicks=tracking.clicks)

    def track(self, html: str, slug: str) -> str:
        """Return the HTML part of an issue, with its slots as markers, as it is to leave."""
        if self.clicks:
            html = _LINK.sub(partial(self._tracked, slug), html)
        return _END.sub(partial(self._watched, slug), html, count=1) if self.opens else html

    def _tracked(self, slug: str, link: re.Match[str]) -> str:
        url = unescape(link["url"] or "").strip()
        if not _is_trackable(url, self.base_url):
            return link[0]
        signed = self.tokens.sign(Purpose.CLICK, slug, url)
        return f"{link['before']}{link['quote']}{escape(click_url(self.base_url, signed, _TOKEN))}{link['quote']}"

    def _watched(self, slug: str, end: re.Match[str]) -> str:
        url = open_url(self.base_url, self.tokens.sign(Purpose.OPEN, slug), _TOKEN)
        return f'<img src="{escape(url)}" alt="" width="1" height="1" style="display:block;border:0">{end[0]}'


def _is_trackable(url: str, base_url: str) -> bool:
    """Say whether an address is one of the web, the same for all readers, and none of the public side's own."""
    own = (f"{base_url}/{page}" for page in ("unsubscribe", "preferences", "subscribe", "click"))
    return (
        url.isascii()
        and url.isprintable()
        and url.lower().startswith(("https://", "http://"))
        and not MARKER.search(url)
        and not url.startswith(tuple(own))
    )
