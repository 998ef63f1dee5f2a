"""The size of letters, the height of lines, and links that can be told from text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import find

if TYPE_CHECKING:
    from pathlib import Path

LONG = "The lamp at the corner was lit at five, and at six, and at seven, until nobody was there to see it any more. "


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<p style="font-size:11px">Nine</p>', ["is set in 11 pixels, less than 12"]),
        (f'<div style="font-size:13px">{LONG}</div><h1>Nine</h1>', ["most of the text is set in 13 pixels"]),
        (f'<p>{LONG}</p><p style="font-size:12px">You get this because you asked for it.</p>', []),
        (f'<p>{LONG}<sup style="font-size:10px">1</sup></p>', []),
        ('<p>Nine</p><p style="font-size:8px;display:none">Ten</p><p style="font-size:8px"> · </p>', []),
        ("<style>@media (max-width:500px) {p {font-size:10px}}</style><p>Nine</p>", ["10 pixels on a phone"]),
        (f'<p style="line-height:1.2">{LONG}</p>', ["a line height of 1.2, less than 1.4"]),
        (f'<p style="line-height:18px;font-size:16px">{LONG}</p>', ["a line height of 1.12, less than 1.4"]),
        ('<h1 style="line-height:1.1">Nine lamps</h1>', []),
    ],
)
def test_sizes(html: str, words: list[str], tmp_path: Path) -> None:
    """Nothing is tiny, the bulk is not small, and lines of text have room; a heading may be tight."""
    remarks = find("text-size", tmp_path, html=html)
    assert len(remarks) == len(words)
    assert all(word in remark.sentence for word, remark in zip(words, remarks, strict=True))


@pytest.mark.parametrize(
    ("link", "is_told"),
    [
        ("color:#333;text-decoration:none", True),
        ("color:#333", False),
        ("color:#e8734a;text-decoration:none", False),
        ("color:#333;text-decoration:none;font-weight:bold", False),
        ("color:#333;text-decoration:none;background:#ffc", False),
    ],
)
def test_links_among_words(link: str, is_told: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a column
    """A link is told from the words around it by a line, by weight, or by a colour that is far from theirs."""
    html = f'<p style="color:#000">Nine <a href="https://example.test/" style="{link}">lamps</a> are lit.</p>'
    assert bool(find("text-size", tmp_path, html=html)) == is_told


def test_links_on_their_own(tmp_path: Path) -> None:
    """Headings that are links, lists of links and rows of them need no line below."""
    link = '<a href="https://example.test/" style="color:#333;text-decoration:none">lamps</a>'
    html = f"<h2>{link}</h2><ul><li>{link}</li></ul><p>{link} · {link}</p>"
    assert not find("text-size", tmp_path, html=html)


@pytest.mark.parametrize(
    ("viewport", "is_told"),
    [
        ("width=device-width, user-scalable=no", True),
        ("width=device-width, maximum-scale=1.0", True),
        ("width=device-width, initial-scale=1, maximum-scale=10", False),
        ("width=device-width, user-scalable=yes, maximum-scale=2", False),
    ],
)
def test_text_that_cannot_be_enlarged(viewport: str, is_told: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a column
    """A viewport that allows less than twice the size is told."""
    html = f'<!doctype html><html><head><meta name="viewport" content="{viewport}"></head><body><p>x</p></body></html>'
    assert bool(find("text-size", tmp_path, html=html)) == is_told
