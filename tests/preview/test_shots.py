"""Pictures of an issue, taken by a real browser: their names, their sizes, and what is in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

ISSUE = "2026-11-24-lamps"
SETTINGS = """\
[newsletter]
name = "The Lamplighter"
from = "The Lamplighter <editor@lamplighter.example.org>"
url = "https://lamplighter.example.org"
postal_address = "The Lamplighter, 3 Wick Lane, 10115 Berlin, Germany"

[theme]
paper = "#ffeedd"

[theme.dark]
paper = "#112233"
"""


@pytest.fixture
def newsletter(tmp_path: Path) -> Path:
    """Return the folder of a newsletter with one issue, that shows a picture and a script would change."""
    (tmp_path / "issues").mkdir()
    (tmp_path / "digest.toml").write_text(SETTINGS, encoding="utf-8")
    file = BytesIO()
    Image.new("RGB", (400, 300), (200, 0, 0)).save(file, "PNG")
    (tmp_path / "issues" / "red.png").write_bytes(file.getvalue())
    text = "# Lamps\n\n![A red square](red.png)\n\n![Elsewhere](https://lamplighter.invalid/x.png)\n"
    (tmp_path / "issues" / f"{ISSUE}.md").write_text(text, encoding="utf-8")
    return tmp_path


def shots(folder: Path, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `digest shots` in a folder, with `path` as the places where programs are found."""
    environment = {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": str(folder), **({"PATH": path} if path else {})}
    return subprocess.run(
        [sys.executable, "-m", "digest", "shots", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def shows(path: Path, colour: tuple[int, int, int]) -> bool:
    """Say whether a colour fills a part of a picture."""
    with Image.open(path) as image:
        counts = image.convert("RGB").getcolors(1 << 24) or []
    return any(found == colour and count > 10_000 for count, found in counts)


@pytest.mark.skipif(
    not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))) and "CI" not in os.environ,
    reason="there is no Chromium or Chrome here",
)
def test_an_issue_is_photographed(newsletter: Path) -> None:
    """Each width, scheme and state of images is a picture of the whole page, at twice the pixels."""
    done = shots(newsletter, ISSUE, "-o", "review")
    assert done.returncode == 0, done.stderr
    names = ["375-light", "375-dark", "640-light", "640-dark", "640-light-images-off", "640-dark-images-off"]
    assert done.stdout.split() == [f"review/{name}.png" for name in names]
    folder = newsletter / "review"
    assert {path.name for path in folder.iterdir()} == {f"{name}.png" for name in names}
    for name in names:
        path = folder / f"{name}.png"
        with Image.open(path) as image:
            assert image.width == 2 * int(name[:3])
        assert shows(path, (0x11, 0x22, 0x33) if "dark" in name else (0xFF, 0xEE, 0xDD))
        assert shows(path, (200, 0, 0)) == ("images-off" not in name)


def test_no_browser_is_a_sentence(newsletter: Path) -> None:
    """Where no browser is found, it is said how to get one, and nothing is written."""
    done = shots(newsletter, ISSUE, path=str(newsletter))
    assert done.returncode == 3
    assert "playwright install chromium" in done.stderr
    assert not (newsletter / ".digest" / "shots").exists()


def test_no_issue_is_a_sentence(newsletter: Path) -> None:
    """An issue that is not there is wrong usage, which needs no browser to be told."""
    done = shots(newsletter, "nope", path=str(newsletter))
    assert done.returncode == 2
    assert ISSUE in done.stderr
