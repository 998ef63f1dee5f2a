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
        (
            '<html lang="en" dir="left"><body><div lang="en" dir="ltr">x</div></body></html>',
            ['has dir="left", which is'],
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
    lighter = [any(word in remark.sentence for word in ("around", "no direction")) for remark in remarks]
    assert [remark.severity is Severity.WARNING for remark in remarks] == lighter


def test_a_language_within_the_text(tmp_path: Path) -> None:
    """Words of another language say it by its tag, not by its name; none at all is meant."""
    html = "".join(f'<q lang="{language}">x</q>' for language in ("french", "fr", "zh-Hant", "zxx", ""))
    (remark,) = find("html-lang-dir", tmp_path, html=f'<div lang="en" dir="ltr">{html}</div>')
    assert remark.sentence == '<q> has lang="french", which is no language'


def test_a_title_that_is_much_longer_than_the_subject(tmp_path: Path) -> None:
    """It is told, and so is an empty one; the title of a drawing is none of the page's."""
    head = "<!doctype html><html><head><title>{}</title></head><body><svg><title>y</title></svg></body></html>"
    assert "more than 3.5 times" in find("html-title", tmp_path / "long", html=head.format("lamp " * 40))[0].sentence
    assert "is empty" in find("html-title", tmp_path / "empty", html=head.format(" "))[0].sentence


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<table><td>x</table>", "neither a role nor header cells"),
        ('<table role="presentation"><tr><th>Quay<th>Lamps</table>', "but also header cells"),
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
