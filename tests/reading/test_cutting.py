"""Where stories are cut: after sentences, after blocks, never inside of anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from editors_desk import html_of
from hypothesis import given
from hypothesis import strategies as st

from digest.reading.cutting import count_words, cut_after_words, cut_at_fold
from digest.reading.markdown import parse, plain_text
from digest.reading.raw_html import faults_of_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

FIELDS = {"first_name": ""}


def cut(text: str, most: int) -> tuple[str, str]:
    """Return the HTML of a text's teaser and of its rest."""
    head, tail = cut_after_words(parse(text, FIELDS, "x.md"), most)
    return html_of(head).strip(), html_of(tail).strip()


def teaser(paragraph: str, most: int) -> str:
    """Return the words of a paragraph's teaser."""
    head, _ = cut_after_words(parse(paragraph, FIELDS, "x.md"), most)
    return plain_text(head)


# Sentences


@pytest.mark.parametrize(
    ("paragraph", "most", "expected"),
    [
        ("One two. Three four. Five six.", 5, "One two. Three four."),
        ("One two! Three? Four five.", 3, "One two! Three?"),
        ("Ask Dr. Adler, e.g. about it. Then go on.", 8, "Ask Dr. Adler, e.g. about it."),
        ("Ask Dr. Adler about all of this. Then go.", 3, "Ask Dr. Adler…"),
        ("One two. J. Smith says no. Then.", 4, "One two."),
        ("One two. Wir kamen z. B. Montag. Dann.", 6, "One two."),
        ("Eins zwei. Am 3. Mai fing es an. Dann.", 5, "Eins zwei."),
        ("It took 3.5 seconds in v2.0 today. Then.", 7, "It took 3.5 seconds in v2.0 today."),
        ("One two. It took 3.5 s. Then it ended.", 5, "One two."),
        ("Well... he went on. Then he stopped.", 4, "Well... he went on."),
        ("One two… Three four five.", 3, "One two…"),
        ("“One two.” Three four.", 3, "“One two.”"),
        ("(One two.) Three four.", 3, "(One two.)"),
        ("He said “no.” and went. Then came.", 5, "He said “no.” and went."),
        ("One two. éclair is low. Then.", 5, "One two. éclair is low."),
        ("One. Élan is a word. Then.", 2, "One."),
        ("Mail one@a.test or see a.test now. Then.", 6, "Mail one@a.test or see a.test now."),
        ("今日は雪です。明日は晴れ。", 9, "今日は雪です。"),
        ("「雪です。」と言った。Python が好き。", 11, "「雪です。」と言った。"),
        ("שלום לכולם. עוד משפט אחד.", 3, "שלום לכולם."),
        ("One two. 🎉 Three four five.", 3, "One two."),
        ("{{ first_name }}, one two. Three four.", 4, "X, one two."),
        ("a.b.c.d one two three four", 2, "a.b.c.d one…"),
    ],
)
def test_a_teaser_ends_with_a_sentence(paragraph: str, most: int, expected: str) -> None:
    """Where one fits; dots of abbreviations, numbers and addresses end none. Else it ends with an ellipsis."""
    assert re.sub("zslot\\w+?xz", "X", teaser(paragraph, most)) == expected


