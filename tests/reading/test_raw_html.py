"""Raw HTML and comments: what passes as it was written, and what is never let out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from editors_desk import Desk, html_of
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import CombinedError, ContentError
from digest.reading.markdown import parse
from digest.reading.raw_html import faults_of_html

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a newsletter without issues."""
    return Desk(root=tmp_path)


@pytest.mark.parametrize(
    "html",
    [
        "<div>\n<b>x</b>\n</div>\n",
        '<div class="a" data-x=\'<b>\'>x<br>y<br/>z<img src="a"></div>\n',
        "<DIV>x</div>\n",
        "<!--[if mso]><table><tr><td><![endif]-->\n",
        "<!--[if !mso]><!-->\n<div>x</div>\n<!--<![endif]-->\n",
        "<style>\np > a { b: c }\n</style>\n",
        "<pre>\na < b && </c>\n</pre>\n".replace("</c>", "&lt;/c>"),
        "<div>a < b & c</div>\n",
        "<div><![x[ ]]></div>\n",
        "<?php echo 1 ?>\n",
    ],
)
def test_whole_html_comes_out_as_written(desk: Desk, html: str) -> None:
    """Elements, empty ones, Outlook's comments: nothing is touched."""
    assert html_of(desk.introduction(f"Text\n\n{html}\n").tokens) == f"<p>Text</p>\n{html}"


@pytest.mark.parametrize(
    "text",
    [
        "<div>\n\n**Markdown**\n\n- in\n- it\n\n</div>",
        "> <div>\n>\n> x\n>\n> </div>",
        "- <b>x</b> <kbd>Ctrl</kbd>+<kbd>F</kbd>\n- H<sub>2</sub>O",
        "*<b>x</b>* **[<i>y</i>](https://a.test)**",
        "a <br> b <wbr> c<br/>d <img src='x'>",
        "| <b>a</b> |\n|---|\n| x<br>y |",
    ],
)
def test_html_may_surround_markdown(desk: Desk, text: str) -> None:
    """Where it opens, it closes."""
    assert desk.introduction(text)


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("Hi\n\n<div>\n\ntext", 3, "<div> opens here and never closes"),
        ("Hi\n\n<div>\n<p>\n<b>x\n</p>\n</div>", 5, "<b> opens here and never closes"),
        ("Hi\n\ntext\nand <b>bold", 4, "<b> opens here and never closes"),
        ("Hi <b>bold\n\nmore</b>", 1, "<b> opens here and never closes"),
        ("Hi\n\n- <div>\n\n</div>", 3, "<div> opens here and never closes"),
        ("Hi *<b>x*</b>", 1, "<b> opens here and never closes"),
        ("<div/>", 1, "<div> opens here and never closes"),
        ("Hi\n\n## A\n\n<div>\n\nx\n\n## B\n\n</div>", 5, "<div> opens here and never closes"),
        ("## A\n\n<div>\n\nx\n\n<!-- more -->\n\ny\n\n</div>", 3, "<div> opens here and never closes"),
        ("## A <i>b\n\nx", 1, "<i> opens here and never closes"),
        ("x[^1]\n\n[^1]: a\n    <b>b", 4, "<b> opens here and never closes"),
        ("x\ny^[a <b>b]", 2, "<b> opens here and never closes"),
        ("<style>\na", 1, "<style> opens here and never closes"),
        ("Hi\n\n</div>", 3, "</div> closes what is not open here"),
        ("Hi\nx</b>", 2, "</b> closes what is not open here"),
        ("Hi\n\n<div class='x>\n\nx", 3, "a tag begins here and never ends"),
        ("Hi\n\n<div>\n<!-- a\n\nb", 4, "a comment begins here and never ends"),
    ],
)
def test_html_that_is_not_whole(desk: Desk, text: str, line: int, fault: str) -> None:
    """It would swallow what the template writes behind it, so it is a fault, at its line."""
    complaints = desk.faults(text)
    assert complaints[0] == f"2026-11-24-hello.md:{line}: {fault}"
    assert complaints[1].startswith(("Write ", "Delete it, or write "))


def test_a_fold_within_html(desk: Desk) -> None:
    """The way out says where the element has to end."""
    assert desk.faults("## A\n\n<div>\n\nx\n\n<!-- more -->\n\ny\n\n</div>") == [
        "2026-11-24-hello.md:3: <div> opens here and never closes",
        "Write </div> where it ends: in the same list, quote or paragraph, above the fold and the next ##.",
    ]


