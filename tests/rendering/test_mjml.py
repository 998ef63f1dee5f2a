"""MJML is hardened against what MRML corrupts, and compiled."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mjml_documents import around, faults_of, in_body, in_column

from digest.rendering.mjml import compile_mjml
from digest.rendering.mjml.source import Tag, tokenize
from digest.rendering.mjml.tags import Content, rules
from digest.rendering.origins import mark_template

FULL = Path(__file__).with_name("full.mjml").read_text(encoding="utf-8")
"""A template with every tag, as an editor writes it."""


def in_text(inner: str) -> str:
    """Return what a text makes of `inner`."""
    compiled = compile_mjml(in_column(f"<mj-text>{inner}</mj-text>"))
    found = re.search(r"<div style=\"font-family[^>]*>(.*?)</div>", compiled, re.DOTALL)
    assert found
    return found[1]


ATTRIBUTES = (
    'a "quoted" word',
    "an apostrophe's place",
    "back\\slash \\n and \\u{41}",
    "a\tb",
    "no\u00a0break",
    "\u2764\ufe0f and \U0001f469\u200d\U0001f4bb",
    "\u0939\u093f\u0928\u094d\u0926\u0940",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22",
    "\u0645\u064e\u0631\u0652\u062d\u064e\u0628\u064b\u0627",
    "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
    "e\u0301 \u200b \u00ad \u2028 \ue000",
    "1 < 2 > 0 & &amp; &copy=3",
    "{{ x }} %recipient.x% *|X|* {% raw %}",
    "zinsert12z zslot6e616d65xz",
)


def alt_of(compiled: str) -> str:
    """Return the value of the only ``alt``, as a mail program reads it."""
    (found,) = re.findall(r'alt="([^"]*)"', compiled)
    return html.unescape(found)


@pytest.mark.parametrize("text", ATTRIBUTES)
def test_a_text_in_an_attribute_arrives_as_it_was_written(text: str) -> None:
    """Quotes, backslashes, emoji and combining marks arrive, in MJML's attributes, in HTML's, and in the title's."""
    value = html.escape(text)
    source = in_column(
        f'<mj-image src="x" alt="{value}" /><mj-text><a title="{value}" href=\'x\'>y</a></mj-text>',
        head=f"<mj-title>\n  {value}\n</mj-title>",
    )

    compiled = compile_mjml(source)

    assert alt_of(compiled) == text
    for pattern in ('<a title="([^"]*)"', 'aria-label="([^"]*)"', "<title>(.*)</title>"):
        (found,) = re.findall(pattern, compiled)
        assert html.unescape(found) == text
    assert "\\u{" not in compiled.replace(value, "")


