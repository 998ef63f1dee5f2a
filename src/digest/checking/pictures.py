"""Image files: what they are by their bytes, how large, and what an animation shows before it begins."""

from __future__ import annotations

import re
from io import BytesIO

import imagesize
from PIL import Image, ImageStat

from digest.checking.css.colours import Colour

_MOST_PIXELS = 20_000_000
"""Larger animations are not unpacked: a file of a few bytes can claim any size."""
_SIGNATURES = (
    (rb"\x89PNG\r\n\x1a\n.*?(?:acTL)(?=.*?IDAT)", "image/apng"),
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"....ftypavi[fs]", "image/avif"),
    (rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", "image/heic"),
    (rb"....ftyp", "video/mp4"),
    (rb"II\*\0|MM\0\*", "image/tiff"),
    (rb"BM....\0\0\0\0", "image/bmp"),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!doctype\s+svg|svg)", "image/svg+xml"),
)
_KINDS = [(re.compile(pattern, re.DOTALL | re.IGNORECASE), media_type) for pattern, media_type in _SIGNATURES]
_MOVING = frozenset({"image/gif", "image/apng", "image/webp"})
_HEAD = 4096
"""How many bytes tell what a file is."""


def media_type(content: bytes) -> str:
    """Return what an image is by its first bytes, such as ``image/png``; a PNG that moves is ``image/apng``."""
    head = content[:_HEAD]
    return next((found for pattern, found in _KINDS if pattern.match(head)), "")


def size_of(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels; None for a drawing, and for what is no image."""
    if media_type(content) in {"", "image/svg+xml", "video/mp4"}:
        return None
    try:
        width, height = imagesize.get(BytesIO(content))
    except ValueError:
        return None
    return (int(width), int(height)) if width > 0 and height > 0 else None


def begins_blank(content: bytes) -> bool:
    """Say whether a moving image begins with a frame of one colour, or of none, and shows something only later."""
    width, height = (size_of(content) if media_type(content) in _MOVING else None) or (0, 0)
    if not 0 < width * height <= _MOST_PIXELS:
        return False
    try:
        with Image.open(BytesIO(content)) as image:
            return getattr(image, "n_frames", 1) > 1 and _is_blank(image)
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow makes of damaged files
        return False


def _is_blank(frame: Image.Image) -> bool:
    channels = [channel.getextrema() for channel in frame.convert("RGBA").split()]
    return channels[-1] == (0, 0) or all(low == high for low, high in channels)


_OPEN_SHARE = 0.1
"""How much of a picture has to be transparent for its ground to be seen through it."""


def shade_on_nothing(content: bytes) -> Colour | None:
    """Return the mean colour of what an image has on a transparent ground; None where it has a ground of its own."""
    width, height = (size_of(content) if media_type(content) in _SEE_THROUGH else None) or (0, 0)
    if not 0 < width * height <= _MOST_PIXELS:
        return None
    try:
        with Image.open(BytesIO(content)) as image:
            return _shade(image.convert("RGBA")) if image.has_transparency_data else None
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow makes of damaged files
        return None


def _shade(image: Image.Image) -> Colour | None:
    alpha = image.getchannel("A")
    drawn = alpha.point(lambda value: 255 * (value > _OPAQUE))
    share = ImageStat.Stat(drawn).mean[0] / 255
    if not 0 < share <= 1 - _OPEN_SHARE:
        return None
    return Colour(*(channel / 255 for channel in ImageStat.Stat(image.convert("RGB"), drawn).mean))


_OPAQUE = 127
_SEE_THROUGH = frozenset({"image/png", "image/apng", "image/gif", "image/webp"})
