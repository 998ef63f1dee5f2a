"""`digest site`, as its user meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Program, Run


def test_what_it_says(run: Run, letter: Path) -> None:
    """It names the folder, what is in it, what waits, where a stand-in is shown, and what is gone."""
    issue = letter / "issues" / "2026-11-24-hello.md"
    body = "---\nstatus: ready\ndate: {}\n---\nHello {{{{ first_name }}}}.\n"
    issue.write_text(body.format("2020-01-07"), encoding="utf-8")
    other = issue.with_name("2099-01-01-later.md")
    other.write_text("---\nstatus: ready\n---\nLater.\n", encoding="utf-8")
    lines = run("site").stdout.splitlines()
    assert lines[0] == ".digest/site: 4 pages for 2 issues; 8 files new or changed"
    assert lines[1] == "  2099-01-01-later waits: its pages are there, but listed nowhere until 2099-01-01 00:00."
    assert lines[2].endswith("/2026-11-24-hello/ has a stand-in for {{ first_name }}, which has no fallback.")
    assert run("site").stdout.startswith(".digest/site: 4 pages for 2 issues; nothing has changed\n")
    other.unlink()
    gone = run("site").stdout.splitlines()[-1]
    assert gone == "  2099-01-01-later/ is gone. If it has moved, say so: `formerly` in the front matter."


def test_exit_codes(program: Program, letter: Path) -> None:
    """A link that leads nowhere ends it with 4 at its line, a file in the way with 2; nothing is written then."""
    issue = letter / "issues" / "2026-11-24-hello.md"
    issue.write_text("---\nstatus: ready\n---\nSee [this](../nowhere/).\n", encoding="utf-8")
    broken = program.run("site", "--output", "public")
    assert broken.returncode == 4
    assert broken.stderr.startswith("issues/2026-11-24-hello.md:4: nothing in the archive is at ../nowhere/\n")
    assert not (letter / "public").exists()
    (letter / "public").mkdir()
    (letter / "public" / "index.html").touch()
    issue.write_text("---\nstatus: ready\n---\nHello.\n", encoding="utf-8")
    taken = program.run("site", "-o", "public")
    assert (taken.returncode, [*(letter / "public").iterdir()]) == (2, [letter / "public" / "index.html"])