def test_words_are_not_cut_within_html(desk: Desk) -> None:
    """The automatic cut goes around it, as it does around links."""
    desk = Desk(root=desk.root, teaser_words=4)
    story = desk.story("## [A](https://a.test)\n\nOne two.\n\n<div>\n\nThree.\n\nFour five.\n\n</div>\n\nSix.")
    assert html_of(story.teaser.tokens) == "<p>One two.</p>\n"
    story = desk.story("## [A](https://a.test)\n\nOne <b>two three. Four</b> five.")
    assert html_of(story.teaser.tokens) == "<p>One <b>two three. Four</b>…</p>\n"
    story = desk.story("## [A](https://a.test)\n\nOne <b>two three. Four five</b> six.")
    assert html_of(story.teaser.tokens) == "<p>One…</p>\n"


# Comments


@pytest.mark.parametrize(
    "text",
    [
        "<!-- SECRET -->\n\nText",
        "Text <!-- SECRET --> text",
        "Text\n<!-- SECRET\n\nSECRET -->\ntext",
        "<div><!-- SECRET -->text</div>",
        "- a <!-- SECRET -->\n- <!-- SECRET -->\n",
        "| a <!-- SECRET --> |\n|---|\n",
        "Text <!-- SECRET\nSECRET --> text",
        "Text <!--SECRET--> <!-- [if SECRET] --> <!--[if SECRET, ask]-->",
        "Text[^1]\n\n[^1]: Note <!-- SECRET -->",
        "> text\n> <!-- SECRET -->",
        "[text <!-- SECRET -->](https://a.test)",
    ],
)
def test_editors_comments_never_leave(desk: Desk, text: str) -> None:
    """They are for those who can read the repository."""
    html = html_of(desk.introduction(text).tokens)
    assert "SECRET" not in html
    assert "<!--" not in html


def test_a_comment_leaves_no_empty_part(desk: Desk) -> None:
    """A story may begin with one, and its picture is still its picture."""
    story = desk.story("## [A](https://a.test)\n\n<!-- SECRET -->\n\n![x](a.png)\n\nText")
    assert story.picture
    assert html_of(story.teaser.tokens) == "<p>Text</p>\n"


def test_a_comment_that_an_empty_line_cuts(desk: Desk) -> None:
    """Within a paragraph, Markdown takes it for text, so that its readers would see it."""
    assert desk.faults("Hi\n\nText\nand <!-- a\n\nnote --> text") == [
        "2026-11-24-hello.md:4: a comment begins here that does not end in its paragraph, so that readers would see it",
        r"Begin it on a line of its own; where it is meant as text, write \<!--",
    ]


@pytest.mark.parametrize(
    "text", [r"\<!-- x -->", "&lt;!-- x", "&#60;!-- x", "`<!--` x", r"<\!-- x", r"\<\!\-\- x", r"`<!--` \<!--"]
)
def test_comments_that_are_meant_as_text(desk: Desk, text: str) -> None:
    """In code, escaped or spelled by an entity they are text."""
    assert "&lt;!--" in html_of(desk.introduction(text).tokens)


# For any HTML

pieces = st.sampled_from(
    [
        "<b>",
        "</b>",
        "<div>",
        "</div>",
        "<div/>",
        "<br>",
        "<!--",
        "-->",
        "<![x[",
        "]]>",
        "<?",
        "<!a",
        "<",
        ">",
        '"',
        "'",
        "<script>",
        "</script>",
        "<a href=",
        "&",
        "\n",
        "\n\n",
        "- ",
        "> ",
        "x",
        "{{",
        "*",
        "`",
        "<![CDATA[",
        "</",
        "[^1]",
        "\n\n[^1]: ",
    ]
)


@given(text=st.lists(pieces).map("".join))
def test_any_html_is_whole_or_a_fault(text: str) -> None:
    """Reading either succeeds or says what is wrong; it never breaks."""
    try:
        tokens = parse(text, {}, "x.md")
    except (ContentError, CombinedError):
        return
    assert all(fault.place and fault.hint for fault in faults_of_html(tokens, "x.md"))