@pytest.mark.parametrize(
    ("paragraph", "most", "head", "tail"),
    [
        ("One. [Two. Three](u) four.", 2, "<p>One.</p>", '<p><a href="u">Two. Three</a> four.</p>'),
        ("One. [Two.](u) Three.", 2, '<p>One. <a href="u">Two.</a></p>', "<p>Three.</p>"),
        ("[One two three](u) four.", 2, "", '<p><a href="u">One two three</a> four.</p>'),
        ("[One two](u) three four five", 3, '<p><a href="u">One two</a> three…</p>', "<p>four five</p>"),
        ("One un*believ*able two", 1, "<p>One…</p>", "<p>un<em>believ</em>able two</p>"),
        ("One un*believ*able two", 2, "<p>One un<em>believ</em>able…</p>", "<p>two</p>"),
        ("One **two. Three** four.", 2, "<p>One…</p>", "<p><strong>two. Three</strong> four.</p>"),
        ("Run `a. B c` now. Then.", 5, "<p>Run <code>a. B c</code> now.</p>", "<p>Then.</p>"),
        ("Run `a b c` now", 2, "<p>Run…</p>", "<p><code>a b c</code> now</p>"),
        ("One two.\nThree four.", 2, "<p>One two.</p>", "<p>Three four.</p>"),
        ("One two.\\\nThree four.", 2, "<p>One two.</p>", "<p>Three four.</p>"),
        ("One two.<br>Three four.", 2, "<p>One two.</p>", "<p>Three four.</p>"),
        ("One. ![A b c](u) Two.", 2, "<p>One.</p>", '<p><img src="u" alt="A b c" /> Two.</p>'),
    ],
)
def test_nothing_is_cut_in_two(paragraph: str, most: int, head: str, tail: str) -> None:
    """Links, emphasis, code, words and images stay whole, on one side or the other."""
    assert cut(paragraph, most) == (head, tail)


# Blocks


@pytest.mark.parametrize(
    ("text", "most", "head"),
    [
        ("One two.\n\nThree four.\n\nFive.", 4, "<p>One two.</p>\n<p>Three four.</p>"),
        ("One two.\n\nThree four five.", 4, "<p>One two.</p>"),
        ("One two.\n\n- three\n- four five", 4, "<p>One two.</p>"),
        ("One two.\n\n- three\n- four", 4, "<p>One two.</p>\n<ul>\n<li>three</li>\n<li>four</li>\n</ul>"),
        ("- one two three\n- four", 2, ""),
        ("One.\n\n### Two\n\nThree four.", 3, "<p>One.</p>"),
        ("One.\n\n### Two\n\n---\n\nThree four.", 3, "<p>One.</p>"),
        ("### One\n\nTwo three four.", 3, "<h3>One</h3>\n<p>Two three…</p>"),
        ("One.\n\n```\ntwo three\n```\n\nFour.", 2, "<p>One.</p>"),
        ("One.\n\n> Two three.", 2, "<p>One.</p>"),
        ("One.\n\n| two | three |\n|---|---|\n| four | five |", 4, "<p>One.</p>"),
        ("One.\n\n<div>two three</div>\n\nFour", 2, "<p>One.</p>"),
        ("One two.", 2, "<p>One two.</p>"),
        ("", 2, ""),
    ],
)
def test_a_teaser_ends_with_a_block(text: str, most: int, head: str) -> None:
    """Lists, quotes, code and tables are kept whole or left out, and no heading stands alone at the end."""
    assert cut(text, most)[0] == head


def test_a_long_paragraph_is_cut_at_once() -> None:
    """The work grows with the text, not with its square."""
    text = "word *and* " * 20_000
    assert count_words(cut_after_words(parse(text, FIELDS, "x.md"), 1000)[0]) == 1000


# For any Markdown

words = st.sampled_from(
    [
        "one",
        "two",
        "Three.",
        "four!",
        "e.g.",
        "3.5",
        "“five.”",
        "“Six”",
        "雪が降る。",
        "今日",
        "שלום",
        "مرحبا.",
        "naïve",
        "👩‍💻",
        "a*b*c",
        "x<b>y</b>z",
        "&amp;",
        "\\*",
        "100%",
        "$5",
        "[^1]",
        "<br>",
        "Seven…",
        "<!-- no -->",
        "&nbsp;",
    ]
)
plain = st.lists(words, min_size=1, max_size=8).map(" ".join)
marked = plain.flatmap(
    lambda text: st.sampled_from(
        [
            text,
            f"*{text}*",
            f"**{text}**",
            f"[{text}](https://a.test)",
            f"`{text}`",
            f"~~{text}~~",
            f"<b>{text}</b>",
            f"![{text}](a.png)",
            f"{text}\\\n{text}",
            f"{text}\n{text}",
            "{{ first_name }}",
            f"<kbd>{text}</kbd>.",
            f"***[{text}](u)***",
        ]
    )
)
paragraphs = st.lists(marked, min_size=1, max_size=6).map(" ".join)
blocks = st.one_of(
    paragraphs,
    paragraphs,
    plain.map(lambda text: f"### {text}"),
    st.lists(plain, min_size=1, max_size=3).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(plain, min_size=1, max_size=3).map(lambda items: "\n".join(f"1. [ ] {item}" for item in items)),
    plain.map(lambda text: f"> {text}\n>\n> - {text}"),
    plain.map(lambda text: f"> [!NOTE]\n> {text}"),
    plain.map(lambda text: f"```\n{text}\n```"),
    plain.map(lambda text: f"| {text} | b |\n|---|---|\n| c | {text} |"),
    plain.map(lambda text: f"Term\n: {text}"),
    plain.map(lambda text: f"<div>\n\n{text}\n\n</div>"),
    st.just("---"),
)
documents = st.lists(blocks, min_size=1, max_size=6).map("\n\n".join)


