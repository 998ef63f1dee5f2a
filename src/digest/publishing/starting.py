"""How a newsletter and an issue begin."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.links import slugify
from digest.publishing.newsroom import ISSUES
from digest.reading import INDEX

if TYPE_CHECKING:
    from datetime import date

_STARTER = Path(__file__).parent.parent / "starter"
_NUMBER = re.compile(r"^number:\s*(\d+)", re.MULTILINE)


def start_newsletter(folder: Path, today: date) -> list[Path]:
    """
    Write a newsletter that works as it stands, and return its files.

    Raises:
        UsageError: a file that it would write is there already; nothing is written then.
    """
    files = {
        folder / "digest.toml": "digest.toml",
        folder / "subscribers.csv": "subscribers.csv",
        folder / ISSUES / f"{today}-hello.md": "hello.md",
    }
    for file in files:
        if file.exists():
            msg = f"{file} is there already"
            raise UsageError(msg, hint="Start in another folder; nothing was written.")
    for file, source in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((_STARTER / source).read_bytes())
    _keep_out_of_git(folder / ".gitignore")
    return [*files, folder / ".gitignore"]


def _keep_out_of_git(file: Path) -> None:
    """A repository that is there already has rules of its own, so ours are added to them."""
    before = file.read_text("utf-8") if file.exists() else ""
    file.write_text(f"{before.rstrip()}\n\n{_read('gitignore')}".lstrip(), "utf-8")


def start_issue(root: Path, title: str, today: date) -> Path:
    """
    Write the beginning of an issue, dated and numbered, and return its file.

    Raises:
        UsageError: the title is blank, or an issue of that name is there already.
    """
    if not title.strip():
        msg = "an issue needs a title"
        raise UsageError(msg, hint='Say what it is about: digest new "Past the plateau"')
    file = root / ISSUES / f"{today}-{slugify(title)}.md"
    if file.exists():
        msg = f"{file.relative_to(root)} is there already"
        raise UsageError(msg, hint="Choose another title.")
    draft = Template(_read("issue.md"))
    file.parent.mkdir(parents=True, exist_ok=True)
    text = draft.substitute(subject=json.dumps(title, ensure_ascii=False), number=_last_number(root) + 1)
    file.write_text(text, "utf-8")
    return file


def _read(name: str) -> str:
    return (_STARTER / name).read_text("utf-8")


def _last_number(root: Path) -> int:
    files = [*(root / ISSUES).glob("*.md"), *(root / ISSUES).glob(f"*/{INDEX}")]
    numbers = [_NUMBER.search(file.read_text("utf-8", errors="replace")) for file in files]
    return max((int(match[1]) for match in numbers if match), default=0)
