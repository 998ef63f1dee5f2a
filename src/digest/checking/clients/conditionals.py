"""Conditional comments, by which a template tells Outlook things of its own: whether they are whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = re.compile(r"(?P<end><!\[endif\](?:--)?>)|(?:<!--|<!)\[if\b[^\]]*\](?:><!--|>\s*--)?>?", re.IGNORECASE)
_FOR_OUTLOOK = re.compile(
    r"<!--\[if\b(?P<condition>[^\]]*\bmso\b[^\]]*)\]>(?!<!|\s*-->)(?P<text>.*?)<!\[endif\]-->",
    re.IGNORECASE | re.DOTALL,
)
_FOR_FEW = re.compile(r"!\s*\(?\s*mso|\blte?\b", re.IGNORECASE)
"""Conditions that today's Outlooks do not meet."""
_TABLE_TAG = re.compile(r"<(?P<end>/?)(?P<name>table|tr|td|th)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a condition."""

    sentence: str
    written: str
    """The mark or tag in question."""


def faults(html: str) -> Iterator[Fault]:
    """Yield what is wrong with the conditional comments of a page: each wants one end, and they do not nest."""
    opened = ""
    for mark in _MARK.finditer(html):
        if mark["end"] and not opened:
            yield Fault(sentence=f"{mark[0]} ends a condition that never began", written=mark[0])
        elif not mark["end"] and opened:
            yield Fault(sentence=f"{opened} has no <![endif]--> before the next begins", written=opened)
        opened = "" if mark["end"] else mark[0]
    if opened:
        yield Fault(sentence=f"{opened} has no <![endif]-->, so Outlook shows none of what follows", written=opened)


def outlook_tables(html: str) -> Iterator[Fault]:
    """Yield where the tables that only Outlook is shown do not close as they open; the first such place."""
    opened: list[str] = []
    for tag in _outlook_tags(html):
        name = tag["name"].lower()
        if not tag["end"]:
            opened.append(name)
        elif not opened or opened.pop() != name:
            yield Fault(sentence=f"{tag[0]} closes nothing in what Outlook alone is shown", written=tag[0])
            return
    if opened:
        yield Fault(
            sentence=f"a <{opened[-1]}> in what Outlook alone is shown is never closed", written=f"<{opened[-1]}"
        )


def _outlook_tags(html: str) -> Iterator[re.Match[str]]:
    for block in _FOR_OUTLOOK.finditer(html):
        if not _FOR_FEW.search(block["condition"]):
            yield from _TABLE_TAG.finditer(block["text"])
