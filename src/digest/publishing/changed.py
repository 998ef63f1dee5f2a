"""Which issues differ from how git has them at a commit, for looking at what a pull request changes."""

from __future__ import annotations

import os
import subprocess
from pathlib import PurePath
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.publishing.issues import ISSUES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from digest.publishing.newsroom import Newsroom

_DIFF = ("git", "diff", "-z", "--name-only", "--no-renames", "--relative", "--merge-base", "--end-of-options")
_LOOKED_AT = (ISSUES, "templates", "digest.toml")


def changed_since(newsroom: Newsroom, commit: str) -> list[Path]:
    """
    Return the issues that changed since the branch left `commit`, whether the changes are committed or not.

    Where something changed that issues share, such as a template, the newest of them stands for all.

    Raises:
        UsageError: git knows no such commit, or nothing that it and the branch have in common.
    """
    return changed_issues(newsroom.paths(), _changed_files(newsroom.settings.root, commit))


def changed_issues(issues: Collection[Path], files: Iterable[PurePath]) -> list[Path]:
    """
    Return those issues that files belong to, and the last one if some file belongs to none.

    Args:
        issues: their files and folders, in the order of their names.
        files: from the newsletter's folder on.
    """
    names = {path.name for path in issues}
    touched = {file.parts[1] if file.parts[0] == ISSUES else "" for file in files}
    newest = [*issues][-1:] if touched - names else []
    return [path for path in issues if path.name in touched or path in newest]


def _changed_files(root: Path, commit: str) -> list[PurePath]:
    try:
        found = subprocess.run(  # noqa: S603  # a list of words, and no shell
            [*_DIFF, commit, "--", *_LOOKED_AT],
            cwd=root,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
    except FileNotFoundError as error:
        msg = "git is not installed, so nobody knows what has changed"
        raise UsageError(msg, hint="Name the issues.") from error
    except subprocess.CalledProcessError as error:
        msg = f'git cannot say what has changed since "{commit}"'
        hint = "It needs a commit or branch that it knows, and the history back to where both parted: git fetch origin"
        raise UsageError(msg, hint=hint) from error
    return [PurePath(os.fsdecode(name)) for name in found.stdout.split(b"\0") if name]
