# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=10"]
# ///
"""
Draws ``docs/pictures/sample.png``, the picture in the README: the first sample issue on a desktop and on a phone.

Build the issue first (``make demo``); Chromium must be installed.

Example:
    python scripts/draw_readme_picture.py .digest/build/2026-11-24-past-the-plateau/email.html
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "sample.png"
SCALE = 2
CANVAS = (1240, 860)
BACKGROUND = "#d9d2c3"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A device on the canvas: what it shows of the email, and where it stands."""

    width: int
    height: int
    scrolled: int
    zoom: float
    place: tuple[int, int]
    radius: int
    dark: bool


DESKTOP = View(width=700, height=1400, scrolled=0, zoom=0.8, place=(110, 60), radius=8, dark=False)
PHONE = View(width=375, height=760, scrolled=1110, zoom=0.95, place=(770, 70), radius=34, dark=True)


def main() -> None:
    """Draw the picture from the file named on the command line."""
    html = Path(sys.argv[1]).resolve()
    canvas = Image.new("RGB", _scaled(*CANVAS), BACKGROUND)
    for view in (DESKTOP, PHONE):
        _put(canvas, _screenshot(html, view), view)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    canvas.quantize(192).save(PICTURE, optimize=True)


def _scaled(*pixels: int) -> tuple[int, ...]:
    return tuple(pixel * SCALE for pixel in pixels)


def _screenshot(html: Path, view: View) -> Image.Image:
    """Return what Chromium shows of the file on that device."""
    chromium = shutil.which("chromium") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "shot.png"
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--blink-settings=preferredColorScheme={0 if view.dark else 1}",
            f"--force-device-scale-factor={SCALE * view.zoom}",
            f"--user-data-dir={folder}/profile",
            f"--screenshot={target}",
            f"--window-size={max(view.width, 500)},{view.height}",
            _framed(html, view, Path(folder)),
        ]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # a browser, on our own file
        size = (round(side * SCALE * view.zoom) for side in (view.width, view.height))
        return Image.open(target).convert("RGB").crop((0, 0, *size))


def _framed(html: Path, view: View, folder: Path) -> str:
    """Return a page with the file in a frame of that width, since Chromium makes no window below 500 pixels."""
    page = folder / "frame.html"
    page.write_text(
        "<!doctype html><style>body { margin: 0 } iframe { border: 0; height: 4000px }</style>"
        f'<iframe src="{html.as_uri()}" style="width: {view.width}px; margin-top: -{view.scrolled}px"></iframe>',
        encoding="utf-8",
    )
    return page.as_uri()


def _put(canvas: Image.Image, shot: Image.Image, view: View) -> None:
    """Put a screenshot on the canvas, with round corners and a soft shadow."""
    place = _scaled(*view.place)
    mask = Image.new("L", shot.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *shot.size), view.radius * SCALE, fill=255)
    shadow = Image.new("L", canvas.size, 0)
    shadow.paste(mask.point(lambda light: light * 0.35), (place[0], place[1] + 14 * SCALE))
    canvas.paste("#4a4436", (0, 0), shadow.filter(ImageFilter.GaussianBlur(16 * SCALE)))
    canvas.paste(shot, place, mask)


if __name__ == "__main__":
    main()
