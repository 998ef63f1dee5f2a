"""Pictures for tests, drawn from lines such as ``lamp.gif 320x240 white gold/black`` or ``lamp.jpg 9x9 900 bytes``."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import PurePath

from PIL import Image

_LINE = re.compile(r"(?P<name>\S+) (?P<width>\d+)x(?P<height>\d+)(?: (?P<bytes>[\d,]+) bytes)?(?P<frames>(?: \S+)*)")
_FORMATS = {".jpg": "JPEG", ".apng": "PNG", ".tif": "TIFF"}


def draw(line: str) -> tuple[str, bytes]:
    """
    Return the name of a picture and its bytes, in the format that its name ends with.

    A line gives a name, width and height in pixels, then how many bytes it has at least, or the colours of its frames;
    two colours with a slash between them are its upper and its lower half.
    """
    match = _LINE.fullmatch(line)
    assert match, line
    size = int(match["width"]), int(match["height"])
    first, *others = [_frame(colours, size) for colours in match["frames"].split() or ["gold/black"]]
    suffix = PurePath(match["name"]).suffix
    written = BytesIO()
    kind = _FORMATS.get(suffix, suffix[1:].upper())
    first.save(written, kind, **({"save_all": True, "append_images": others} if others else {}))
    return match["name"], written.getvalue().ljust(int((match["bytes"] or "0").replace(",", "")), b"\0")


def _frame(colours: str, size: tuple[int, int]) -> Image.Image:
    """Return a frame; `none` is a colour that is not there."""
    upper, _, lower = colours.partition("/")
    mode = "RGBA" if "none" in colours else "RGB"
    frame = Image.new(mode, size, _colour(upper))
    if lower:
        frame.paste(Image.new(mode, (size[0], size[1] // 2), _colour(lower)), (0, size[1] // 2))
    return frame


def _colour(name: str) -> str | tuple[int, int, int, int]:
    return (0, 0, 0, 0) if name == "none" else name
