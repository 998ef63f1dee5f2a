"""A story without its fold reads as if it had never been cut."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from digest.archive.unfolding import raised, unfold
from digest.model import Story
from digest.reading import IssueReader
from digest.reading.markdown import plain_text

if TYPE_CHECKING:
    from pathlib import Path


def _story(folder: Path, body: str, teaser_words: int | None = None) -> Story:
    file = folder / "2026-11-10-oil.md"
    file.write_text(f"## [A story](https://x.example.org)\n\n{body}\n", encoding="utf-8")
    reader = IssueReader(root=folder, fields={}, timezone=ZoneInfo("UTC"), teaser_words=teaser_words)
    (story,) = reader.read(file).parts
    assert isinstance(story, Story)
    return story


WHOLE = """One two three. Four *five* six. Seven eight.[^n]

- a
- b

Nine ten.[^m]

[^n]: First note.

[^m]: Second."""


@pytest.mark.parametrize("words", range(1, 14))
def test_it_is_what_it_was(tmp_path: Path, words: int) -> None:
    """Wherever it is cut, its paragraphs are whole again, its notes come once and last, in their order."""
    uncut = _story(tmp_path, WHOLE).teaser
    again = unfold(_story(tmp_path, WHOLE, words))
    assert not again.rest
    kinds = [token.type for token in again.teaser.tokens]
    assert kinds == [token.type for token in uncut.tokens]
    assert plain_text(list(again.teaser.tokens)) == plain_text(list(uncut.tokens))


def test_at_a_fold(tmp_path: Path) -> None:
    """A fold between blocks leaves no trace, and a note that is called on both sides comes once."""
    story = _story(tmp_path, "One.[^n]\n\n<!-- more -->\n\nTwo.[^n]\n\n[^n]: Note.")
    assert plain_text(list(unfold(story).teaser.tokens)).split() == ["One.", "Two.", "Note."]


def test_what_was_not_cut(tmp_path: Path) -> None:
    """A story that is whole stays as it is."""
    story = _story(tmp_path, "One.")
    assert unfold(story) is story


def test_headings_on_a_page_of_its_own(tmp_path: Path) -> None:
    """Below a title of level 1 headings begin at level 2."""
    story = raised(_story(tmp_path, "### Below\n\n#### Deeper"))
    assert [token.tag for token in story.teaser.tokens if token.type == "heading_open"] == ["h2", "h3"]
