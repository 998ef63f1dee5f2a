"""How a file is opened in the editor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from digest.errors import Place, UsageError
from digest.preview.editors import find_editor, open_in_editor

if TYPE_CHECKING:
    from pathlib import Path


def _program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder of programs with a window, and one without."""
    folder = tmp_path / "programs"
    for name in ("subl", "gvim", "vim"):
        _program(folder, name, "exit 0")
    return folder


def test_own_command_comes_first(programs: Path) -> None:
    """DIGEST_EDITOR is taken as it is; a program that we know gets its own way to name a line, another the path."""
    path = str(programs)
    assert find_editor({"DIGEST_EDITOR": "edit -l {line} '{path}'", "PATH": path}) == ["edit", "-l", "{line}", "{path}"]
    assert find_editor({"DIGEST_EDITOR": "code -r", "PATH": path}) == ["code", "-r", "--goto", "{path}:{line}:{column}"]
    assert find_editor({"DIGEST_EDITOR": "myedit", "PATH": path}) == ["myedit", "{path}"]


def test_lone_quotes_are_letters_of_a_path(programs: Path) -> None:
    """A command that a shell could not read either is the path of a program."""
    assert find_editor({"DIGEST_EDITOR": "/opt/O'Hara/edit", "PATH": ""}) == ["/opt/O'Hara/edit", "{path}"]
    assert find_editor({"EDITOR": "it's", "PATH": str(programs)}) == [str(programs / "subl"), "{path}:{line}:{column}"]


def test_what_is_wanted_before_what_is_there(programs: Path) -> None:
    """VISUAL and EDITOR count when they have a window: one in a terminal would wait where nobody sees it."""
    path = str(programs)
    assert find_editor({"VISUAL": "gvim -f", "PATH": path}) == [
        str(programs / "gvim"), "--remote-silent", "+{line}", "{path}",
    ]  # fmt: skip
    assert find_editor({"EDITOR": "vim", "PATH": path}) == [str(programs / "subl"), "{path}:{line}:{column}"]
    assert find_editor({"EDITOR": "vim", "PATH": str(programs / "none")}) is None


def test_file_is_opened_at_its_line(letter: Path, tmp_path: Path) -> None:
    """No shell stands between: spaces, quotes and braces in a path are what they are."""
    told = tmp_path / "told"
    editor = _program(tmp_path / "bin", "edit", f'printf "%s\\n" "$@" > "{told}.new" && mv "{told}.new" "{told}"')
    name = "issues/it's {line} $(a) note.md"
    (letter / name).touch()
    command = f"'{editor}' --at {{line}},{{column}} {{path}}"
    assert open_in_editor(letter, Place(name, 12), {"DIGEST_EDITOR": command}) == "edit"
    for _ in range(200):
        if told.exists():
            break
        time.sleep(0.05)
    assert told.read_text("utf-8").splitlines() == ["--at", "12,1", str(letter / name)]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.md",
        "issues",
        "issues/none.md",
        "built-in parts/footer.mjml",
        "/etc/passwd",
        "a\0b",
        "\ud800",
        "b" * 300,
    ],
)
def test_only_files_of_the_newsletter(letter: Path, path: str) -> None:
    """Whatever lies outside, or is no file, is not opened."""
    (letter.parent / "secret.md").touch()
    with pytest.raises(UsageError):
        open_in_editor(letter, Place(path, 1), {"DIGEST_EDITOR": "true"})


def test_links_lead_nowhere_else(letter: Path) -> None:
    """A symbolic link out of the folder is no file of the newsletter."""
    (letter.parent / "secret.md").touch()
    (letter / "issues" / "link.md").symlink_to(letter.parent / "secret.md")
    with pytest.raises(UsageError, match="no file of this newsletter"):
        open_in_editor(letter, Place("issues/link.md", 1), {"DIGEST_EDITOR": "true"})


@pytest.mark.parametrize("command", ["false", "/nowhere/editor"])
def test_failure_is_told(letter: Path, command: str) -> None:
    """An editor that cannot be started, or that fails at once, is a sentence."""
    with pytest.raises(UsageError, match="could not be started"):
        open_in_editor(letter, Place("digest.toml", 1), {"DIGEST_EDITOR": command})
