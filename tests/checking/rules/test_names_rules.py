"""Rules about the names of images and links: what they find, and what they let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import find

from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<img src="a.png"><img src="b.png"><img src="c.png" alt>', 2),
        ('<img src="line.png" role="presentation">', 0),
        ('<img src="a.png" alt=" ">', 1),
        ('<p><span role="img">☂</span> <svg role="img"></svg></p>', 2),
        ('<div role="img" aria-label="A lamp"></div><svg role="img"><title>A lamp</title></svg>', 0),
        ('<p aria-hidden="true"><svg role="img"></svg></p>', 0),
        ('<map><area href="x"><area href="y" alt="The quay"><area></map>', 1),
        ('<input type="image" src="go.png"><input type="text">', 1),
        ('<!--[if mso]><v:image src="a.png" /><![endif]-->', 1),
        ('<!--[if mso]><v:image src="a.png" alt="" /><![endif]-->', 0),
        ('<img src="a.png">' * 40, 5),
    ],
)
def test_images_without_an_alternative_text(html: str, count: int, tmp_path: Path) -> None:
    """Images, areas, image buttons, what says that it is one and what Outlook draws need one; a handful is told."""
    assert len(find("img-alt-missing", tmp_path, html=html)) == count


@pytest.mark.parametrize(
    ("alt", "is_good"),
    [
        ("stairs.png", False),
        ("IMG_2041", False),
        ("photo", False),
        ("Image of a quay", False),
        ("Ein Bild von einem Kai", False),
        ("x " * 130, False),
        ("", True),
        ("Imagine nine lamps", True),
        ("Pictures from the north quay", True),
        ("A screenshot of the import page: nine errors", True),
        ("Dots in twelve columns: eight weeks before the freeze have four each, then nothing. " * 2, True),
    ],
)
def test_what_an_alternative_text_says(alt: str, is_good: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a column
    """Names of files and words that say that it is an image are told; a sentence or two are good."""
    assert (not find("img-alt-quality", tmp_path, html=f'<img src="https://example.test/x" alt="{alt}">')) == is_good


def test_an_alternative_text_that_cannot_be_seen(tmp_path: Path) -> None:
    """In a cell without a size of letters, nothing is shown while images are off."""
    html = (
        '<table role="presentation"><td style="font-size:0"><img src="https://example.test/x" alt="Nine lamps"></table>'
    )
    (remark,) = find("img-alt-quality", tmp_path, html=html)
    assert "cannot be seen" in remark.sentence


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<a href="https://example.test/"></a>', 1),
        ('<a href="https://example.test/">&zwnj;&nbsp;</a>', 1),
        ('<a href="https://example.test/"><img src="https://example.test/x" alt=""></a>', 1),
        ("<button></button>", 1),
        ('<a name="top"></a><a id="here"></a>', 0),
        ('<a href="https://example.test/" style="display:none"></a>', 0),
        ('<a href="https://example.test/" aria-label="The quay">→</a>', 0),
        ('<a href="https://example.test/">→</a>', 0),
        ('<a href="https://example.test/"><table role="presentation"><td>The quay</table></a>', 0),
        ('<a href="https://example.test/" aria-hidden="true" tabindex="-1"><img src="x" alt=""></a>', 0),
    ],
)
def test_links_that_say_nothing(html: str, count: int, tmp_path: Path) -> None:
    """A link needs words, of an image at least; anchors and hidden links do not."""
    assert len(find("link-no-name", tmp_path, html=html)) == count


def test_links_that_are_hidden_from_screen_readers_alone(tmp_path: Path) -> None:
    """The Tab key still leads to them, by themselves or within what is hidden, which is a warning."""
    html = (
        '<a href="https://example.test/a" aria-hidden="true">The quay</a>'
        '<p aria-hidden="true"><a href="https://example.test/b">The lamps</a></p>'
    )
    remarks = find("link-no-name", tmp_path, html=html)
    assert [remark.needle for remark in remarks] == ["https://example.test/a", "https://example.test/b"]
    assert {remark.severity for remark in remarks} == {Severity.WARNING}
