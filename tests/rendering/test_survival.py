"""Whatever an editor writes and a reader is called arrives unharmed, in HTML and in plain text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsletters import READER, WIDTH, Document, html_of, intro_of, make_newsletter, text_of

from digest.errors import Place
from digest.model import Picture, Prose, Slot, Story

if TYPE_CHECKING:
    from pathlib import Path

    from newsletters import Newsletter

    from digest.model import Edition

quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
# Controls, surrogates and noncharacters are no text; spaces are Markdown's to keep or to join.
letters = st.characters(
    exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"), exclude_characters="\ufeff", include_characters="\xa0"
)
hostile = st.sampled_from(
    [
        *("{{ x }}", "{% raw %}", "{#", "#}", "%recipient.x%", "*|X|*", "<%= x %>", "${x}", "[[x]]", "{{{x}}}", "%0A"),
        *("$5", "100%", "'", '"', "`", "\\", "\\u{41}", "&amp;", "&copy=1", "]]>", "<!-- x", "-->", "javascript:"),
        *("<script>alert(1)</script>", "</td>", "mj-text", "<mj-text>", "zslot", "zslots", "zinsert"),
        *("❤️", "👩\u200d💻", "हिन्दी", "مَرْحَبًا", "שָׁלוֹם", "日本語。"),
    ]
)
RESERVED = re.compile(r"z(?:slot|braces|insert)[0-9a-f]", re.IGNORECASE)
"""What no issue may hold, which is an error and never a slot."""
words = st.lists(hostile | st.text(letters, min_size=1, max_size=12), min_size=1, max_size=8).filter(
    lambda parts: not RESERVED.search(" ".join(parts))
)
lines = words.map(" ".join).map(str.strip).filter(str.strip)
code = (
    st.lists(hostile | st.text(letters | st.sampled_from(" \t\n"), max_size=20), min_size=1)
    .map("".join)
    .filter(lambda text: not RESERVED.search(text))
)
MARKERS = re.compile(r"zslot[0-9a-f]|zinsert[0-9a-f]|zbraces[0-9a-f]|[\ufdd0-\ufdef]", re.IGNORECASE)
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@pytest.fixture(scope="module")
def newsletter(tmp_path_factory: pytest.TempPathFactory) -> Newsletter:
    """One newsletter for all examples: rendering leaves nothing behind in it."""
    return make_newsletter(tmp_path_factory.mktemp("newsletter"))


def escaped(text: str) -> str:
    """Return Markdown that says `text`."""
    return PUNCTUATION.sub(r"\\\1", text)


def joined(text: str) -> str:
    """Return `text` without its blanks, which lines may be broken at."""
    return re.sub(r"[ \t\n]", "", text)


def fenced(text: str) -> str:
    """Return `text` in a fence that is longer than any in it."""
    fence = "`" * (3 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}\n"


def story_of(*, title: str, alt: str, author: str, root: Path) -> Story:
    """Return a story with a picture."""
    return Story(
        title=title,
        heading=Prose(),
        teaser=Prose(),
        rest=Prose(),
        link="https://example.org/story",
        slug="story",
        picture=Picture(src="https://example.org/a.png", alt=alt, path=root / "issue.md", line=1),
        author=author,
        minutes=None,
        read_more=None,
        place=Place("issue.md", 1),
    )


def assert_no_markers(edition: Edition) -> None:
    """No word of our own stands in anything that leaves."""
    parts = (edition.subject, edition.html, edition.text, *edition.headers.values())
    assert not any(MARKERS.search(part.fill(READER)) for part in parts)


front_matter = st.fixed_dictionaries(dict.fromkeys(("title", "subject", "preheader", "alt", "author"), lines))


@quick
@given(said=front_matter)
def test_what_stands_in_the_front_matter_survives(newsletter: Newsletter, said: dict[str, str]) -> None:
    """Titles, alt texts, authors, preheaders and subjects arrive as they were written."""
    story = story_of(title=said["title"], alt=said["alt"], author=said["author"], root=newsletter.root)
    issue = replace(
        newsletter.read(),
        title=said["title"],
        subject=said["subject"],
        preheader=said["preheader"],
        parts=(story,),
    )
    edition = newsletter.renderer.render(issue)
    document = html_of(edition)
    assert {document.one(tag).text for tag in ("title", "h1", "h2")} == {said["title"]}
    assert document.all("img")[0].attributes["alt"] == said["alt"]
    assert said["author"] in document.one("p", "byline").text
    assert said["preheader"] in document.one("body").text
    assert edition.subject.fill(READER) == said["subject"]
    assert joined(said["title"]) in joined(text_of(edition))
    assert joined(said["author"]) in joined(text_of(edition))
    assert_no_markers(edition)


@quick
@given(text=lines)
def test_prose_survives(newsletter: Newsletter, text: str) -> None:
    """Paragraphs, link texts and cells of tables say what was written."""
    written = escaped(text)
    markdown = f"{written}\n\n[{written}](https://example.org/a)\n\n| {written} |\n|---|\n| {written} |\n"
    edition = newsletter.render(markdown)
    document = html_of(edition)
    for element in (document.all("p")[0], document.all("a")[0], document.one("th"), *document.inside("data", "td")):
        assert element.text.strip() == text.strip()
    assert joined(intro_of(edition)).startswith(joined(f"{text} {text} [1]"))
    assert_no_markers(edition)


@quick
@given(text=code)
def test_code_survives_byte_for_byte(newsletter: Newsletter, text: str) -> None:
    """A fenced block holds in HTML what was written, and in plain text the same behind four spaces."""
    edition = newsletter.render(fenced(text))
    assert html_of(edition).one("pre").text == text
    indented = "\n".join(f"    {line}" if line else "" for line in text.split("\n"))
    assert intro_of(edition) == indented.rstrip("\n")
    assert_no_markers(edition)


@quick
@given(text=words.map(" ".join))
def test_spans_and_indented_lines_of_code_survive(newsletter: Newsletter, text: str) -> None:
    """Code in a line and code behind four spaces hold what was written."""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    edition = newsletter.render(f"A {ticks} {text} {ticks} b\n\n---\n\n    {text}\n")
    assert [element.text for element in html_of(edition).all("code")] == [text, text]
    assert f"A {text} b" in intro_of(edition) or len(text) > WIDTH // 2
    assert f"\n    {text}" in intro_of(edition)


@quick
@given(value=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1) | hostile)
def test_a_value_changes_nothing_but_its_own_place(newsletter: Newsletter, value: str) -> None:
    """What a reader is called arrives as text, and everything around it is what another reader gets."""
    markdown = (
        "Hello [{{ first_name }}](https://example.org/?a={{ first_name }}), "
        '![{{ first_name }}](https://example.org/a.png "{{ first_name }}").'
    )
    edition = newsletter.render(markdown)
    read = Document.of(edition.html.fill({**READER, "first_name": value}))
    other = Document.of(edition.html.fill({**READER, "first_name": "QQQ"}))
    assert [e.tag for e in read.elements] == [e.tag for e in other.elements]
    link, image = read.all("a")[0], read.all("img")[0]
    assert link.text == value
    assert image.attributes["alt"] == image.attributes["title"] == value
    assert edition.text.fill({**READER, "first_name": value}).count(value) >= 1
    assert other.one("h1").text == read.one("h1").text


LOOKALIKES = (
    *("{{ x }}", "{% raw %}", "{# no #}", "{{{x}}}", "{{ reader.first_name }}", "{{ first_name }}", "#{x}", "@{x}"),
    *("%recipient.x%", "%%x%%", "*|FNAME|*", "<%= x %>", "${x}", "[[x]]", "-x-", "<kbd>", "zslot", "$5 and 100%"),
)


@pytest.mark.parametrize("text", LOOKALIKES)
def test_code_about_templating_languages_comes_out_as_written(newsletter: Newsletter, text: str) -> None:
    """Code that looks like a merge language, Jinja's and ours included, is code: in spans, fences and indented."""
    edition = newsletter.render(f"A `{text}` b\n\n```\n{text}\n```\n\n    {text}\n")
    assert [e.text for e in html_of(edition).all("code")] == [text] * 3
    assert text_of(edition).count(text) == 3


