"""Stories that have a file of their own in the folder of their issue."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place
from digest.links import slugify
from digest.model import Picture
from digest.reading.faults import Faults
from digest.reading.naming import words_of
from digest.reading.parts import Headline, make_story, read_headline, read_page, take_title
from digest.reading.source import read_source
from digest.reading.values import former_names, web_address, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from markdown_it.token import Token

    from digest.model import Story
    from digest.reading.cutting import Tokens
    from digest.reading.frontmatter import FrontMatter

INDEX = "index.md"
STORY_KEYS = (
    "title",
    "link",
    "image",
    "image_alt",
    "author",
    "minutes",
    "read_more",
    "teaser_words",
    "slug",
    "formerly",
)
_HIGHEST_LEVEL = 3
"""Of the headings in a story, whose title is of level 2."""


def story_files(folder: Path) -> list[Path]:
    """Return the files that are stories, in the order of their names; hidden ones and the index are none."""
    files = (file for file in folder.glob("*.md") if file.is_file())
    return sorted(file for file in files if file.name != INDEX and not file.name.startswith("."))


def read_story(file: Path, path: str, fields: Mapping[str, str], teaser_words: int | None) -> Story:
    """
    Read the story in a file.

    Raises:
        ContentError: whatever its editor has to mend, at `path` and line.
    """
    with Faults() as faults:
        source = read_source(file, path, STORY_KEYS, fields, faults)
        front = source.front
        most = front.read("teaser_words", whole_number) or teaser_words
        author, read_more = front.text("author"), front.text("read_more")
        minutes, slug = front.read("minutes", whole_number), front.read("slug", slugify)
        formerly = front.read("formerly", former_names)
        picture, link = _read_picture(front, file), front.text("link", web_address)
        page = read_page(source)
        heading, body = take_title(page)
        headline = _read_headline(front, file, heading, link)
        if not (body or picture or headline.link):
            msg = "the story is empty"
            raise ContentError(msg, hint="Write its text, or delete the file.", place=Place(path, 1))
        story = make_story(page, headline, _below_title(body), most)
        return replace(
            story,
            slug=slug or story.slug,
            formerly=formerly or (),
            picture=picture or story.picture,
            author=author,
            minutes=minutes or story.minutes,
            read_more=read_more,
        )


def _read_headline(front: FrontMatter, file: Path, heading: Token | None, link: str | None) -> Headline:
    """Take the title from the front matter, the first heading, or the name of the file."""
    by_name = Headline(title=words_of(file.stem), words=[], link=None, place=Place(front.path, 1))
    headline = read_headline(heading, front.path) if heading else by_name
    title = front.text("title")
    if title:
        headline = Headline(title=title, words=[], link=headline.link, place=front.place("title"))
    if not headline.title:
        msg = "the story has no title"
        raise ContentError(msg, hint="Add `title: …` to its front matter.", place=headline.place)
    return replace(headline, link=link or headline.link)


def _read_picture(front: FrontMatter, file: Path) -> Picture | None:
    src, alt = front.text("image"), front.text("image_alt")
    if src is None:
        return None
    if "image_alt" not in front.values:
        msg = "the image has no words for those who do not see it"
        hint = 'Add `image_alt: …` that says what it shows, or image_alt: "" where it is mere decoration.'
        raise ContentError(msg, hint=hint, place=front.place("image"))
    return Picture(src=src, alt=alt or "", path=file, line=front.lines["image"])


def _below_title(tokens: Tokens) -> Tokens:
    """Return `tokens` with headings that begin one level below the title, as those in a file of many stories do."""
    levels = [int(token.tag[1:]) for token in tokens if token.type == "heading_open"]
    shift = _HIGHEST_LEVEL - min(levels, default=_HIGHEST_LEVEL)
    return [_shifted(token, shift) if token.type.startswith("heading_") else token for token in tokens]


def _shifted(heading: Token, levels: int) -> Token:
    return heading.copy(tag=f"h{min(int(heading.tag[1:]) + levels, 6)}")