class Reader(HTMLParser):
    """Reads HTML as a browser does: what it says, and whether its elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Open an element, unless it is empty by nature."""
        del attrs
        if tag not in {"br", "hr", "img", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Pass over an element that is empty by nature."""

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what is said."""
        self.text += data


def read_html(tokens: list[Token]) -> str:
    """Return what a browser shows of tokens, having seen that the elements nest."""
    reader = Reader()
    reader.feed(html_of(tokens))
    reader.close()
    assert reader.open == []
    return reader.text


def nestings(tokens: list[Token]) -> Iterator[int]:
    """Return how deep each token leads, having seen that those within paragraphs nest."""
    depth = 0
    for token in tokens:
        depth += token.nesting
        yield depth
        if token.children:
            inner = list(nestings(token.children))
            assert min(inner) == 0 == inner[-1]


@given(text=documents, most=st.integers(min_value=1, max_value=30))
def test_a_teaser_is_whole_and_no_longer_than_asked(text: str, most: int) -> None:
    """Whatever the Markdown: its tokens nest, its HTML reads back, and it has the words asked at most."""
    head, tail = cut_after_words(parse(text, FIELDS, "x.md"), most)
    for part in (head, tail):
        depths = [0, *nestings(part)]
        assert min(depths) == 0 == depths[-1]
        assert not list(faults_of_html(part, "x.md"))
        read_html(part)
    assert len(read_html(head).split()) <= most
    assert count_words(head) <= most


@given(text=documents, most=st.integers(min_value=1, max_value=30))
def test_a_cut_loses_nothing_and_repeats_nothing(text: str, most: int) -> None:
    """The teaser and the rest together say what the whole says, but for the ellipsis."""
    tokens = parse(text, FIELDS, "x.md")
    whole = plain_text(tokens)
    head, tail = cut_after_words(tokens, most)
    first, second = plain_text(head), plain_text(tail)
    starts = {first, first.removesuffix("…")}
    assert whole in {f"{start}{space}{second}".strip() for start in starts for space in (" ", "")}
    assert plain_text(parse(text, FIELDS, "x.md")) == whole  # the tokens that were given are left alone


@given(above=documents, below=documents)
def test_a_fold_keeps_both_sides_whole(above: str, below: str) -> None:
    """Each side is what it would be by itself."""
    sides = cut_at_fold(parse(f"{above}\n\n<!-- more -->\n\n{below}", FIELDS, "x.md"), "x.md")
    assert sides
    alone = (parse(text, FIELDS, "x.md") for text in (above, below))
    assert ["".join(html_of(side).split()) for side in sides] == ["".join(html_of(part).split()) for part in alone]


@given(text=st.text(), most=st.integers(min_value=1, max_value=20))
def test_any_paragraph_is_cut_where_it_may_be(text: str, most: int) -> None:
    """No text breaks the cut."""
    line = re.sub(r"[^\w .,;!?“”()。、]", "", text)
    head, tail = cut_after_words(parse(line, FIELDS, "x.md"), most)
    assert len(plain_text(head).split()) <= most
    assert "".join(plain_text(head).split()).removesuffix("…") in "".join(
        plain_text(parse(line, FIELDS, "x.md")).split()
    )
    assert head or tail or not line.strip()
