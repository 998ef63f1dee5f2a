"""How a newsletter and an issue begin."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import UsageError
from digest.publishing.newsroom import Newsroom
from digest.publishing.starting import start_issue, start_newsletter

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 24)


def test_newsletter_begins_with_five_files(tmp_path: Path) -> None:
    """They are told, and what digest makes on this machine stays out of git."""
    files = start_newsletter(tmp_path, TODAY)
    assert {file.relative_to(tmp_path).as_posix() for file in files} == {
        ".env",
        ".gitignore",
        "digest.toml",
        "issues/2026-11-24-hello.md",
        "subscribers.csv",
    }
    assert ".digest/" in (tmp_path / ".gitignore").read_text("utf-8")


def test_each_newsletter_has_a_key_of_its_own(tmp_path: Path) -> None:
    """Only its owner reads the file; what stood in it stays, and a key that is there already is never replaced."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".env").write_text("RESEND_API_KEY=invented\n", encoding="utf-8")
    for name in ("a", "b"):
        start_newsletter(tmp_path / name, TODAY)
    first, second = ((tmp_path / name / ".env").read_text("utf-8") for name in ("a", "b"))
    assert (tmp_path / "a" / ".env").stat().st_mode & 0o777 == 0o600
    assert second.startswith("RESEND_API_KEY=invented\n")
    assert first.splitlines()[-1] != second.splitlines()[-1]
    (tmp_path / "b" / "digest.toml").unlink()
    (tmp_path / "b" / "subscribers.csv").unlink()
    start_newsletter(tmp_path / "b", date(2030, 1, 1))
    assert (tmp_path / "b" / ".env").read_text("utf-8") == second


def test_repository_that_is_there_already(tmp_path: Path) -> None:
    """Its own rules of what git ignores are kept, and ours are added."""
    (tmp_path / "README.md").write_text("Mine\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("*.log", encoding="utf-8")
    start_newsletter(tmp_path, TODAY)
    lines = (tmp_path / ".gitignore").read_text("utf-8").splitlines()
    assert lines[0] == "*.log"
    assert {".digest/", ".env"} <= set(lines)


@pytest.mark.parametrize("name", ["digest.toml", "subscribers.csv", "issues/2026-11-24-hello.md"])
def test_nothing_is_written_over(tmp_path: Path, name: str) -> None:
    """A file that is there already stops it before anything is written."""
    (tmp_path / "issues").mkdir()
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already"):
        start_newsletter(tmp_path, TODAY)
    assert (tmp_path / name).read_text("utf-8") == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Past the plateau", "2026-11-24-past-the-plateau.md"),
        ('Say "no": a how-to', "2026-11-24-say-no-a-how-to.md"),
        ("It's 100% $free, or ${not}", "2026-11-24-its-100-free-or-not.md"),
        ("../../etc/passwd", "2026-11-24-etc-passwd.md"),
        ("Snow ❄️ & frost", "2026-11-24-snow-frost.md"),
        ("初雪", "2026-11-24-初雪.md"),
        ("- [ ] # --- > |", None),
        ("yes", "2026-11-24-yes.md"),
        ("back\\slash", "2026-11-24-back-slash.md"),
    ],
)
def test_any_title_begins_an_issue(letter: Path, title: str, name: str | None) -> None:
    """The file is named by the day and the title's words, and its subject is the title, sign by sign."""
    file = start_issue(letter, title, TODAY)
    assert file.parent == letter / "issues"
    assert name in (None, file.name)
    issue = Newsroom(settings=load_settings(letter, {})).read(file)
    assert (issue.subject, issue.number, issue.ready) == (title, 2, False)


def test_title_of_nothing(letter: Path) -> None:
    """An issue needs a title that can be read."""
    with pytest.raises(UsageError, match="title"):
        start_issue(letter, "  ", TODAY)


def test_issues_are_numbered_on(letter: Path) -> None:
    """The next number is one more than the highest, wherever that stands, and 1 in an empty newsletter."""
    folder = letter / "issues" / "2026-12-01-first-snow"
    folder.mkdir()
    (folder / "index.md").write_text("---\nnumber: 41\n---\nSome words.\n", encoding="utf-8")
    assert "number: 42\n" in start_issue(letter, "Next", TODAY).read_text("utf-8")
    assert "number: 1\n" in start_issue(letter / "elsewhere", "First", TODAY).read_text("utf-8")


def test_title_of_an_issue_that_is_there(letter: Path) -> None:
    """It is not written over."""
    start_issue(letter, "Past the plateau", TODAY)
    with pytest.raises(UsageError, match="is there already"):
        start_issue(letter, "past the plateau!", TODAY)
