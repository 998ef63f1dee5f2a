"""A newsletter whose archive is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.publishing.archiving import write_archive
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from digest.publishing.archiving import Written

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://lamps.example.org/letters"
SETTINGS = f"""
[newsletter]
name = "Lamps & Lanterns"
from = "Lamps <editor@lamps.example.org>"
url = "{URL}"
postal_address = "1 Lamp Lane"

[fields]
first_name = ""
town = "your town"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamps:
    """A newsletter, the pages of which are written at noon of 23 November 2026."""

    root: Path

    def settings(self, more: str) -> None:
        """Say more in ``digest.toml``."""
        (self.root / "digest.toml").write_text(SETTINGS + more, encoding="utf-8")

    def issue(self, name: str, body: str = "Hello.", **front: str) -> Path:
        """Write an issue that is ready, unless `front` says otherwise."""
        file = self.root / "issues" / name
        keys = {"status": "ready", **front}
        lines = "".join(f"{key}: {value}\n" for key, value in keys.items())
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\n{lines}---\n{body}", encoding="utf-8")
        return file

    def write(self, folder: Path | None = None, now: datetime = NOW) -> Written:
        """Write the archive."""
        newsroom = Newsroom(settings=load_settings(self.root, {"DIGEST_STORE_URL": f"sqlite:///{self.root}/list.db"}))
        return write_archive(newsroom, folder, now)

    def page(self, path: str = "") -> str:
        """Return a page as it was written."""
        return (self.root / ".digest" / "site" / path / "index.html").read_text("utf-8")

    def files(self, folder: str = ".digest/site") -> Mapping[str, bytes]:
        """Return all files of a folder by their paths."""
        top = self.root / folder
        return {file.relative_to(top).as_posix(): file.read_bytes() for file in top.rglob("*") if file.is_file()}


@pytest.fixture
def lamps(tmp_path: Path) -> Lamps:
    """Return a newsletter without issues."""
    root = tmp_path / "lamps"
    root.mkdir()
    letter = Lamps(root=root)
    letter.settings("")
    return letter
