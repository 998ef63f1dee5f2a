"""
Where a story is cut: at its fold, or after so many words.

A cut falls between blocks, or within a paragraph where no link, emphasis or code is open, so what
stands above it is whole by itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from markdown_it.token import Token

from digest.errors import ContentError, Place
from digest.reading.markdown import FOLD, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

Tokens: TypeAlias = "list[Token]"

WORDS_A_MINUTE = 220
# Scripts without spaces: each sign counts as a word, as Word and Pages count them.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[^a-z\s]|\s*$)|[。！？][」』）]*")
_ABBREVIATION = re.compile(r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|cf|approx|No|Nr|bzw|ca|usw))\.$")


def count_words(tokens: Tokens) -> int:
    """Return how many words a reader reads; a sign of a script without spaces counts as one."""
    return len(_WORD.findall(plain_text(tokens)))


def cut_at_fold(tokens: Tokens, path: str) -> tuple[Tokens, Tokens] | None:
    """
    Return what stands above and below the fold, None without one.

    Raises:
        ContentError: a fold inside a list, a quote or a paragraph, or a second one.
    """
    folds = [index for index, token in enumerate(tokens) if _is_fold(token)]
    for token in tokens:
        inside = token if _is_fold(token) and token.level else next(filter(_is_fold, token.children or ()), None)
        if inside:
            msg = "the fold stands inside a list, a quote or a paragraph, where nothing can be cut"
            hint = "Put <!-- more --> on a line of its own that begins at the margin, between two blank lines."
            raise ContentError(msg, hint=hint, place=Place(path, _line(token)))
    if len(folds) > 1:
        msg = "a second fold in one story"
        raise ContentError(msg, hint="Keep one <!-- more -->.", place=Place(path, _line(tokens[folds[1]])))
    return (tokens[: folds[0]], tokens[folds[0] + 1 :]) if folds else None


def _is_fold(token: Token) -> bool:
    return token.type in {"html_block", "html_inline"} and FOLD.fullmatch(token.content) is not None


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0


def cut_after_words(tokens: Tokens, most: int) -> tuple[Tokens, Tokens]:
    """
    Return a beginning of at most `most` words, and the rest.

    Whole blocks come first, then whole sentences of the paragraph that follows; only where not even one
    sentence fits, words and an ellipsis.
    """
    room = most
    kept: Tokens = []
    blocks = list(_blocks(tokens))
    for index, block in enumerate(blocks):
        words = count_words(block)
        if words > room:
            head, tail = _cut_block(block, room, must=not count_words(kept))
            rest = [*tail, *(token for later in blocks[index + 1 :] for token in later)]
            return _without_last_headings([*kept, *head], rest)
        kept += block
        room -= words
    return kept, []


def _blocks(tokens: Tokens) -> Iterator[Tokens]:
    block: Tokens = []
    for token in tokens:
        block.append(token)
        if not token.level and token.nesting <= 0:
            yield block
            block = []


def _cut_block(block: Tokens, room: int, *, must: bool) -> tuple[Tokens, Tokens]:
    if block[0].type != "paragraph_open":
        return [], block
    opening, inline, closing = block
    cut = _cut_inline(inline.children or [], room, must=must)
    if cut is None:
        return [], block
    return tuple([opening, _inline_like(inline, part), closing] for part in cut)  # type: ignore[return-value]  # cut is a pair


def _inline_like(inline: Token, children: Tokens) -> Token:
    return inline.copy(children=children, content="".join(child.content for child in children))


def _cut_inline(children: Tokens, room: int, *, must: bool) -> tuple[Tokens, Tokens] | None:
    """Cut after the last sentence that fits; where `must` be and none does, after the last word."""
    by_sentence = by_word = None
    whole = plain_text(children)
    for index, position in _places(children):
        head = _head(children, index, position)
        if count_words(head) > room:
            break
        by_word = (index, position)
        if _ends_sentence(whole, len(plain_text(head))):
            by_sentence = (index, position)
    if by_sentence:
        return _head(children, *by_sentence), _tail(children, *by_sentence)
    if by_word and must:
        return [*_head(children, *by_word), Token("text", "", 0, content="\N{HORIZONTAL ELLIPSIS}")], _tail(
            children, *by_word
        )
    return None


def _places(children: Tokens) -> Iterator[tuple[int, int]]:
    """Return where a cut may fall, as (child, position in its text): behind words, with nothing open."""
    depth = 0
    for index, child in enumerate(children):
        depth += child.nesting
        if not depth and child.type == "text":
            yield from ((index, match.end()) for match in _WORD.finditer(child.content))
        elif not depth and child.nesting < 0:
            yield index, 0


def _head(children: Tokens, index: int, position: int) -> Tokens:
    child = children[index]
    return [*children[:index], child.copy(content=child.content[:position])]


def _tail(children: Tokens, index: int, position: int) -> Tokens:
    child = children[index]
    if child.type != "text":
        return children[index + 1 :]
    return [child.copy(content=child.content[position:].lstrip()), *children[index + 1 :]]


def _ends_sentence(text: str, position: int) -> bool:
    ends = any(match.end() == position for match in _SENTENCE_END.finditer(text))
    return ends and not _ABBREVIATION.search(text[:position])


def _without_last_headings(kept: Tokens, rest: Tokens) -> tuple[Tokens, Tokens]:
    """Move headings with nothing below them to the rest."""
    end = len(kept)
    while end and kept[end - 1].type == "heading_close":
        end -= 3
    return kept[:end], [*kept[end:], *rest]
