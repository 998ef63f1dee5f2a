"""The parts of an issue: Markdown cut at its level-2 headings, into stories and sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it.token import Token

from digest.errors import ContentError, Place
from digest.links import slugify
from digest.model import MARKER, Picture, Prose, Section, Story
from digest.reading.cutting import WORDS_A_MINUTE, count_words, cut_after_words, cut_at_fold
from digest.reading.markdown import every, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from digest.reading.cutting import Tokens

_HEADING_TOKENS = 3  # open, inline, close


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The Markdown of one file, its footnotes taken apart so that each part can carry its own."""

    path: str
    """As messages show it."""
    file: Path
    tokens: Tokens
    notes: dict[int, Tokens]

    @classmethod
    def of(cls, tokens: Tokens, path: str, file: Path) -> Page:
        """Split off the footnotes' bodies."""
        end = next((at for at, token in enumerate(tokens) if token.type == "footnote_block_open"), len(tokens))
        return cls(path=path, file=file, tokens=tokens[:end], notes=dict(_notes(tokens[end + 1 : -1])))

    def prose(self, tokens: Sequence[Token]) -> Prose:
        """Return `tokens` as prose, with the footnotes that they refer to behind them."""
        called = dict.fromkeys(token.meta["id"] for token in every(tokens) if token.type == "footnote_ref")
        bodies = [token for number in called for token in self.notes[number]]
        block = [_footnote_block(1), *bodies, _footnote_block(-1)] if bodies else []
        return Prose(tokens=(*tokens, *block), path=self.file)


def _footnote_block(nesting: int) -> Token:
    name = {1: "footnote_block_open", -1: "footnote_block_close"}[nesting]
    return Token(name, "", nesting, block=True)  # type: ignore[arg-type]  # 1 and -1 are what it takes


def _notes(tokens: Tokens) -> Iterator[tuple[int, Tokens]]:
    start = 0
    for at, token in enumerate(tokens):
        if token.type == "footnote_close":
            yield tokens[start].meta["id"], tokens[start : at + 1]
            start = at + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A heading with what stands below it; the first one of a page has no heading."""

    heading: Token | None
    body: Tokens

    @property
    def line(self) -> int:
        """Where it begins in its file; 0 without a heading."""
        return self.heading.map[0] + 1 if self.heading and self.heading.map else 0


def take_title(page: Page) -> tuple[str, Tokens]:
    """
    Return the words of the level-1 heading at the head of a page, and what follows it.

    Raises:
        ContentError: a level-1 heading anywhere else.
    """
    tokens = page.tokens
    titles = [at for at, token in enumerate(tokens) if token.tag == "h1" and token.nesting > 0]
    for at in titles:
        if at:
            msg = "a heading of level 1 (#) stands inside the issue, which has one title"
            raise ContentError(msg, hint="Write ## instead.", place=Place(page.path, (tokens[at].map or [0])[0] + 1))
    return (plain_text([tokens[1]]), tokens[_HEADING_TOKENS:]) if titles else ("", tokens)


def split_chapters(tokens: Tokens) -> tuple[Tokens, list[Chapter]]:
    """Return what stands before the first level-2 heading, and a chapter for each such heading."""
    starts = [
        at for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2" and not token.level
    ]
    ends = [*starts[1:], len(tokens)]
    chapters = [
        Chapter(heading=tokens[start + 1], body=tokens[start + _HEADING_TOKENS : end])
        for start, end in zip(starts, ends, strict=True)
    ]
    return tokens[: starts[0]] if starts else tokens, chapters


def read_chapter(page: Page, chapter: Chapter, teaser_words: int | None) -> Story | Section:
    """
    Return the story or the section that a chapter is.

    Raises:
        ContentError: a heading without words, or a fold where nothing can be cut.
    """
    children = chapter.heading.children or [] if chapter.heading else []
    link, heading = _unlink(children)
    title = plain_text(heading)
    place = Place(page.path, chapter.line)
    if not title:
        msg = "a heading without words"
        raise ContentError(msg, hint="Write the title behind ##, or delete the line.", place=place)
    fold = cut_at_fold(chapter.body, page.path)
    if link is None and fold is None:
        return Section(title=title, heading=page.prose(heading), body=page.prose(chapter.body), place=place)
    cut = fold or (cut_after_words(chapter.body, teaser_words) if teaser_words else (chapter.body, []))
    return make_story(page, title=title, heading=heading, link=link, cut=cut, place=place)


def make_story(
    page: Page, *, title: str, heading: Tokens, link: str | None, cut: tuple[Tokens, Tokens], place: Place
) -> Story:
    """Return a story, its picture taken out of its teaser and its minutes counted where its whole is known."""
    teaser, rest = cut
    picture, teaser = _take_picture(teaser, page.file)
    words = count_words([*teaser, *rest])
    return Story(
        title=title,
        heading=page.prose(heading),
        teaser=page.prose(teaser),
        rest=page.prose(rest),
        link=link,
        slug=slugify(MARKER.sub("", title)),
        picture=picture,
        author=None,
        minutes=max(1, round(words / WORDS_A_MINUTE)) if rest else None,
        read_more=None,
        place=place,
    )


def _unlink(children: Tokens) -> tuple[str | None, Tokens]:
    """Return the link that a whole heading is, and the heading without it."""
    inner = [child for child in children if child.type != "text" or child.content.strip()]
    if len(inner) < _HEADING_TOKENS or inner[0].type != "link_open" or inner[-1].type != "link_close":
        return None, children
    if any(child.type == "link_close" for child in inner[:-1]):
        return None, children
    return str(inner[0].attrs["href"]), inner[1:-1]


def _take_picture(teaser: Tokens, file: Path) -> tuple[Picture | None, Tokens]:
    """Take the image out of a first paragraph that holds nothing else."""
    if len(teaser) < _HEADING_TOKENS or teaser[0].type != "paragraph_open":
        return None, teaser
    inner = [child for child in teaser[1].children or [] if child.type != "text" or child.content.strip()]
    if len(inner) != 1 or inner[0].type != "image":
        return None, teaser
    image = inner[0]
    picture = Picture(
        src=str(image.attrs["src"]), alt=plain_text(image.children or []), path=file, line=(teaser[0].map or [0])[0] + 1
    )
    return picture, teaser[_HEADING_TOKENS:]
