"""The parts of an issue: a page of Markdown cut at its level-2 headings, into stories and sections."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it.token import Token

from digest.errors import ContentError, Place, raise_all
from digest.links import slugify
from digest.model import MARKER, Picture, Prose, Section, Story
from digest.reading.cutting import WORDS_A_MINUTE, count_words, cut_after_words, cut_at_fold, faults_of_folds
from digest.reading.markdown import every, is_space, parse, plain_text
from digest.reading.raw_html import faults_of_html, line_of
from digest.reading.values import web_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from digest.reading.cutting import Tokens
    from digest.reading.source import Source

_HEADING_TOKENS = 3  # open, inline, close


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The Markdown of one file, its footnotes taken apart so that each part can carry its own."""

    path: str
    """As messages show it."""
    file: Path
    tokens: Tokens
    notes: dict[int, Tokens]

    def prose(self, tokens: Sequence[Token]) -> Prose:
        """
        Return `tokens` as prose, with the footnotes that they refer to behind them.

        Raises:
            ContentError: raw HTML that is not whole by itself.
        """
        bodies = [token for number in self._called(tokens) for token in self.notes[number]]
        block = [_footnote_block(1), *bodies, _footnote_block(-1)] if bodies else []
        raise_all([*faults_of_html([*tokens, *block], self.path)])
        return Prose(tokens=(*tokens, *block), path=self.file)

    def _called(self, tokens: Sequence[Token]) -> list[int]:
        """Return the footnotes that are referred to, be it by another footnote, in their order."""
        numbers = _calls(tokens)
        for number in numbers:
            numbers += [further for further in _calls(self.notes[number]) if further not in numbers]
        return numbers


def read_page(source: Source) -> Page:
    """
    Parse the Markdown of a file.

    Raises:
        ContentError: a field, a fold or a heading that cannot be as it is; all of them at once.
    """
    tokens = parse(source.body, source.fields, source.path)
    raise_all([*faults_of_folds(tokens, source.path), *_faults_of_headings(tokens, source.path)])
    end = next((at for at, token in enumerate(tokens) if token.type == "footnote_block_open"), len(tokens))
    notes = dict(_notes(tokens[end + 1 : -1]))
    return Page(path=source.path, file=source.file, tokens=tokens[:end], notes=notes)


def _notes(tokens: Tokens) -> Iterator[tuple[int, Tokens]]:
    start = 0
    for at, token in enumerate(tokens):
        if token.type == "footnote_close":
            yield tokens[start].meta["id"], tokens[start : at + 1]
            start = at + 1


def _calls(tokens: Sequence[Token]) -> list[int]:
    return list(dict.fromkeys(token.meta["id"] for token in every(tokens) if token.type == "footnote_ref"))


def _footnote_block(nesting: int) -> Token:
    name = {1: "footnote_block_open", -1: "footnote_block_close"}[nesting]
    return Token(name, "", nesting, block=True)  # type: ignore[arg-type]  # 1 and -1 are what it takes


