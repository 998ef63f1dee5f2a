"""The parts of an issue: stories and sections, headings, folds, pictures, links and footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from editors_desk import Desk, html_of

from digest.model import Section, Story
from digest.reading.markdown import every

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a newsletter without issues."""
    return Desk(root=tmp_path)


# Stories and sections


def test_a_heading_that_is_a_link_makes_a_story(desk: Desk) -> None:
    """What follows it is its teaser, whole where nothing cuts it, and its minutes are nobody's to count."""
    story = desk.story("## [A title](https://example.org/a)\n\nAll of it.\n\n### Inner\n\nMore.")
    assert (story.title, story.link, story.slug) == ("A title", "https://example.org/a", "a-title")
    assert html_of(story.teaser.tokens) == "<p>All of it.</p>\n<h3>Inner</h3>\n<p>More.</p>\n"
    assert (bool(story.rest), story.minutes) == (False, None)


def test_a_heading_with_a_fold_below_makes_a_story(desk: Desk) -> None:
    """It needs no link: its rest waits on its own page, and how long that takes to read is known."""
    story = desk.story("## A title\n\nAbove.\n\n<!-- more -->\n\nBelow " + "word " * 440)
    assert (story.link, story.minutes) == (None, 2)
    assert html_of(story.teaser.tokens) == "<p>Above.</p>\n"
    assert html_of(story.rest.tokens).startswith("<p>Below word")


def test_any_other_heading_makes_a_section(desk: Desk) -> None:
    """It is kept whole, links within its title included."""
    section = desk.section("## About [this](https://a.test) and [that](https://b.test)\n\nText.")
    assert section.title == "About this and that"
    assert html_of(section.body.tokens) == "<p>Text.</p>\n"


def test_what_stands_first_is_the_introduction(desk: Desk) -> None:
    """Parts come in their order, headings in quotes and lists make none, and each knows its line."""
    issue = desk.read("Hello.\n\n> ## Quoted\n\n## One\n\n## [Two](https://a.test)\n\nThree\n-----\n\nText.")
    assert html_of(issue.introduction.tokens).endswith("</blockquote>\n")
    assert [(type(part), part.title, part.place.line) for part in issue.parts] == [
        (Section, "One", 5),
        (Story, "Two", 7),
        (Section, "Three", 9),
    ]


@pytest.mark.parametrize("mark", ["<!-- more -->", "<!--more-->", "  <!--   more   -->", "<!-- More -->"])
@pytest.mark.parametrize("around", ["\n\n{}\n\n", "\n{}\n"])
def test_the_fold_may_be_written_in_small_variations(desk: Desk, mark: str, around: str) -> None:
    """Spaces, capitals and empty lines around it do not matter."""
    story = desk.story(f"## A\n\nAbove.{around.format(mark)}Below.")
    assert (html_of(story.teaser.tokens), html_of(story.rest.tokens)) == ("<p>Above.</p>\n", "<p>Below.</p>\n")


def test_a_fold_at_the_end_keeps_a_story_whole(desk: Desk) -> None:
    """Where words are counted, it is the way to say: not this one."""
    desk = Desk(root=desk.root, teaser_words=3)
    story = desk.story("## [A](https://a.test)\n\nOne two three four five.\n\n<!-- more -->\n")
    assert html_of(story.teaser.tokens) == "<p>One two three four five.</p>\n"
    assert not story.rest


def test_a_fold_in_code_is_text(desk: Desk) -> None:
    """An issue about newsletters can show one."""
    assert "more" in html_of(desk.section("## A\n\n```\n<!-- more -->\n```\n\n`<!-- more -->`").body.tokens)


PLACE = "inside a list, a quote or a paragraph, where nothing can be cut"


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("## A\n\n- One\n\n  <!-- more -->\n\n- Two", 5, PLACE),
        ("## A\n\n> One\n> <!-- more -->", 4, PLACE),
        ("## A\n\nOne\ntwo <!-- more --> three", 4, PLACE),
        ("## A <!-- more -->\n\nOne", 1, PLACE),
        ("## A\n\n| a |\n|---|\n| <!-- more --> |", 5, PLACE),
        ("## A\n\nOne[^1]\n\n[^1]: Note\n\n    <!-- more -->", 7, PLACE),
        ("One\n\n> <!-- more -->", 3, PLACE),
        ("One\n\n<!-- more -->\n\nTwo\n\n## A", 3, "in the introduction"),
    ],
)
def test_a_fold_where_nothing_can_be_cut(desk: Desk, text: str, line: int, fault: str) -> None:
    """It stands at the margin below a heading of level 2, or it is a fault."""
    first, way_out = desk.faults(text)
    assert first == f"2026-11-24-hello.md:{line}: the fold stands {fault}"
    assert way_out.startswith("Put ")


def test_a_fold_that_is_not_alone(desk: Desk) -> None:
    """What shares its line would vanish with it."""
    assert desk.faults("## A\n\nOne\n\n<!-- more --> Two") == [
        "2026-11-24-hello.md:5: the fold shares its line with something else",
        "Put <!-- more --> on a line of its own.",
    ]


