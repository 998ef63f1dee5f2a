"""The editor that opens a file at its line."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.errors import Place

VARIABLE = "DIGEST_EDITOR"
_HINT = f"Set {VARIABLE} to a command, such as: code --goto {{path}}:{{line}}:{{column}}"

_VSCODE = ("--goto", "{path}:{line}:{column}")
_JETBRAINS = ("--line", "{line}", "--column", "{column}", "{path}")
_PLACE = ("{path}:{line}:{column}",)
_LINE = ("+{line}", "{path}")

# Editors with windows of their own, the likeliest to be at work here first: one in a terminal would wait unseen.
_EDITORS: Mapping[str, Sequence[str]] = {
    "code": _VSCODE,
    "codium": _VSCODE,
    "code-insiders": _VSCODE,
    "cursor": _VSCODE,
    "windsurf": _VSCODE,
    "zed": _PLACE,
    "zeditor": _PLACE,
    "subl": _PLACE,
    "pycharm": _JETBRAINS,
    "webstorm": _JETBRAINS,
    "idea": _JETBRAINS,
    "mate": ("--line", "{line}:{column}", "{path}"),
    "bbedit": ("+{line}:{column}", "{path}"),
    "kate": ("--line", "{line}", "--column", "{column}", "{path}"),
    "gvim": ("--remote-silent", "+{line}", "{path}"),
    "mvim": ("--remote-silent", "+{line}", "{path}"),
    "emacsclient": ("--no-wait", "+{line}:{column}", "{path}"),
    "gedit": _LINE,
    "gnome-text-editor": _LINE,
    "notepad++": ("-n{line}", "-c{column}", "{path}"),
}
_PATIENCE = 0.3
"""Seconds within which a command that fails is noticed."""


def find_editor(environ: Mapping[str, str]) -> list[str] | None:
    """
    Return the words of the command that opens a file, with ``{path}``, ``{line}`` and ``{column}`` where these belong.

    It is that of ``DIGEST_EDITOR``; else ``VISUAL`` or ``EDITOR`` where that has windows; else what is installed.
    """
    own = _words(environ.get(VARIABLE, ""))
    if own:
        has_place = any("{path}" in word for word in own)
        return own if has_place else [*own, *_EDITORS.get(Path(own[0]).name, ("{path}",))]
    return next(_installed(environ), None)


def _installed(environ: Mapping[str, str]) -> Iterator[list[str]]:
    wanted = [words[0] for name in ("VISUAL", "EDITOR") if (words := _words(environ.get(name, "")))]
    for program in (*wanted, *_EDITORS):
        arguments = _EDITORS.get(Path(program).name)
        found = shutil.which(program, path=environ.get("PATH")) if arguments else None
        if arguments and found:
            yield [found, *arguments]


def _words(command: str) -> list[str]:
    """Return the words of a command; one with a lone quote in it is a path as it stands, such as of O'Hara's tools."""
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


def open_in_editor(root: Path, place: Place, environ: Mapping[str, str]) -> str:
    """
    Open a file of the newsletter at its line, and return the name of the editor.

    Raises:
        UsageError: it is no file of the newsletter, there is no editor, or it cannot be started.
    """
    file = _file_of(root, place.path)
    command = find_editor(environ)
    if command is None:
        msg = "no editor was found"
        raise UsageError(msg, hint=_HINT)
    values = {"{path}": str(file), "{line}": str(place.line or 1), "{column}": str(place.column or 1)}
    _start([_filled(word, values) for word in command], root)
    return Path(command[0]).name


def _file_of(root: Path, path: str) -> Path:
    if path.startswith("built-in "):
        msg = f"{path} comes with digest"
        raise UsageError(msg, hint=f"To change it, copy it to templates/{path.removeprefix('built-in ')}.")
    try:
        file = (root / path).resolve()
        if file.is_relative_to(root.resolve()) and file.is_file():
            return file
    except (OSError, ValueError, RuntimeError):  # too long, no name that a file can have, or a ring of links
        pass
    msg = "that is no file of this newsletter"
    raise UsageError(msg)


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name in ("{line}", "{column}", "{path}"):  # the path last: braces may stand in it
        word = word.replace(name, values[name])
    return word


def _start(command: Sequence[str], folder: Path) -> None:
    """Start a command that may stay, and see whether it fails at once."""
    try:
        process = subprocess.Popen(  # noqa: S603  # the user's own editor; a list of words, and no shell
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        failed = process.wait(_PATIENCE) != 0
    except subprocess.TimeoutExpired:
        Thread(target=process.wait, daemon=True).start()  # or a dead child would stay with us
        return
    except OSError:
        failed = True
    if failed:
        msg = f"{Path(command[0]).name} could not be started"
        raise UsageError(msg, hint=_HINT)
