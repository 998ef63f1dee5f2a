"""Stories without their fold: on the web, what has no page elsewhere is shown whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from markdown_it.token import Token

from digest.model import Prose, Story

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.model import Issue


def unfolded(issue: Issue) -> Issue:
    """Return an issue whose stories are whole, but for those that lead to a page elsewhere."""
    parts = (unfold(part) if isinstance(part, Story) and not part.link else part for part in issue.parts)
    return replace(issue, parts=tuple(parts))


def unfold(story: Story) -> Story:
    """Return a story whose teaser is the whole of it."""
    if not story.rest:
        return story
    (above, notes_above), (below, notes_below) = map(_notes_apart, (story.teaser.tokens, story.rest.tokens))
    notes = {token.meta["id"]: note for note in (*notes_above, *notes_below) for token in note[:1]}
    block = [_block(1), *(token for number in sorted(notes) for token in notes[number]), _block(-1)] if notes else []
    whole = Prose(tokens=(*_joined(above, below), *block), path=story.teaser.path or story.rest.path)
    return replace(story, teaser=whole, rest=Prose())


def _joined(above: Sequence[Token], below: Sequence[Token]) -> list[Token]:
    """Return what stands above and below the fold, one paragraph again where the cut went through it."""
    # Both halves of such a paragraph begin with the same token: see `digest.reading.cutting`.
    if len(above) < len(_PARAGRAPH) or not below or above[-3] is not below[0] or above[-3].type != "paragraph_open":
        return [*above, *below]
    opening, head, _ = above[-3:]
    _, tail, *rest = below
    said = [child for child in head.children or () if child.content != _ELLIPSIS]
    between = Token("text", "", 0, content=" ")
    return [*above[:-3], opening, head.copy(children=[*said, between, *(tail.children or ())]), *rest]


_PARAGRAPH = ("paragraph_open", "inline", "paragraph_close")
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
"""What a teaser ends with that was cut within a sentence."""


def _notes_apart(tokens: Sequence[Token]) -> tuple[Sequence[Token], list[Sequence[Token]]]:
    """Return tokens without their footnotes, and the footnotes."""
    start = next((at for at, token in enumerate(tokens) if token.type == "footnote_block_open"), len(tokens))
    return tokens[:start], [*_notes(tokens[start + 1 : -1])]


def _notes(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for at, token in enumerate(tokens):
        if token.type == "footnote_close":
            yield tokens[start : at + 1]
            start = at + 1


def _block(nesting: int) -> Token:
    name = {1: "footnote_block_open", -1: "footnote_block_close"}[nesting]
    return Token(name, "", nesting, block=True)  # type: ignore[arg-type]  # 1 and -1 are what it takes


def raised(story: Story) -> Story:
    """Return a story for a page of its own, where its title is the first heading and those below are the second."""
    tokens = (_one_up(token) if token.type.startswith("heading_") else token for token in story.teaser.tokens)
    return replace(story, teaser=replace(story.teaser, tokens=tuple(tokens)))


def _one_up(heading: Token) -> Token:
    return heading.copy(tag=f"h{max(int(heading.tag[1:]) - 1, 2)}")
