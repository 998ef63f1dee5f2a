"""A newsletter's folder: which issues lie in it, and by what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import UsageError
from digest.publishing.issues import FAULTS
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def newsroom(letter: Path) -> Newsroom:
    """Return the newsroom of a newsletter with one issue."""
    return Newsroom(settings=load_settings(letter, {}))


def write(letter: Path, name: str, text: str = "Some words.\n") -> Path:
    """Write an issue."""
    path = letter / "issues" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_and_folders_are_issues(newsroom: Newsroom, letter: Path) -> None:
    """A Markdown file is one, and so is a folder with an index; nothing else is."""
    write(letter, "2026-12-01-first-snow/index.md")
    write(letter, "2026-12-01-first-snow/10-lead.md")
    write(letter, "stairs.png")
    write(letter, "empty/notes.txt")
    assert [path.name for path in newsroom.paths()] == ["2026-11-24-hello.md", "2026-12-01-first-snow"]


def test_newsletter_without_issues(newsroom: Newsroom, letter: Path) -> None:
    """A folder that is not there holds no issues."""
    (letter / "issues" / "2026-11-24-hello.md").unlink()
    (letter / "issues").rmdir()
    assert newsroom.paths() == []


@pytest.mark.parametrize(
    "name",
    [
        "issues/2026-12-01-first-snow",
        "issues/2026-12-01-first-snow/index.md",
        "2026-12-01-first-snow",
        "./issues/../issues/2026-12-01-first-snow/",
    ],
)
def test_names_of_an_issue(newsroom: Newsroom, letter: Path, name: str) -> None:
    """An issue is called by its slug, or by any path to it."""
    write(letter, "2026-12-01-first-snow/index.md")
    assert newsroom.find(name) == letter / "issues" / "2026-12-01-first-snow"


def test_slug_of_its_own(newsroom: Newsroom, letter: Path) -> None:
    """An issue that names its slug is found by it, and by its file's name."""
    path = write(letter, "2026-12-01-draft.md", "---\nslug: First Snow\n---\nSome words.\n")
    assert newsroom.find("first-snow") == newsroom.find("2026-12-01-draft") == path


def test_slug_that_is_the_name_of_another_file(newsroom: Newsroom, letter: Path) -> None:
    """What goes by a slug is the issue that has it, lest a draft leaves because its file is called so."""
    path = write(letter, "older.md", "---\nslug: younger\n---\nSome words.\n")
    write(letter, "younger.md", "---\nslug: youngest\n---\nSome words.\n")
    assert newsroom.find("younger") == path


@pytest.mark.parametrize("name", ["2026-11-24-helo", "issues/2026-11-24-hello", "digest.toml", "issues", "."])
def test_name_of_no_issue(newsroom: Newsroom, name: str) -> None:
    """Whatever else is named is no issue, even where it is a file; a near miss is suggested."""
    with pytest.raises(UsageError, match="there is no issue") as caught:
        newsroom.find(name)
    assert "2026-11-24-hello" in caught.value.hint


def test_two_issues_of_one_slug(newsroom: Newsroom, letter: Path) -> None:
    """They would count as sent together, so they are refused."""
    write(letter, "2026-12-01-first-snow.md")
    write(letter, "2026-12-01-first-snow/index.md")
    with pytest.raises(UsageError, match="both called"):
        newsroom.by_slug()
    with pytest.raises(UsageError, match="both called"):
        newsroom.find("2026-12-01-first-snow")


def test_issue_that_cannot_be_read(newsroom: Newsroom, letter: Path) -> None:
    """It keeps the slug of its file's name, so that the others can be told apart from it."""
    path = write(letter, "2026-12-01 First Snow.md", "---\nsubjct: x\n---\n")
    assert newsroom.slug_of(path) == "2026-12-01-first-snow"
    with pytest.raises(FAULTS):
        newsroom.read(path)
