"""How a newsletter and an issue begin."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.files import write_whole
from digest.keys import VARIABLE, new_key
from digest.links import slugify
from digest.publishing.issues import ISSUES
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
    _keep_secret(folder / ".env")
    return [*files, folder / ".gitignore", folder / ".env"]


def _keep_out_of_git(file: Path) -> None:
    """A repository that is there already has rules of its own, so ours are added to them."""
    before = file.read_text("utf-8") if file.exists() else ""
    file.write_text(f"{before.rstrip()}\n\n{_read('gitignore')}".lstrip(), "utf-8")


def _keep_secret(file: Path) -> None:
    """Write a key of the newsletter's own, unless there is one, into a file that only its owner reads."""
    before = file.read_text("utf-8") if file.exists() else ""
    if VARIABLE in before:
        return
    file.touch(mode=0o600)
    secret = Template(_read("env")).substitute(key=new_key())
    file.write_text(f"{before.rstrip()}\n\n{secret}".lstrip(), "utf-8")


def start_issue(root: Path, title: str, today: date, content: str = "") -> Path:
    """
    Write the beginning of an issue, dated and numbered, and return its file.

    Args:
        root: the newsletter's folder.
        title: its subject, as front matter has it.
        today: the day that it bears.
        content: its Markdown; without one, an example.

    Raises:
        UsageError: the title is blank, or an issue of that name is there already.
    """
    if not title.strip():
        msg = "an issue needs a title"
        raise UsageError(msg, hint='Say what it is about: digest new "Past the plateau"')
    file = issue_file(root, title, today)
    if file.exists():
        msg = f"{file.relative_to(root)} is there already"
        raise UsageError(msg, hint="Choose another title.")
    front = Template(_read("front.md"))
    head = front.substitute(subject=json.dumps(title, ensure_ascii=False), number=_last_number(root) + 1)
    write_whole(file, f"{head}{content or _read('issue.md')}".encode())
    return file


def issue_file(root: Path, title: str, today: date) -> Path:
    """Return the file of an issue that is started on a day."""
    return root / ISSUES / f"{today}-{slugify(title)}.md"


def _read(name: str) -> str:
    return (_STARTER / name).read_text("utf-8")


def _last_number(root: Path) -> int:
    files = [*(root / ISSUES).glob("*.md"), *(root / ISSUES).glob(f"*/{INDEX}")]
    numbers = [_NUMBER.search(file.read_text("utf-8", errors="replace")) for file in files]
    return max((int(match[1]) for match in numbers if match), default=0)
