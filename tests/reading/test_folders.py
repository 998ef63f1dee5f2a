"""Issues that are folders: an index, and a story in each other file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from editors_desk import Desk, filled, html_of

from digest.errors import CombinedError, ContentError
from digest.reading import STORY_KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from digest.model import Issue, Story

KEYS = """---
title: A title
link: https://a.test/{{ company }}
image: a.png
image_alt: What it shows
author: Someone
minutes: 7
read_more: Go on
teaser_words: 2
slug: Its own Page
---
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a newsletter without issues."""
    return Desk(root=tmp_path)


def only_story(issue: Issue) -> Story:
    """Return the story of an issue that has one."""
    (story,) = issue.stories
    return story


def complaint(desk: Desk, story: str) -> list[str]:
    """Return the lines of the fault of a story's file."""
    with pytest.raises((ContentError, CombinedError)) as caught:
        desk.read_files(one=story)
    return [line.removeprefix("issues/2026-11-24-folder/").strip() for line in caught.value.lines()]


def test_every_key_of_a_story_is_read(desk: Desk) -> None:
    """What stands in its front matter comes before what its text says."""
    story = only_story(desk.read_files(one=KEYS + "# Other\n\n![x](b.png)\n\nOne two. Three four."))
    assert (story.title, filled(story.link or "")) == ("A title", "https://a.test/[company|your company]")
    assert story.picture
    assert (story.picture.src, story.picture.alt, story.picture.line) == ("a.png", "What it shows", 4)
    assert (story.author, story.minutes, story.read_more, story.slug) == ("Someone", 7, "Go on", "its-own-page")
    assert html_of(story.teaser.tokens) == "<p>One two.</p>\n"
    assert story.place.line == 2


@pytest.mark.parametrize("key", STORY_KEYS)
def test_a_blank_key_counts_as_absent(desk: Desk, key: str) -> None:
    """A key that still waits for its value is no fault."""
    story = only_story(desk.read_files(one=f"---\n{key}:\n---\nText."))
    assert (story.title, story.slug, story.link, story.picture) == ("One", "one", None, None)


def test_a_story_needs_no_front_matter(desk: Desk) -> None:
    """Its title comes from its heading, which may be a link and keeps its marks, or from the name of its file."""
    issue = desk.read_files(**{"10-one_thing": "Text.", "20-x": "# [Two `x`](https://a.test)\n\nText."})
    first, second = issue.stories
    assert (first.title, first.link) == ("One thing", None)
    assert (second.title, second.link, second.place.line) == ("Two x", "https://a.test", 1)
    assert html_of(second.heading.tokens) == "Two <code>x</code>"


def test_stories_come_in_the_order_of_their_files(desk: Desk) -> None:
    """What stands below the index's headings follows them; hidden files and other things are none."""
    issue = desk.read_folder(
        {
            "x/index.md": "Hello.\n\n## At the end",
            "x/20-b.md": "b",
            "x/10-a.md": "a",
            "x/.30-hidden.md": "h",
            "x/._10-a.md": b"\x00\x05\x16",
            "x/notes.txt": "n",
            "x/deeper.md/file.txt": "d",
        },
        "x",
    )
    assert [part.title for part in issue.parts] == ["A", "B", "At the end"]


def test_stories_alone_make_an_issue(desk: Desk) -> None:
    """Its index may hold nothing but the subject."""
    assert [part.title for part in desk.read_files(one="Text.").parts] == ["One"]


def test_a_folder_without_an_index(desk: Desk) -> None:
    """The file that is missing is named, and what it is for."""
    with pytest.raises(ContentError) as caught:
        desk.read_folder({"x/10-a.md": "a"}, "x")
    assert caught.value.lines() == [
        "issues/x/index.md: the folder of an issue needs this file",
        "  Write `subject: …` in its front matter.",
    ]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# A\n\nx\n\n## B\n\n### C", ["h3", "h4"]),
        ("x\n\n### B\n\n#### C", ["h3", "h4"]),
        ("x\n\n#### B", ["h3"]),
        ("## B\n\n### C\n\n###### D", ["h3", "h4", "h6"]),
        ("x\n\nB\n---\n\n> ### C", ["h3", "h4"]),
    ],
)
def test_headings_in_a_story_begin_below_its_title(desk: Desk, text: str, levels: list[str]) -> None:
    """The title is of level 2 in the email, so they begin at level 3, wherever the editor began."""
    story = only_story(desk.read_files(one=text))
    assert [token.tag for token in story.teaser.tokens if token.type == "heading_open"] == levels
    assert [token.tag for token in story.teaser.tokens if token.type == "heading_close"] == levels


