"""
Where a story is cut: at its fold, or after so many words.

A cut falls between blocks, or within a paragraph where no link, emphasis, code or raw HTML is open, so
what stands above it is whole by itself.
"""

from __future__ import annotations

import re
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, TypeAlias

from markdown_it.token import Token

from digest.errors import ContentError, Place
from digest.reading.markdown import FOLD, every, is_space, plain_text, said
from digest.reading.raw_html import RAW_HTML, line_of, nesting

if TYPE_CHECKING:
    from collections.abc import Iterator

Tokens: TypeAlias = "list[Token]"

WORDS_A_MINUTE = 220
# In scripts without spaces each sign counts as a word, as Word and Pages count them, punctuation behind it included.
_SIGN = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_SIGN}][^\w\s]*|[^\s{_SIGN}]+")
_STOP = re.compile(r"""(?P<stop>[.!?…]+)["'”’»)\]]*(?=\s+(?P<next>\S)|\s*$)|[。！？]+[」』）”]*""")
# A letter (J. Smith, z. B.), a small number (am 3. Mai), or one of these words.
_ABBREVIATION = re.compile(
    r"\b(?:[^\W\d_]|\d{1,2}|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|cf|approx|resp|No|Nr|bzw|ca|usw|evtl|vgl)\.$"
)
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_LOOSE = {"heading_close": 3, "hr": 1}
"""What does not end a teaser, by its last token and how many it has."""


def count_words(tokens: Tokens) -> int:
    """Return how many words a reader reads; a field is one, and so is a sign of a script without spaces."""
    return words_in(plain_text(tokens))


def words_in(text: str) -> int:
    """Return how many words a plain text has; a sign of a script without spaces is one."""
    return len(_WORD.findall(text))


def is_fold(token: Token) -> bool:
    """Say whether a token is the mark that cuts a story."""
    return token.type in RAW_HTML and FOLD.fullmatch(token.content) is not None


def faults_of_folds(tokens: Tokens, path: str) -> Iterator[ContentError]:
    """Return the folds where nothing can be cut."""
    for token in every(tokens):
        if is_fold(token) and (token.type == "html_inline" or token.level):
            msg = "the fold stands inside a list, a quote or a paragraph, where nothing can be cut"
            hint = "Put <!-- more --> on a line of its own that begins at the margin, between two blank lines."
            yield ContentError(msg, hint=hint, place=Place(path, line_of(token)))


def cut_at_fold(tokens: Tokens, path: str) -> tuple[Tokens, Tokens] | None:
    """
    Return what stands above and below the fold, None without one.

    Raises:
        ContentError: a second fold.
    """
    folds = [at for at, token in enumerate(tokens) if is_fold(token)]
    if len(folds) > 1:
        msg = "a second fold in one story"
        raise ContentError(msg, hint="Keep one <!-- more -->.", place=Place(path, line_of(tokens[folds[1]])))
    return (tokens[: folds[0]], tokens[folds[0] + 1 :]) if folds else None


def cut_after_words(tokens: Tokens, most: int) -> tuple[Tokens, Tokens]:
    """
    Return a beginning of at most `most` words, and the rest.

    Whole blocks come first, then whole sentences of the paragraph that follows; only where not even one
    sentence fits, words and an ellipsis.
    """
    kept: Tokens = []
    room, has_text = most, False
    blocks = list(_blocks(tokens))
    for at, block in enumerate(blocks):
        words = count_words(block)
        if words > room:
            head, tail = _cut_block(block, room, must=not has_text)
            rest = [*tail, *(token for later in blocks[at + 1 :] for token in later)]
            return _without_loose_end([*kept, *head], rest)
        kept += block
        room -= words
        has_text = has_text or (words > 0 and block[0].type != "heading_open")
    return kept, []


def _blocks(tokens: Tokens) -> Iterator[Tokens]:
    """Return each block with all that is in it; one of raw HTML may reach over several of Markdown's."""
    block: Tokens = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += nesting(token)
        if not depth:
            yield block
            block = []
    if block:
        yield block


def _cut_block(block: Tokens, room: int, *, must: bool) -> tuple[Tokens, Tokens]:
    cut = _cut_inline(block[1].children or [], room, must=must) if block[0].type == "paragraph_open" else None
    if cut is None:
        return [], block
    opening, inline, closing = block
    head, tail = ([opening, _inline_like(inline, part), closing] for part in cut)
    return head, tail


def _inline_like(inline: Token, children: Tokens) -> Token:
    return inline.copy(children=children, content="".join(child.content for child in children))


def _cut_inline(children: Tokens, room: int, *, must: bool) -> tuple[Tokens, Tokens] | None:
    """Cut after the last sentence that fits; where `must` be and none does, after the last word."""
    text = "".join(map(said, children))
    words, sentences = ends_within(text, room)
    cut = _last_cut(children, sentences)
    if cut is None and must:
        cut = _last_cut(children, words)
        return ([*cut[0], Token("text", "", 0, content=_ELLIPSIS)], cut[1]) if cut else None
    return cut


def ends_within(text: str, room: int) -> tuple[list[int], list[int]]:
    """Return where each of the first `room` words of a text ends, and where sentences do up to there."""
    words = [match.end() for match in islice(_WORD.finditer(text), room)]
    return words, [end for end in sentence_ends(text) if words and end <= words[-1]]


def sentence_ends(text: str) -> Iterator[int]:
    """Return where the sentences of a text end, in its characters."""
    for match in _STOP.finditer(text):
        stop = match.end("stop")
        goes_on = (match["next"] or "").islower() or _ABBREVIATION.search(text, max(stop - 12, 0), stop)
        if match["stop"] is None or not goes_on:
            yield match.end()


def _last_cut(children: Tokens, ends: list[int]) -> tuple[Tokens, Tokens] | None:
    """Cut at the last of these places in the text where nothing is open."""
    return next(filter(None, (_cut_at(children, end) for end in reversed(ends))), None)


def _cut_at(children: Tokens, place: int) -> tuple[Tokens, Tokens] | None:
    depth = end = 0
    for at, child in enumerate(children):
        depth += nesting(child)
        start, end = end, end + len(said(child))
        if end == place:
            return _cut_behind(children, at, depth)
        if end > place:
            return _cut_text(children, at, place - start) if child.type == "text" and not depth else None
    return None


def _cut_behind(children: Tokens, at: int, depth: int) -> tuple[Tokens, Tokens] | None:
    """Cut behind a child and what belongs to its last word: closing marks, and the number of a footnote."""
    following = at + 1
    while following < len(children) and not said(children[following]) and nesting(children[following]) <= 0:
        depth += nesting(children[following])
        following += 1
    return None if depth else (children[:following], _without_leading_space(children[following:]))


def _cut_text(children: Tokens, at: int, place: int) -> tuple[Tokens, Tokens]:
    child = children[at]
    head, tail = (child.copy(content=part) for part in (child.content[:place], child.content[place:]))
    return [*children[:at], head], _without_leading_space([tail, *children[at + 1 :]])


def _without_leading_space(children: Tokens) -> Tokens:
    kept = list(dropwhile(is_space, children))
    if kept and kept[0].type == "text":
        kept[0] = kept[0].copy(content=kept[0].content.lstrip())
    return kept


def _without_loose_end(kept: Tokens, rest: Tokens) -> tuple[Tokens, Tokens]:
    """Move headings and rules with nothing below them to the rest."""
    end = len(kept)
    while end and kept[end - 1].type in _LOOSE:
        end -= _LOOSE[kept[end - 1].type]
    return kept[:end], [*kept[end:], *rest]