def test_a_second_fold(desk: Desk) -> None:
    """A story is cut once."""
    assert desk.faults("## A\n\nOne\n\n<!-- more -->\n\nTwo\n\n<!-- more -->\n\nThree") == [
        "2026-11-24-hello.md:9: a second fold in one story",
        "Keep one <!-- more -->.",
    ]


def test_faults_of_several_parts_come_together(desk: Desk) -> None:
    """Each part is read, whatever is wrong with the one before."""
    lines = desk.faults("## A\n\n<!-- more -->\n\nx\n\n<!-- more -->\n\n## [B](b.md)\n\n## C\n\n<div>\n\nx")
    assert [line.split(" ")[0] for line in lines[::2]] == [f"2026-11-24-hello.md:{line}:" for line in (7, 9, 13)]


# Headings


@pytest.mark.parametrize(
    ("heading", "title", "html"),
    [
        ("## `code` in *it*", "code in it", "<code>code</code> in <em>it</em>"),
        ("## `{{ x }}` & co", "{{ x }} & co", "<code>{{ x }}</code> &amp; co"),
        ("## A ![an image](a.png)", "A an image", 'A <img src="a.png" alt="an image" />'),
        ("## A<br>b <!-- note -->", "A b", "A<br>b "),
        ("## Trailing ##", "Trailing", "Trailing"),
        ("A title\nof two lines\n---", "A title of two lines", "A title\nof two lines"),
        ("## ~~Old~~ new", "Old new", "<s>Old</s> new"),
    ],
)
def test_what_a_heading_says(desk: Desk, heading: str, title: str, html: str) -> None:
    """The title is plain, and the heading keeps its marks."""
    section = desk.section(f"{heading}\n\nText.")
    assert (section.title, html_of(section.heading.tokens)) == (title, html)


def test_a_linked_heading_keeps_its_marks(desk: Desk) -> None:
    """The link becomes the story's, and the rest stays a heading."""
    story = desk.story('## [*Why* `x`](https://a.test "title")')
    assert (story.title, story.link, html_of(story.heading.tokens)) == (
        "Why x",
        "https://a.test",
        "<em>Why</em> <code>x</code>",
    )


@pytest.mark.parametrize("heading", ["##", "## ##", "## <!-- note -->", "## [](https://a.test)", "Text\n\n### <br>"])
def test_a_heading_without_words(desk: Desk, heading: str) -> None:
    """Nobody could find it in a table of contents."""
    mark = "###" if "###" in heading else "##"
    line = 5 if mark == "###" else 3
    assert desk.faults(f"A\n\n{heading}\n\nText") == [
        f"2026-11-24-hello.md:{line}: a heading without words",
        f"Write the title behind {mark}, or delete the line.",
    ]


@pytest.mark.parametrize(
    "text", ["Hello\n\n# Title", "# Title\n\nText\n\n# Another", "Text\n\nAnother\n=====\n", "> # A"]
)
def test_a_second_title(desk: Desk, text: str) -> None:
    """A page has one heading of level 1, and it stands first."""
    first, way_out = desk.faults(text)
    assert "a heading of level 1 (#) stands below the beginning of the file, which has one title" in first
    assert way_out == "Write ## instead."


def test_a_comment_may_stand_above_the_title(desk: Desk) -> None:
    """It is not there for readers, so the title is still the first thing."""
    assert desk.read("<!-- a note -->\n\n# Title\n\nText").title == "Title"


@pytest.mark.parametrize("text", ["# A[^1]\n\nText\n\n[^1]: x", "## [A](https://a.test)[^1]\n\n[^1]: x"])
def test_a_footnote_in_a_title(desk: Desk, text: str) -> None:
    """Titles are shown where no footnotes are."""
    assert desk.faults(text) == [
        "2026-11-24-hello.md:1: a footnote in a title, which is also shown where no footnotes are",
        "Put it behind a word of the text below.",
    ]


# Links


@pytest.mark.parametrize("href", ["other.md", "#below", "mailto:a@example.org", "/path", "ftp://a.test/"])
def test_a_story_leads_to_the_web(desk: Desk, href: str) -> None:
    """A local link is a dead one in mail."""
    assert desk.faults(f"Hi\n\n## [A]({href})\n\nText") == [
        f'2026-11-24-hello.md:3: the link of the story: "{href}" is no web address; it begins with https://',
        "A story leads to a page on the web.",
    ]


def test_two_stories_with_one_link(desk: Desk) -> None:
    """The second one is the fault, and the first one is named."""
    link = "(https://a.test/x)"
    assert desk.faults(f"## [A]{link}\n\nx\n\n## [B](https://a.test/y)\n\n## [C]{link}") == [
        "2026-11-24-hello.md:7: a second story leads to https://a.test/x",
        "The first one stands at issues/2026-11-24-hello.md:1; give this one its own link.",
    ]


def test_stories_of_one_title_have_pages_of_their_own(desk: Desk) -> None:
    """Their slugs are numbered, past those that are taken."""
    issue = desk.read("\n\n".join(f"## {title}\n\n<!-- more -->\n\nx" for title in ("News", "News 2", "News", "News")))
    assert [story.slug for story in issue.stories] == ["news", "news-2", "news-3", "news-4"]


