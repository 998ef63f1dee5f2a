"""Rules about how large a message is."""

from __future__ import annotations

import re
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING

from digest.checking.clients.inboxes import GMAIL_CLIP
from digest.checking.rule import Remark, rule
from digest.model import Severity
from digest.wire.mime import quoted_printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from digest.checking.proof import Proof

_NEAR_CLIP = 92_160
_TRACKED_LINK = 250
"""
What a link grows by when a service leads it through its own server, in bytes; a guess.

Links seen in 2026 grew by some 90 (Postmark), 160 (Amazon SES, Resend) and 350 to 1,000 (SendGrid; 400 in all in
github.com/mozilla/pontoon/issues/4241).
"""
_TRACKED_OPEN = 350
_LARGEST = 3
"""How many of the largest blocks are named."""
_HEADING = re.compile(r"(?=<h[12][\s>])")
_HEADING_TEXT = re.compile(r"<(h[12])[\s>].*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@rule(Severity.ERROR)
def gmail_clip(proof: Proof) -> Iterator[Remark]:
    """
    The HTML part has less than 102,400 bytes as it leaves.

    Gmail cuts a longer one off and hides the rest behind a link, the way to unsubscribe with it; 92,160 bytes are near
    enough for a warning. What counts is the HTML part in its transfer encoding, as tests of the community show
    ([email-bugs 41](https://github.com/hteumeuleu/email-bugs/issues/41), read 2026-11); Google says nothing. Images
    that travel with the message do not count. Where a provider tracks clicks, links grow by an amount that is only
    guessed here, 250 bytes each, so that alone is never an error.
    """
    part = next((part for part in proof.mime.walk() if part.get_content_type() == "text/html"), None)
    size = len(str(part.get_payload())) if part else 0
    growth, reason = _tracking(proof)
    if size + growth < _NEAR_CLIP:
        return
    blocks = sorted(_blocks(proof), reverse=True)[:_LARGEST]
    named = ", ".join(f"{title} ({block:,})" for block, _, title in blocks)
    tracked = f", and some {size + growth:,} when {reason}" if growth else ""
    yield Remark(
        sentence=f"the HTML part has {size:,} bytes{tracked}; Gmail cuts it at {GMAIL_CLIP:,}; "
        f"its largest blocks: {named}",
        fix="Shorten them, set a fold (<!-- more -->) in the longest stories, or send two issues.",
        element=_heading(proof, blocks[0][1]),
        severity=Severity.ERROR if size >= GMAIL_CLIP else Severity.WARNING,
    )


def _tracking(proof: Proof) -> tuple[int, str]:
    """Return by how many bytes the HTML part grows at a provider that tracks, about, and why."""
    tracking = proof.settings.tracking
    if tracking.through == "server":
        return 0, ""  # it leaves with those links
    links = sum(link.href.lower().startswith(("http:", "https:")) for link in proof.page.links) * tracking.clicks
    why = [*([f"{links} links are tracked"] if links else []), *(["opens are tracked"] if tracking.opens else [])]
    return links * _TRACKED_LINK + tracking.opens * _TRACKED_OPEN, " and ".join(why)


def _blocks(proof: Proof) -> Iterator[tuple[int, int, str]]:
    """Yield the size of what each title has below it, in encoded bytes, its number from 1, and the title."""
    head, *blocks = _HEADING.split(proof.html)
    yield len(quoted_printable(head)), 0, "what stands above the first title"
    for number, block in enumerate(blocks, start=1):
        title = _HEADING_TEXT.match(block)
        yield len(quoted_printable(block)), number, f'"{_text(title[0] if title else "")}"'


def _text(html: str) -> str:
    return " ".join(unescape(_TAG.sub("", html)).split())


def _heading(proof: Proof, number: int) -> HtmlElement | None:
    return next(islice(proof.page.elements("h1", "h2"), number - 1, None), None) if number else None


_STYLES = 16_384
_NEAR_STYLES = 14_336


@rule(Severity.ERROR)
def gmail_style_limit(proof: Proof) -> Iterator[Remark]:
    """
    All stylesheets together have at most 16 KB.

    Gmail heeds none of the rules beyond ([email-bugs 90](https://github.com/hteumeuleu/email-bugs/issues/90), which
    caniemail.com took over in 2025-11; before, 8 KB were told everywhere). From 14 KB on this is a warning.
    """
    size = sum(len(stylesheet.encode()) for stylesheet in proof.page.stylesheets)
    if size > _NEAR_STYLES:
        yield Remark(
            sentence=f"the stylesheets have {size:,} bytes, and Gmail heeds no more than {_STYLES:,}",
            fix="Take out rules that nothing needs, or write them onto the tags (`styled`, inline styles).",
            element=next(proof.page.elements("style"), None),
            severity=Severity.ERROR if size > _STYLES else Severity.WARNING,
        )
