"""The folder of the archive: what has not changed is left alone, and so is what others put there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from digest.archive.folder import LIST, Folder
from digest.errors import UsageError

if TYPE_CHECKING:
    import os

    from archive_stage import Lamps

SITE = ".digest/site"


def _written(facts: os.stat_result) -> tuple[int, int, int]:
    """Return what tells that a file was written, and not that it was read."""
    return facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns


def test_a_rebuild_that_changes_nothing_writes_nothing(lamps: Lamps) -> None:
    """Neither a byte nor a time of any file is touched, and a file that changes is touched alone."""
    for name in ("2026-11-10-oil", "2026-11-17-wick"):
        lamps.issue(f"{name}.md", "## A story\n\nAbove.\n\n<!-- more -->\n\nBelow.\n")
    assert lamps.write().changed
    site = lamps.root / SITE
    before = {file: file.stat() for file in site.rglob("*")}
    assert lamps.write().changed == 0
    assert {file: _written(file.stat()) for file in site.rglob("*")} == {
        file: _written(was) for file, was in before.items()
    }
    lamps.issue("2026-11-10-oil.md", "## A story\n\nAbove.\n\n<!-- more -->\n\nBelow. More.\n")
    assert lamps.write().changed == 4
    touched = {file.relative_to(site).as_posix() for file, was in before.items() if file.stat().st_ino != was.st_ino}
    assert touched == {
        LIST,
        "2026-11-10-oil/a-story/index.html",
        "2026-11-10-oil/index.html",
        "feed.xml",
        "rss.xml",
    }


def test_what_is_gone_is_removed_and_named(lamps: Lamps) -> None:
    """A page that was written before and is no more is taken away with its folder, and told, since links lead there."""
    issue = lamps.issue("2026-11-10-oil.md", "## A story\n\nAbove.\n\n<!-- more -->\n\nBelow.\n")
    lamps.write()
    issue.rename(issue.with_name("2026-11-10-lamp-oil.md"))
    assert lamps.write().gone == ["2026-11-10-oil/", "2026-11-10-oil/a-story/"]
    assert not (lamps.root / SITE / "2026-11-10-oil").exists()
    assert lamps.write().gone == []


def test_files_of_others_stay(lamps: Lamps) -> None:
    """What we did not write is left as it is, also where it lies beside a page that goes; so is what was changed."""
    issue = lamps.issue("2026-11-10-oil.md")
    lamps.issue("2026-11-17-wick.md")
    lamps.write()
    others = {"CNAME": b"lamps.example.org", "2026-11-10-oil/notes.txt": b"mine", "images/x.png": b"\x89PNG"}
    for path, content in others.items():
        file = lamps.root / SITE / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    issue.unlink()
    lamps.write()
    left = lamps.files()
    assert others.items() <= left.items()
    assert "2026-11-10-oil/index.html" not in left


def test_never_over_files_of_others(lamps: Lamps) -> None:
    """Where somebody else's file would be overwritten, nothing at all is written; the same bytes are no matter."""
    lamps.issue("2026-11-10-oil.md")
    docs = lamps.root / "docs"
    docs.mkdir()
    (docs / "index.html").write_text("Mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"index\.html is in the way: somebody else wrote it"):
        lamps.write(docs)
    assert [*lamps.files("docs")] == ["index.html"]
    (docs / "index.html").unlink()
    lamps.write(docs)
    (docs / LIST).unlink()
    assert lamps.write(docs).changed == 0
    with (docs / "404.html").open("a", encoding="utf-8") as changed:
        changed.write("<!-- by hand -->")
    with pytest.raises(UsageError, match=r"404\.html is in the way"):
        lamps.write(docs)


def test_never_through_what_others_put_there(lamps: Lamps) -> None:
    """Neither over a folder, nor below a file, nor through a link to elsewhere; and then nothing at all is written."""
    lamps.issue("2026-11-10-oil.md")
    elsewhere = lamps.root / "elsewhere"
    elsewhere.mkdir()
    folders = [lamps.root / name for name in ("folder", "file", "link")]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "index.html").mkdir()
    (folders[1] / "2026-11-10-oil").touch()
    (folders[2] / "2026-11-10-oil").symlink_to(elsewhere)
    for folder in folders:
        with pytest.raises(UsageError, match=r"is in the way"):
            lamps.write(folder)
        assert len([*folder.iterdir()]) == 1
    assert not [*elsewhere.iterdir()]


def test_after_a_run_that_was_killed(lamps: Lamps) -> None:
    """The list of our files is written before them, so that what a killed run leaves is known as ours."""
    lamps.issue("2026-11-10-oil.md")
    site = lamps.root / SITE
    (site / "2026-11-10-oil").mkdir(parents=True)
    shelf = Folder(site)

    def die() -> bytes:
        if (site / "a.html").exists():
            raise KeyboardInterrupt
        return b"b"

    with pytest.raises(KeyboardInterrupt):
        shelf.put({"a.html": b"a", "404.html": die})
    lamps.write()
    assert "a.html" not in lamps.files()


def test_two_at_once(lamps: Lamps) -> None:
    """The second waits for the first, and finds nothing to do."""
    for number in range(10, 20):
        lamps.issue(f"2026-11-{number}-oil.md")
    with ThreadPoolExecutor() as both:
        written = [*both.map(lambda _: lamps.write().changed, range(2))]
    assert min(written) == 0


def test_never_over_the_newsletter(lamps: Lamps) -> None:
    """The newsletter's own folder, one that it lies in, and that of its issues are no place for its archive."""
    for folder in (lamps.root, lamps.root.parent, lamps.root / "issues", lamps.root / "issues" / "oil"):
        with pytest.raises(UsageError, match="cannot be written over the newsletter"):
            lamps.write(folder)


def test_the_list_names_no_page(lamps: Lamps) -> None:
    """The list of our files may be published with them, and tells nobody what waits."""
    lamps.issue("2026-12-24-secret-lamp.md")
    lamps.write()
    assert b"secret" not in lamps.files()[LIST]