def _faults_of_headings(tokens: Tokens, path: str) -> Iterator[ContentError]:
    for at, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        place, inline = Place(path, line_of(token)), tokens[at + 1]
        if token.tag == "h1" and at:
            msg = "a heading of level 1 (#) stands below the beginning of the file, which has one title"
            yield ContentError(msg, hint="Write ## instead.", place=place)
        if not plain_text([inline]):
            msg = "a heading without words"
            yield ContentError(msg, hint=f"Write the title behind {token.markup}, or delete the line.", place=place)
        if token.tag in {"h1", "h2"} and any(child.type == "footnote_ref" for child in every([inline])):
            msg = "a footnote in a title, which is also shown where no footnotes are"
            yield ContentError(msg, hint="Put it behind a word of the text below.", place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A heading with what stands below it."""

    heading: Token
    """The token that holds its words."""
    body: Tokens


def take_title(page: Page) -> tuple[Token | None, Tokens]:
    """Return the level-1 heading at the head of a page, and what follows it."""
    if page.tokens and page.tokens[0].tag == "h1":
        return page.tokens[1], page.tokens[_HEADING_TOKENS:]
    return None, page.tokens


def split_chapters(tokens: Tokens) -> tuple[Tokens, list[Chapter]]:
    """Return what stands before the first level-2 heading, and a chapter for each such heading."""
    starts = [
        at for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2" and not token.level
    ]
    chapters = [
        Chapter(heading=tokens[start + 1], body=tokens[start + _HEADING_TOKENS : end])
        for start, end in pairwise([*starts, len(tokens)])
    ]
    return tokens[: starts[0]] if starts else tokens, chapters


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What a heading says, and where it leads."""

    title: str
    words: Tokens
    link: str | None
    place: Place


def read_headline(heading: Token, path: str) -> Headline:
    """
    Read a heading, which may be a link as a whole.

    Raises:
        ContentError: it leads nowhere that mail can lead to.
    """
    place = Place(path, line_of(heading))
    href, words = _unlink(heading.children or [])
    try:
        link = web_address(href) if href is not None else None
    except ValueError as error:
        msg = f"the link of the story: {error}"
        raise ContentError(msg, hint="A story leads to a page on the web.", place=place) from error
    return Headline(title=plain_text(words), words=words, link=link, place=place)


def _unlink(children: Tokens) -> tuple[str | None, Tokens]:
    """Return the link that a whole heading is, and the heading without it."""
    inner = _without_space_around(children)
    if len(inner) < _HEADING_TOKENS or inner[0].type != "link_open" or inner[-1].type != "link_close":
        return None, children
    if any(child.type == "link_close" for child in inner[:-1]):
        return None, children
    return str(inner[0].attrs["href"]), inner[1:-1]


def _without_space_around(children: Tokens) -> Tokens:
    ends = [at for at, child in enumerate(children) if not is_space(child)]
    return children[ends[0] : ends[-1] + 1] if ends else []


def read_chapter(page: Page, chapter: Chapter, teaser_words: int | None) -> Story | Section:
    """
    Return the story or the section that a chapter is.

    Raises:
        ContentError: a second fold, a link that leads nowhere, raw HTML that is not whole.
    """
    headline = read_headline(chapter.heading, page.path)
    if headline.link is None and cut_at_fold(chapter.body, page.path) is None:
        heading, body = page.prose(headline.words), page.prose(chapter.body)
        return Section(title=headline.title, heading=heading, body=body, place=headline.place)
    return make_story(page, headline, chapter.body, teaser_words)


def make_story(page: Page, headline: Headline, body: Tokens, teaser_words: int | None) -> Story:
    """
    Return a story, cut, its picture taken out of its teaser and its minutes counted where its whole is known.

    Raises:
        ContentError: a second fold, raw HTML that is not whole.
    """
    picture, text = _take_picture(body, page.file)
    teaser, rest = cut_at_fold(text, page.path) or (cut_after_words(text, teaser_words) if teaser_words else (text, []))
    return Story(
        title=headline.title,
        heading=page.prose(headline.words),
        teaser=page.prose(teaser),
        rest=page.prose(rest),
        link=headline.link,
        slug=slugify(MARKER.sub("", headline.title)),
        picture=picture,
        author=None,
        minutes=max(1, round(count_words(text) / WORDS_A_MINUTE)) if rest else None,
        read_more=None,
        place=headline.place,
    )


def _take_picture(body: Tokens, file: Path) -> tuple[Picture | None, Tokens]:
    """Take the image out of a first paragraph that holds nothing else."""
    inner = _without_space_around(body[1].children or []) if body and body[0].type == "paragraph_open" else []
    if len(inner) != 1 or inner[0].type != "image":
        return None, body
    image = inner[0]
    alt, line = plain_text(image.children or []), image.meta["line"]
    return Picture(src=str(image.attrs["src"]), alt=alt, path=file, line=line), body[_HEADING_TOKENS:]
