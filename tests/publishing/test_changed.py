"""Which issues a branch changes."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pytest
from ci_runner import git

from digest.config import load_settings
from digest.errors import UsageError
from digest.publishing.changed import changed_issues, changed_since
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from conftest import Run

ISSUES = [Path("/letter/issues/2026-11-24-lamps.md"), Path("/letter/issues/2026-12-01-snow")]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([], []),
        (["issues/2026-11-24-lamps.md"], ["2026-11-24-lamps.md"]),
        (["issues/2026-12-01-snow/10-lead.md", "issues/2026-12-01-snow/cover.png"], ["2026-12-01-snow"]),
        (["issues/2026-12-01-snow/index.md", "issues/2026-11-24-lamps.md"], ["2026-11-24-lamps.md", "2026-12-01-snow"]),
        (["digest.toml"], ["2026-12-01-snow"]),
        (["templates/parts/story.mjml", "issues/2026-11-24-lamps.md"], ["2026-11-24-lamps.md", "2026-12-01-snow"]),
        (["issues/lamp.png"], ["2026-12-01-snow"]),
    ],
)
def test_files_and_their_issues(files: list[str], names: list[str]) -> None:
    """A file belongs to the issue that it lies in; for what issues share, the newest stands for all."""
    assert [path.name for path in changed_issues(ISSUES, map(PurePath, files))] == names


def test_newsletter_without_issues() -> None:
    """None changes."""
    assert changed_issues([], [PurePath("digest.toml")]) == []


@pytest.fixture
def cloned(letter: Path) -> Newsroom:
    """Return a newsletter under git, on a branch that changes one issue with a name of many signs."""
    git(letter, "init", "--quiet")
    git(letter, "add", "--all")
    git(letter, "commit", "--quiet", "--message", "Begin")
    git(letter, "checkout", "--quiet", "-b", "change")
    (letter / "issues" / "2026-12-01-schnée ❄ \n.md").write_text("Snow.\n", encoding="utf-8")
    git(letter, "add", "--all")
    git(letter, "commit", "--quiet", "--message", "Snow")
    return Newsroom(settings=load_settings(letter, {}))


def test_what_the_branch_changes(cloned: Newsroom, letter: Path) -> None:
    """It is told since the branch began, whatever became of main, and with what is not committed yet."""
    git(letter, "checkout", "--quiet", "main")
    (letter / "digest.toml").write_text((letter / "digest.toml").read_text("utf-8") + "\n", encoding="utf-8")
    git(letter, "commit", "--quiet", "--all", "--message", "Main goes on")
    git(letter, "checkout", "--quiet", "change")
    assert [path.name for path in changed_since(cloned, "main")] == ["2026-12-01-schnée ❄ \n.md"]
    (letter / "issues" / "2026-11-24-hello.md").write_text("Hello.\n", encoding="utf-8")
    assert len(changed_since(cloned, "main")) == 2


@pytest.mark.parametrize("commit", ["nowhere", "--output=stolen", "HEAD:digest.toml"])
def test_no_such_commit(cloned: Newsroom, letter: Path, commit: str) -> None:
    """It is said, and no word is taken for an option of git."""
    with pytest.raises(UsageError, match="git cannot say what has changed since") as caught:
        changed_since(cloned, commit)
    assert "git fetch" in caught.value.hint
    assert not (letter / "stolen").exists()


def test_names_and_changes_together(cloned: Newsroom, run: Run) -> None:
    """The commands take either, and say so; where nothing has changed, they are done."""
    del cloned
    for command in ("check", "build", "shots"):
        result = run(command, "2026-11-24-hello", "--changed-since", "main")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 2)
        assert "no issue has changed" in run(command, "--changed-since", "HEAD").stdout
