"""The parsed page: whatever is parsed, its texts, and what links are called."""

from __future__ import annotations

import pytest

from digest.checking.page import Page
from digest.errors import Place


@pytest.mark.parametrize(
    "html",
    [
        "",
        "   ",
        "<!-- nothing -->",
        "\0",
        "<?xml version='1.0' encoding='latin-1'?><p>ä</p>",
        "\ud800 half a character",
        "<div>" * 10_000 + "deep",
        "<p>" * 5_000,
        "<table><tr><td><table><p></td>",
    ],
)
def test_anything_can_be_parsed(html: str) -> None:
    """No text makes the parser fail, be it empty, torn or deeper than anybody nests."""
    page = Page(html)
    assert isinstance(page.visible_text, str)
    assert page.links == []


def test_text_behind_a_comment_is_seen() -> None:
    """What follows a comment belongs to the element that both stand in; the comment itself is not shown."""
    page = Page("<p>before <!--[if mso]>Outlook<![endif]--> behind</p>")
    assert page.visible_text == "before behind"
    assert page.comments == ["[if mso]>Outlook<![endif]"]


def test_what_no_program_shows_is_no_text() -> None:
    """Text is what stands in the body, hidden or not, but nothing of the head, of styles and of templates."""
    head = "<head><title>Nine</title><style>p {color: red}</style></head>"
    body = "<p hidden>ten<style>i {}</style> eleven</p><template><p>twelve</p></template><noscript>thirteen</noscript>"
    assert [text for _, text in Page(f"<html>{head}<body>{body}</body></html>").texts()] == ["ten", " eleven"]


def test_code_is_known() -> None:
    """What shows code is code with all that stands in it, be it a block, a phrase, keys or output."""
    page = Page("<pre>one <b>two</b></pre><p>three <code>four</code> <kbd>five</kbd> <samp>six</samp></p>")
    assert [text for element, text in page.texts() if element in page.code] == ["one ", "two", "four", "five", "six"]


def test_hidden_text_is_not_seen() -> None:
    """What is hidden, or has no size, is no visible text; what has a size again inside it is."""
    page = Page('<div style="display:none">a</div><div style="font-size:0">b<b style="font-size:14px">c</b></div>')
    assert page.visible_text == "c"
    assert [text for _, text in page.texts()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ('<a href="x">Read <b>more</b></a>', "Read more"),
        ('<a href="x"><img src="y" alt="The quay"> today</a>', "The quay today"),
        ('<a href="x" aria-label="Read more: the quay">more</a>', "Read more: the quay"),
        ('<a href="x" aria-labelledby="t">more</a><p id="t">The quay</p>', "The quay"),
        ('<a href="x"><span aria-hidden="true">→</span> on</a>', "on"),
        ('<a href="x" title="The quay"><img src="y" alt=""></a>', "The quay"),
        ('<a href="x"><!-- nothing --> </a>', ""),
    ],
)
def test_what_a_screen_reader_calls_a_link(link: str, name: str) -> None:
    """A link is called by its label, or by its words and images in their order, or by its title."""
    assert Page(link).links[0].name == name


def test_the_place_is_that_of_the_nearest_tag_that_tells_it() -> None:
    """An element without a place of its own has that of what it stands in; one without any has none."""
    page = Page('<div data-origin="issues/a.md:7"><p><i>x</i></p></div><b>y</b>')
    assert page.place(next(page.elements("i"))) == Place("issues/a.md", 7)
    assert page.place(next(page.elements("b"))) is None


def test_a_table_in_a_link_is_part_of_it() -> None:
    """Browsers have it so, and what stands behind the link is not in it."""
    link, lone = Page('<a href="x"> <table><td>The quay</table></a> at noon <a href="y"></a> and <table></table>').links
    assert (link.text, link.element.tail) == ("The quay", " at noon ")
    assert not len(lone.element)
