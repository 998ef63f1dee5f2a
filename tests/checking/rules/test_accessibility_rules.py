"""Rules of accessibility: what they find, and what they let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import find

from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<html><body><div lang="en" dir="ltr">x</div></body></html>', ["<html> has no lang and has no dir"]),
        ('<html lang="und" dir="ltr"><body><div lang="en" dir="ltr">x</div></body></html>', ['has lang="und"']),
        (
            '<html lang="de" dir="ltr"><body><div lang="en-GB" dir="auto">x</div></body></html>',
            ['but the newsletter "en"'],
        ),
        (
            '<html lang="en" dir="ltr"><body><div>x</div><p>y</p></body></html>',
            ["the element around the text has no lang"],
        ),
        ('<html lang="en" dir="ltr"><body><!-- x --><div lang="en" dir="ltr">x</div></body></html>', []),
        ('<html lang="en" dir="ltr"><body><table lang="en" dir="ltr"><td>x<td>y</table></body></html>', []),
    ],
)
def test_language_and_direction(html: str, words: list[str], tmp_path: Path) -> None:
    """Both are wanted on the whole and on what is around the text; what is around it weighs less."""
    remarks = find("html-lang-dir", tmp_path, html=f"<!doctype html>{html}")
    assert len(remarks) == len(words)
    assert all(word in remark.sentence for word, remark in zip(words, remarks, strict=True))
    assert all((remark.severity is Severity.WARNING) == ("around" in remark.sentence) for remark in remarks)


def test_a_title_that_is_much_longer_than_the_subject(tmp_path: Path) -> None:
    """It is told, and so is an empty one; the title of a drawing is none of the page's."""
    head = "<!doctype html><html><head><title>{}</title></head><body><svg><title>y</title></svg></body></html>"
    assert "more than 3.5 times" in find("html-title", tmp_path / "long", html=head.format("lamp " * 40))[0].sentence
    assert "is empty" in find("html-title", tmp_path / "empty", html=head.format(" "))[0].sentence


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<img src="a.png"><img src="b.png"><img src="c.png" alt>', 2),
        ('<img src="line.png" role="presentation">', 0),
        ('<map><area href="x"><area href="y" alt="The quay"><area></map>', 1),
        ('<input type="image" src="go.png"><input type="text">', 1),
        ('<!--[if mso]><v:image src="a.png" /><![endif]-->', 1),
        ('<!--[if mso]><v:image src="a.png" alt="" /><![endif]-->', 0),
        ('<img src="a.png">' * 40, 5),
    ],
)
def test_images_without_an_alternative_text(html: str, count: int, tmp_path: Path) -> None:
    """Images, areas, image buttons and what Outlook draws need one; like ones are told a handful of times."""
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
    ],
)
def test_links_that_say_nothing(html: str, count: int, tmp_path: Path) -> None:
    """A link needs words, of an image at least; anchors and hidden links do not."""
    assert len(find("link-no-name", tmp_path, html=html)) == count


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<table><td>x</table>", "neither a role nor head cells"),
        ('<table role="presentation"><tr><th>Quay<th>Lamps</table>', "but also head cells"),
        ('<table role="none"><td><table role="presentation"><td>x</table></table>', ""),
        ('<table role="presentation"><td><table><tr><th scope="col">Quay</table></table>', ""),
        ("<table><caption>Lamps</caption><td>x</table>", ""),
        ("<!--[if mso]><table><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->", ""),
    ],
)
def test_roles_of_tables(html: str, words: str, tmp_path: Path) -> None:
    """A table is for layout or of data, and says which; a table inside another answers for itself."""
    remarks = find("table-role", tmp_path, html=html)
    assert bool(remarks) == bool(words)
    assert all(words in remark.sentence for remark in remarks)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>x</p>", ["there is no heading"]),
        ("<h2>a</h2><h3>b</h3>", ["the first heading"]),
        ("<h1>a</h1><h2>b</h2><h1>c</h1>", ["second heading of level 1"]),
        ("<h1>a</h1><h3>b</h3><h4>c</h4>", ["of level 3 follows one of level 1"]),
        ("<h1>a</h1><h2></h2>", ["is empty"]),
        ("<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2>", []),
        ('<h1>a</h1><h2 style="display:none"></h2><p role="heading" aria-level="2">b</p><h3>c</h3>', []),
        ('<h1>a</h1><h4 role="presentation">b</h4>', []),
        ('<h1><img src="https://example.test/x" alt="a"></h1>', []),
    ],
)
def test_the_order_of_headings(html: str, words: list[str], tmp_path: Path) -> None:
    """One of the first level comes first, and the others go down step by step."""
    remarks = find("heading-order", tmp_path, html=html)
    assert len(remarks) == len(words)
    assert all(word in remark.sentence for word, remark in zip(words, remarks, strict=True))


def test_headings_in_markdown_are_found_where_they_stand(tmp_path: Path) -> None:
    """The remark is about the heading that skips a level, by its words."""
    (remark,) = find("heading-order", tmp_path, markdown="## One\n\n#### The *deep* one\n\nText.\n")
    assert remark.needle == "The deep one"
    assert remark.element is not None
    assert remark.element.tag == "h4"
