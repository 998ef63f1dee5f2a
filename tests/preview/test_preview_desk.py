"""What lies on the desk after something was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import UsageError
from digest.preview.desk import Desk
from digest.preview.watching import folders_in
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

SLUG = "2026-11-24-hello"


@pytest.fixture
def desk(letter: Path) -> Desk:
    """Return the desk of the newsletter, its issue looked at."""
    desk = Desk(Newsroom(settings=load_settings(letter, {})), {})
    desk.sheet(SLUG)
    return desk


def _save(desk: Desk, path: Path, text: str) -> tuple[list[str], bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    news = desk.refresh([path])
    return [sheet.slug for sheet in news.changed], news.listed


def test_what_reads_the_same_is_no_news(desk: Desk, letter: Path) -> None:
    """A save that changes nothing that can be looked at keeps the revision."""
    file = letter / "issues" / f"{SLUG}.md"
    before = desk.sheet(SLUG)
    assert _save(desk, file, file.read_text("utf-8")) == ([], False)
    assert desk.sheet(SLUG).revision == before.revision
    assert _save(desk, letter / "notes.txt", "x") == ([], False)


def test_lines_that_move_are_news(desk: Desk, letter: Path) -> None:
    """Findings stand at lines, so an empty line above a text is a new revision of the same edition."""
    file = letter / "issues" / f"{SLUG}.md"
    file.write_text("# Hello\n\nText.\n", encoding="utf-8")
    desk.refresh([file])
    before = desk.sheet(SLUG)
    changed, _ = _save(desk, file, "\n# Hello\n\nText.\n")
    after = desk.sheet(SLUG)
    assert before.traced is not None
    assert after.traced is not None
    assert after.traced.edition == before.traced.edition
    assert changed == ([SLUG] if after.traced.html != before.traced.html else [])


def test_issues_that_nobody_looks_at_wait(desk: Desk, letter: Path) -> None:
    """They are read when the list is asked for, and rendered when they are; that the list changed is told."""
    other = letter / "issues" / "other.md"
    assert _save(desk, other, "# Other\n\nText.\n") == ([], True)
    assert _save(desk, other, "# Another\n\nText.\n") == ([], False)  # nobody has read the list meanwhile
    assert {sheet.slug for sheet in desk.sheets()} == {SLUG, "other"}
    assert _save(desk, other, "# Yet another\n\nText.\n") == ([], True)


def test_template_is_broken_and_mended(desk: Desk, letter: Path) -> None:
    """A template's fault stands over the last good view, and goes with the fault."""
    good = desk.sheet(SLUG)
    template = letter / "templates" / "email.txt"
    assert _save(desk, template, "{{ nonsense }}\n") == ([SLUG], True)
    broken = desk.sheet(SLUG)
    assert broken.faults[0].place is not None
    assert broken.faults[0].place.path == "templates/email.txt"
    assert broken.traced == good.traced
    assert _save(desk, template, "{{ unsubscribe_url }} other words\n") == ([SLUG], True)
    mended = desk.sheet(SLUG)
    assert mended.faults == ()
    assert mended.traced is not None
    assert "other words" in mended.traced.edition.text.marked


def test_settings_are_broken_and_mended(desk: Desk, letter: Path) -> None:
    """With faulty settings the last good newsletter stays; good ones are followed at once."""
    file = letter / "digest.toml"
    good = file.read_text("utf-8")
    assert _save(desk, file, good + "\n[nonsense]\n") == ([], True)
    assert [str(fault) for fault in desk.faults] == ["there is no section [nonsense]"]
    assert desk.sheet(SLUG).traced is not None
    assert _save(desk, file, good + '\n[theme]\naccent = "#123456"\n') == ([SLUG], True)
    assert desk.faults == ()
    traced = desk.sheet(SLUG).traced
    assert traced is not None
    assert "#123456" in traced.edition.html.marked


def test_missing_image_is_mended_by_saving_it(desk: Desk, letter: Path) -> None:
    """An image that comes beside the issue takes its fault away."""
    issue, image = letter / "issues" / f"{SLUG}.md", letter / "issues" / "dot.svg"
    _save(desk, issue, "# Hello\n\n![A dot](dot.svg)\n")
    assert "not there" in str(desk.sheet(SLUG).faults[0])
    assert _save(desk, image, '<svg xmlns="http://www.w3.org/2000/svg"/>') == ([SLUG], True)
    assert desk.sheet(SLUG).faults == ()


def test_issue_is_removed_and_comes_back_as_a_folder(desk: Desk, letter: Path) -> None:
    """Its slug is what it is known by, whatever it is on the disk."""
    file = letter / "issues" / f"{SLUG}.md"
    file.unlink()
    assert desk.refresh([file]).listed
    with pytest.raises(UsageError, match="there is no issue"):
        desk.sheet(SLUG)
    folder = letter / "issues" / SLUG
    changed, listed = _save(desk, folder / "index.md", "# Hello\n\nText.\n")
    assert (changed, listed) == ([SLUG], True)
    assert desk.sheet(SLUG).path == folder


def test_broken_issue_keeps_the_slug_of_its_front_matter(desk: Desk, letter: Path) -> None:
    """Who looks at it under that name goes on doing so."""
    file = letter / "issues" / f"{SLUG}.md"
    _save(desk, file, "---\nslug: greeting\n---\nText.\n")
    assert desk.sheet("greeting").faults == ()
    _save(desk, file, "---\nslug: greeting\n---\n{{ nonsense }}\n")
    assert desk.sheet("greeting").faults


def test_foreign_folders_are_not_watched(letter: Path) -> None:
    """Hidden folders and those of installed packages are not the newsletter's."""
    for name in ("issues/a/b", ".git/objects", "node_modules/x", "env/lib", "pictures"):
        (letter / name).mkdir(parents=True)
    (letter / "env" / "pyvenv.cfg").touch()
    found = {folder.relative_to(letter).as_posix() for folder in folders_in(letter)}
    assert {"issues", "issues/a", "issues/a/b", "pictures"} <= found
    assert not {name for name in found if name.startswith((".git", "node_modules", "env", ".digest"))}
