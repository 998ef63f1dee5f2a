"""Markdown becomes plain text that is pleasant to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from newsletters import WIDTH, intro_of, make_newsletter, text_of

from digest.rendering.lines import columns, wrap

if TYPE_CHECKING:
    from newsletters import Newsletter


@pytest.fixture(scope="module")
def newsletter(tmp_path_factory: pytest.TempPathFactory) -> Newsletter:
    """One newsletter for all tests: rendering leaves nothing behind in it."""
    return make_newsletter(tmp_path_factory.mktemp("newsletter"))


CASES = {
    "paragraphs": ("One\ntwo.\n\nThree.", "One two.\n\nThree."),
    "hard breaks": ("One  \ntwo\\\nthree.", "One\ntwo\nthree."),
    "marks": ("*soft* **loud** ~~gone~~ `a  b`", "_soft_ *loud* ~gone~ a  b"),
    "a heading": ("### A longer one\n\nText.", "A longer one\n------------\n\nText."),
    "a wide heading": ("### 日本語", "日本語\n------"),
    "a link": ("See [this](https://example.org/a).", "See this [1].\n\n[1] https://example.org/a"),
    "one address twice": (
        "[a](https://example.org/a) [b](https://example.org/b) [c](https://example.org/a)",
        "a [1] b [2] c [1]\n\n[1] https://example.org/a\n[2] https://example.org/b",
    ),
    "an address as text": (
        "<https://example.org/a> <ana@example.org> www.example.org",
        "https://example.org/a ana@example.org www.example.org",
    ),
    "a linked image": (
        "[![Stairs](https://example.org/a.png)](https://example.org/a)",
        "[Stairs] [1]\n\n[1] https://example.org/a",
    ),
    "an image without words": ("A ![](https://example.org/a.png) b", "A b"),
    "a list": ("- one\n- two\n  - three\n    1. four\n- five", "- one\n- two\n  - three\n    1. four\n- five"),
    "a loose list": ("- one\n\n- two\n\n  more", "- one\n\n- two\n\n  more"),
    "a list from nine": ("9. nine\n10. ten\n    - in", "9. nine\n10. ten\n    - in"),
    "a list from nought": ("0. nought\n1. one", "0. nought\n1. one"),
    "tasks": ("- [x] done\n- [ ] open", "[x] done\n[ ] open"),
    "a quote": ("> One\n>\n> > Two\n>\n> - three", "> One\n>\n> > Two\n>\n> - three"),
    "a quote in a list": ("- one\n\n  > two\n", "- one\n\n  > two"),
    "a call-out": ("> [!NOTE]\n> Mind this.", "> Note\n>\n> Mind this."),
    "code": ("```py\na  \n\n\tb\n\n```", "    a  \n\n    \tb\n"),
    "code in a quote": ("> ```\n> a\n>\n>   b\n> ```", ">     a\n>\n>       b"),
    "indented code": ("    a\n      b\n", "    a\n      b"),
    "a rule": ("One\n\n---\n\nTwo", "One\n\n* * *\n\nTwo"),
    "definitions": ("Term\n: First\n: Second\n\nOther\n: Third", "Term\n    First\n    Second\nOther\n    Third"),
    "a table": (
        "| Name | Years |\n|---|--:|\n| Ana | 5 |\n| 日本 | 10 |\n| `a\\|b` |\n",
        "Name   Years\n----   -----\nAna        5\n日本      10\na|b",
    ),
    "a footnote": (
        "One[^a] two[^b].\n\n[^a]: Of a.\n\n    More.\n[^b]: Of [b](https://example.org/b).",
        "One¹ two².\n\n¹ Of a.\n\n  More.\n\n² Of b [1].\n\n[1] https://example.org/b",
    ),
    "raw inline HTML": ("<kbd>Ctrl</kbd><br>and a<sup>2</sup> <!-- no -->b", "Ctrl\nand a^2 b"),
    "a raw link": ('See <a class="x" href="https://example.org/?a=1&amp;b=2">it</a>.', "See it [1].\n\n[1] https://example.org/?a=1&b=2"),
    "a raw link around blocks": (
        '<a href="https://example.org/a">\n\nOne\n\n</a>',
        "[1]\n\nOne\n\n[1] https://example.org/a",
    ),
    "a raw image": ('<img src="https://example.org/a.png" alt="A &quot;stair&quot;">', '[A "stair"]'),
    "a raw block": (
        '<div align="center">\n<p>One &lt; <b>two</b></p>\n<ul><li>three</li><li>four</li></ul>\n</div>',
        "One < two\nthree\nfour",
    ),
    "a raw table": ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    "a raw style": ("<style>\np > b { color: red }\n</style>\n\nOne", "One"),
    "right to left": ("مرحبا [هنا](https://example.org/a)", "مرحبا هنا [1]\n\n[1] https://example.org/a"),
    "emoji": ("👩‍💻 ❤️ `🎉`", "👩‍💻 ❤️ 🎉"),
}  # fmt: skip


@pytest.mark.parametrize(("markdown", "text"), CASES.values(), ids=CASES.keys())
def test_markdown_reads_well_as_plain_text(newsletter: Newsletter, markdown: str, text: str) -> None:
    """Each element of Markdown has a form in plain text."""
    assert intro_of(newsletter.render(markdown)) == text.rstrip("\n")


def test_a_table_that_is_too_wide_becomes_a_list(newsletter: Newsletter) -> None:
    """Each cell stands behind the head of its column, wrapped; an empty one is left out."""
    long = "words " * 12
    text = intro_of(newsletter.render(f"| A | B | C |\n|---|---|---|\n| 1 | {long} | |\n| 2 | {long} | x |\n"))
    assert text.split("\n") == [
        "A: 1",
        "B: " + "words " * 10 + "words",
        "words",
        "",
        "A: 2",
        "B: " + "words " * 10 + "words",
        "words",
        "C: x",
    ]


def test_links_are_numbered_anew_in_each_part(newsletter: Newsletter) -> None:
    """A number is looked up right below what has it."""
    parts = text_of(newsletter.render("[a](https://example.org/a)\n\n## Two\n\n[b](https://example.org/b)\n"))
    assert re.findall(r"^\[\d+\] .*$", parts, re.MULTILINE) == [
        "[1] https://example.org/a",
        "[1] https://example.org/b",
    ]


def test_footnotes_are_numbered_through_the_issue(newsletter: Newsletter) -> None:
    """A footnote that two parts refer to has one number."""
    text = text_of(newsletter.render("A[^a].\n\n## Two\n\nB[^b], C[^a].\n\n[^a]: Of a.\n[^b]: Of b.\n"))
    assert re.findall("[¹²³].*", text) == ["¹.", "¹ Of a.", "², C¹.", "² Of b.", "¹ Of a."]


word = st.text(st.characters(categories=("L", "N", "P", "S", "M")), min_size=1, max_size=30)
prose = st.lists(word, min_size=1, max_size=60).map(" ".join)


@settings(max_examples=200)
@given(text=prose, width=st.integers(1, 80))
def test_no_line_is_longer_than_it_may_be(text: str, width: int) -> None:
    """Only a single word is longer than a line; nothing is lost, and no line could have held the next word."""
    lines = wrap(text, width)
    assert all(columns(line) <= width or " " not in line for line in lines)
    assert re.sub(r"[ \n]", "", "".join(lines)) == re.sub(r"[ \n]", "", text)


@settings(max_examples=25)
@given(
    words=st.lists(
        st.sampled_from(["word", "日本語、", "[link](https://example.org/a)", "`a b`", "*em*", "a{b}"]),
        min_size=1,
        max_size=60,
    )
)
@pytest.mark.parametrize("frame", ["{}", "> {}", "- {}", "1. > - {}", "T\n: {}", "x[^1]\n\n[^1]: {}", "> [!TIP]\n> {}"])
def test_no_line_of_an_issue_is_longer_than_72_columns(newsletter: Newsletter, frame: str, words: list[str]) -> None:
    """Lists, quotes and notes leave room for what stands before their lines."""
    text = intro_of(newsletter.render(frame.format(" ".join(words))))
    assert all(columns(line) <= WIDTH for line in text.split("\n"))


@settings(max_examples=25)
@given(numbers=st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_each_link_is_listed_once(newsletter: Newsletter, numbers: list[int]) -> None:
    """Every number in the text stands in the list below it once, and leads where its link leads."""
    links = [f"[l{n}](https://example.org/{n})" for n in numbers]
    markdown = f"{links[0]}\n\n- {' '.join(links)}\n\n| {links[0]} |\n|---|\n| {links[-1]} |\n\n> {links[-1]}\n"
    text, _, listed = intro_of(newsletter.render(markdown)).rpartition("\n\n")
    addresses = dict(re.findall(r"^\[(\d+)\] https://example.org/(\d)$", listed, re.MULTILINE))
    assert len(addresses) == len(listed.split("\n")) == len(set(numbers))
    found = re.findall(r"l(\d)\s\[(\d+)\]", text)
    assert len(found) == len(numbers) + 4
    assert all(addresses[reference] == number for number, reference in found)


def test_an_address_is_never_broken(newsletter: Newsletter) -> None:
    """However long it is, it stays on one line, so that it can be followed."""
    url = "https://example.org/" + "a-b/" * 40
    assert url in intro_of(newsletter.render(f"{'word ' * 12}<{url}> and [this]({url}x)")).split("\n")


def test_a_span_of_code_is_never_broken(newsletter: Newsletter) -> None:
    """It stays byte for byte what was written, on one line."""
    code = "git  commit --amend --no-edit --reset-author"
    assert code in intro_of(newsletter.render(f"{'word ' * 9}`{code}` now"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("हिन्दी", 5), ("شُكْرًا", 4), ("\u200b", 0), ("Ｗ", 2), ("ﾊ", 1)],
)
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str, expected: int) -> None:
    """East Asian signs take two columns, marks above and below letters none."""
    assert columns(text) == expected


def test_links_of_a_heading(newsletter: Newsletter) -> None:
    """A heading that holds links among other words says where they lead, as any other text does."""
    text = text_of(newsletter.render("## About *one* [paper](https://example.org/1972)\n\nSome words."))
    assert "About _one_ paper [1]\n\n[1] https://example.org/1972\n\nSome words." in text