def test_links_defined_at_the_end_serve_every_part(desk: Desk) -> None:
    """A reference is looked up in its whole file."""
    story = desk.story(
        "## [A][a]\n\nSee [b].\n\n<!-- more -->\n\n[Below][B]\n\n[a]: https://a.test\n[b]: https://b.test"
    )
    assert story.link == "https://a.test"
    assert html_of(story.teaser.tokens) == '<p>See <a href="https://b.test">b</a>.</p>\n'
    assert html_of(story.rest.tokens) == '<p><a href="https://b.test">Below</a></p>\n'


# Pictures


def test_the_image_that_a_story_begins_with_is_its_picture(desk: Desk) -> None:
    """It leaves the teaser, so that a template can place it."""
    story = desk.story('## [A](https://a.test)\n\n![What *it* shows](a%20b.png "t")\n\nText ![inner](b.png).')
    assert story.picture
    assert (story.picture.src, story.picture.alt, story.picture.line) == ("a%20b.png", "What it shows", 3)
    assert html_of(story.teaser.tokens) == '<p>Text <img src="b.png" alt="inner" />.</p>\n'


def test_its_alternative_text_is_not_a_part_of_the_teaser(desk: Desk) -> None:
    """A long one leaves all the words asked to the text."""
    desk = Desk(root=desk.root, teaser_words=4)
    story = desk.story(f"## [A](https://a.test)\n\n![{'word ' * 30}](a.png)\n\nOne two. Three four five.")
    assert html_of(story.teaser.tokens) == "<p>One two.</p>\n"


@pytest.mark.parametrize("first", ["[![x](a.png)](https://b.test)", "![x](a.png) and text", "> ![x](a.png)", "Text"])
def test_any_other_image_stays_where_it_is(desk: Desk, first: str) -> None:
    """Only an image that stands alone at the head of a story is its picture."""
    assert desk.story(f"## [A](https://a.test)\n\n{first}").picture is None


def test_a_section_keeps_its_images(desk: Desk) -> None:
    """It has no picture of its own."""
    assert "<img" in html_of(desk.section("## A\n\n![x](a.png)").body.tokens)


def test_an_image_may_be_mere_decoration(desk: Desk) -> None:
    """Empty brackets say so, as they do in HTML."""
    assert 'alt=""' in html_of(desk.introduction("![](a.png)").tokens)


def test_images_know_their_lines(desk: Desk) -> None:
    """In paragraphs of several lines, tables, definitions and notes as well."""
    text = "a\n![1](a)\\\n![2](a)\n\n| a |\n|---|\n| ![3](a) |\n\nT\n: ![4](a)\n\nx\ny^[![5](a)]\n"
    text += "\n> [!NOTE]\n> b\n> ![6](a)"
    images = [token for token in every(desk.introduction(text).tokens) if token.type == "image"]
    assert {image.content: image.meta["line"] for image in images} == {
        "1": 2,
        "2": 3,
        "3": 7,
        "4": 10,
        "5": 13,
        "6": 17,
    }


# Footnotes


def test_each_part_carries_its_own_footnotes(desk: Desk) -> None:
    """The teaser has those of the teaser, the rest those of the rest, and a shared one stands in both."""
    text = "Intro[^i]\n\n## A\n\nOne[^a] two[^s]\n\n<!-- more -->\n\nThree[^b] four[^s]\n\n"
    issue = desk.read(text + "".join(f"[^{name}]: Note {name}\n" for name in "iabs"))
    (story,) = issue.stories
    assert notes_in(html_of(issue.introduction.tokens)) == ["i"]
    assert notes_in(html_of(story.teaser.tokens)) == ["a", "s"]
    assert notes_in(html_of(story.rest.tokens)) == ["b", "s"]


def test_a_footnote_may_lead_to_another(desk: Desk) -> None:
    """Whoever is led to it finds it, a ring of two included."""
    text = "## A\n\nOne[^a]\n\n<!-- more -->\n\nTwo[^c]\n\n[^a]: Note a[^b]\n[^b]: Note b[^a]\n[^c]: Note c\n"
    story = desk.story(text)
    assert notes_in(html_of(story.teaser.tokens)) == ["a", "b"]
    assert notes_in(html_of(story.rest.tokens)) == ["c"]


def test_a_footnote_goes_where_its_word_goes(desk: Desk) -> None:
    """Where words are counted, the note stays with the sentence that it belongs to."""
    desk = Desk(root=desk.root, teaser_words=3)
    story = desk.story("## [A](https://a.test)\n\nOne two.[^a] Three four.^[Note b]\n\n[^a]: Note a")
    assert notes_in(html_of(story.teaser.tokens)) == ["a"]
    assert notes_in(html_of(story.rest.tokens)) == ["b"]


def notes_in(html: str) -> list[str]:
    """Return the names of the notes whose bodies stand in some HTML."""
    return [part[0] for part in html.split("Note ")[1:]]