@pytest.mark.parametrize(
    ("text", "fault", "way_out"),
    [
        ("---\nlink: here\n---\nx", '2: `link`: "here" is no web address; it begins with https://', None),
        ("---\nlnk: x\n---\nx", '2: unknown key "lnk"', 'did you mean "link"?'),
        ("---\nsubject: x\n---\nx", '2: unknown key "subject"', f"known: {', '.join(sorted(STORY_KEYS))}"),
        (
            "---\nauthor: x\nimage: a.png\n---\nx",
            "3: the image has no words for those who do not see it",
            'Add `image_alt: …` that says what it shows, or image_alt: "" where it is mere decoration.',
        ),
        (
            "---\nimage: a.png\nimage_alt:\n---\nx",
            "2: the image has no words for those who do not see it",
            'Add `image_alt: …` that says what it shows, or image_alt: "" where it is mere decoration.',
        ),
        (
            "x\n\n# B",
            "3: a heading of level 1 (#) stands below the beginning of the file, which has one title",
            "Write ## instead.",
        ),
        ("", "1: the story is empty", "Write its text, or delete the file."),
        ("# Title\n", "1: the story is empty", "Write its text, or delete the file."),
        ("---\nminutes: 0\n---\nx", '2: `minutes`: "0" is no whole number from 1 up', None),
        ("---\nread_more: To {{ x }}\n---\nx", '2: no field "x" is declared', ...),
    ],
)
def test_faults_in_a_storys_file(desk: Desk, text: str, fault: str, way_out: object) -> None:
    """They are named in that file, with the way out."""
    first, *hints = complaint(desk, text)
    assert first == f"one.md:{fault}"
    assert way_out is ... or hints == ([way_out] if way_out else [])


def test_a_story_without_a_title(desk: Desk) -> None:
    """A number alone is no title."""
    with pytest.raises(ContentError) as caught:
        desk.read_files(**{"10-": "Text."})
    assert caught.value.lines() == [
        "issues/2026-11-24-folder/10-.md:1: the story has no title",
        "  Add `title: …` to its front matter.",
    ]


def test_an_image_may_be_mere_decoration(desk: Desk) -> None:
    """An empty text in quotes says so."""
    picture = only_story(desk.read_files(one='---\nimage: a.png\nimage_alt: ""\n---\nx')).picture
    assert picture
    assert picture.alt == ""


def test_a_link_is_enough_for_a_story(desk: Desk) -> None:
    """A title that leads somewhere needs no text."""
    assert only_story(desk.read_files(one="---\nlink: https://a.test\n---\n")).link == "https://a.test"


def test_faults_of_all_files_come_together(desk: Desk) -> None:
    """In the order of the files, so that they are mended in one go."""
    with pytest.raises(CombinedError) as caught:
        desk.read_files(one="{{ x }}", two="---\nlink: x\n---\n{{ y }}", index="---\nnumber: x\n---\n<div>")
    places = [line.split(" ")[0].rpartition("/")[2] for line in caught.value.lines() if not line.startswith("  ")]
    assert places == ["index.md:2:", "index.md:4:", "one.md:1:", "two.md:2:", "two.md:4:"]


def test_two_files_with_one_link(desk: Desk) -> None:
    """Stories are compared across files."""
    with pytest.raises(ContentError) as caught:
        desk.read_files(one="---\nlink: https://a.test\n---\n", two="# [B](https://a.test)\n\nx")
    assert caught.value.lines() == [
        "issues/2026-11-24-folder/two.md:1: a second story leads to https://a.test",
        "  The first one stands at issues/2026-11-24-folder/one.md:1; give this one its own link.",
    ]


def test_teaser_words_of_a_story_come_before_those_of_the_issue(desk: Desk) -> None:
    """The story's, then the issue's, then the newsletter's."""
    files = {"one": "One two. Three. Four.", "two": "---\nteaser_words: 3\n---\nOne two. Three. Four."}
    for newsletter, issue, expected in [(None, "", 4), (2, "", 2), (4, "teaser_words: 2", 2)]:
        desk = Desk(root=desk.root, teaser_words=newsletter)
        stories = desk.read_files(index=f"---\nsubject: x\n{issue}\n---\n", **files).stories
        words = [len(html_of(story.teaser.tokens).split()) for story in stories]
        assert words == [expected, 3]