NONCHARACTERS = "".join(map(chr, (*range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF)))
# Python reads the numbers of the further noncharacters, which browsers keep, as nothing.
LATER = "".join(chr(plane + last) for plane in range(0x10000, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
WRITABLE = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=NONCHARACTERS + LATER)


@given(text=st.text(WRITABLE))
def test_any_text_survives_in_an_attribute(text: str) -> None:
    """Whatever is no control character is the same before and after."""
    source = in_column(f'<mj-image src="x" alt="{html.escape(text)}" />')

    assert alt_of(compile_mjml(source)) == text


@given(character=st.characters(categories=["Cc", "Cs"]) | st.sampled_from(NONCHARACTERS))
def test_any_control_character_is_refused(character: str) -> None:
    """What an email cannot hold is an error, except for tabs and the ends of lines."""
    found = faults_of(in_column(f"<mj-text>x{character}</mj-text>"))

    assert bool(found) is (character not in "\t\n\r")


def test_the_lines_of_a_value_become_one() -> None:
    """A value that the template breaks over lines is joined by single spaces."""
    source = in_column('<mj-image src="x" alt="one\n    two \r\n\n\tthree" />')

    assert 'alt="one two three"' in compile_mjml(source)


@given(
    pieces=st.lists(st.sampled_from(["<b>a</b>", "<a href='x'>b</a>", "<br>", "\n", " ", "\n  ", "c", "&amp;", "]]>"]))
)
def test_words_are_glued_nowhere(pieces: list[str]) -> None:
    """Space between inline tags stays, also where it begins with the end of a line."""
    inner = "".join(pieces)

    compiled = in_text(f"<p>{inner}</p>")

    assert words_of(compiled) == words_of(inner)


def words_of(markup: str) -> list[str]:
    """Return the words that a reader sees."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup.replace("<br", " <br"))).split()


@pytest.mark.parametrize("padding", ["0 20px", "0 20px 0 20px", "0px 20px"])
def test_a_zero_without_unit_counts(padding: str) -> None:
    """The image is as wide as its column without the padding at both sides: 600 - 2 x 20 - 2 x 20."""
    source = in_body(
        f'<mj-section padding="{padding}"><mj-column><mj-image src="x" padding="{padding}" /></mj-column></mj-section>'
    )

    assert 'width="520"' in compile_mjml(source)


def test_a_zero_in_the_defaults_counts() -> None:
    """A zero of ``mj-all`` or ``mj-class`` is a zero as well."""
    head = '<mj-attributes><mj-class name="flat" padding="0 10px" /></mj-attributes>'

    assert 'width="580"' in compile_mjml(in_column('<mj-image src="x" mj-class="flat" />', head))


@pytest.mark.parametrize("space", ["\r\n", " ", "\t", "\n", " \r\n ", "<!-- x -->"])
def test_space_and_comments_among_tags_mean_nothing(space: str) -> None:
    """Windows line ends, blanks and comments, which MRML refuses in five places, change nothing."""
    tag = r"(?=<mj-|</mj-(?:head|attributes|body|section|column|social|navbar|accordion|carousel)>)"

    assert compile_mjml(re.sub(tag, space, FULL)) == compile_mjml(FULL)


def test_a_byte_order_mark_is_no_text() -> None:
    """A file that begins with a byte order mark is read as if it did not."""
    assert compile_mjml("\ufeff" + FULL) == compile_mjml(FULL)


def test_comments_are_kept_for_outlook_alone() -> None:
    """An editor's notes never reach a reader; conditional comments do, word for word."""
    outlook = "<!--[if mso]><table role='presentation'><![endif]--><!--[if !mso]><!--><i>x</i><!--<![endif]-->"
    source = in_body(f"<!-- note --><mj-raw><!-- note -->{outlook}</mj-raw><mj-section></mj-section>")

    compiled = compile_mjml(source)

    assert outlook in compiled
    assert "note" not in compiled


def test_raw_stands_in_head_and_body() -> None:
    """The colour scheme and the hidden preheader are written as they are."""
    meta = '<meta name="color-scheme" content="light dark" />'
    preheader = '<div style="display:none">zslot6e616d65xz zinsert12z</div>'
    head, body = f"<mj-raw>\n{meta}\n</mj-raw>", f"<mj-raw>{preheader}</mj-raw>"
    source = f'<mjml lang="de"><mj-head>{head}</mj-head><mj-body>{body}</mj-body></mjml>'

    compiled = compile_mjml(source)

    assert meta in compiled.partition("<body")[0]
    assert preheader in compiled.partition("<body")[2]
    assert '<html lang="de"' in compiled


@pytest.mark.parametrize("word", ["zinsert12z", "zslot6e616d65x005468657265z"])
def test_words_for_later_arrive_byte_for_byte(word: str) -> None:
    """The words that stand for what comes in after the compile are found wherever they were put."""
    source = in_column(
        f'<mj-text><p>{word}</p>{word}</mj-text><mj-button href="https://example.org/?a={word}&amp;b=1">{word}</mj-button>'
        f'<mj-image src="https://example.org/{word}.png" alt="{word}" title="{word}" />'
        f"<mj-table><tr><td>{word}</td></tr></mj-table>",
        head=f"<mj-title>{word}</mj-title><mj-preview>{word}</mj-preview>",
    )

    assert compile_mjml(source).count(word) == 11


def test_a_full_template_has_no_fault_and_no_trace_of_the_compiler() -> None:
    """Every tag that can be compiled, as editors write it, is found right; nothing is fetched from elsewhere."""
    compiled = compile_mjml(FULL)

    assert {token.name for token in tokenize(FULL) if isinstance(token, Tag)} >= set(rules())
    assert "\\u{" not in compiled
    assert "fonts.googleapis.com" not in compiled
    assert 'alt="A &#34;quoted&#34; &#10084;&#65039;"' in compiled
    assert "<td nowrap>b</td>" in compiled
    assert not faults_of(mark_template(FULL, "email.mjml"))


@pytest.mark.parametrize("holder", sorted(name for name, rule in rules().items() if rule.content is Content.HTML))
def test_html_arrives_as_it_was_written(holder: str) -> None:
    """MRML never sees HTML: space, void tags, prefixes and quotes come out as they went in."""
    markup = 'a\n<b\ttitle=\'\u2764\ufe0f "x" \\\'>c</b>\n<br><v:rect   xmlns:v="u" />\r\n'
    markup += "<pre><i>d</i>\n\n  <i>e</i></pre> ]]> \u00a0f"

    assert markup.replace("\r\n", "\n") in compile_mjml(around(holder).replace("@", markup))