@pytest.mark.parametrize("text", [t for t in LOOKALIKES if not t.startswith(("{{", "<kbd>", "*|", "[["))])
def test_prose_about_templating_languages_comes_out_as_written(newsletter: Newsletter, text: str) -> None:
    """Outside of code, what is neither Markdown nor braces of ours stays too."""
    edition = newsletter.render(f"A price of {text}.")
    assert html_of(edition).all("p")[0].text == f"A price of {text}."
    assert intro_of(edition) == f"A price of {text}."


def test_escaped_braces_and_brackets_come_out_as_written(newsletter: Newsletter) -> None:
    """A backslash makes braces text, as it does for all signs of Markdown."""
    edition = newsletter.render(r"Write \{{ name }}, \*|X|\* and \[[x]].")
    assert html_of(edition).all("p")[0].text == intro_of(edition) == "Write {{ name }}, *|X|* and [[x]]."


def test_raw_html_comes_out_as_written(newsletter: Newsletter) -> None:
    """Tags that Markdown lacks keep their meaning in HTML, and leave their words in plain text."""
    edition = newsletter.render(
        'Press <kbd>Ctrl</kbd> for e<sup>2</sup>.\n\n<div align="center">\n<b>Middle</b> &amp; more\n</div>\n'
    )
    document = html_of(edition)
    assert document.one("kbd").text == "Ctrl"
    assert next(e for e in document.all("div") if e.attributes.get("align") == "center").text == "\nMiddle & more\n"
    assert intro_of(edition) == "Press Ctrl for e^2.\n\nMiddle & more"


def test_a_slot_with_a_fallback_shows_it(newsletter: Newsletter) -> None:
    """A reader without a value reads the fallback, of the issue or of the settings."""
    edition = newsletter.render('Hello {{ first_name or "you & yours" }} at {{ company }}.')
    filled = Document.of(edition.html.fill({"email": "a@example.org", "token": "x"}))
    assert filled.all("p")[0].text == "Hello you & yours at your company."
    assert edition.slots >= {("first_name", True), ("company", True), ("email", False), ("token", False)}
    assert Slot(name="first_name", fallback="you & yours").marker in edition.html.marked
