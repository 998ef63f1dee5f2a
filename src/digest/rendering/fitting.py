"""Pictures made fit for where they are shown: upright, no larger than eyes can tell, and bare of what files tell."""

from __future__ import annotations

import struct
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

import imagesize

from digest.errors import ContentError
from digest.files import write_whole
from digest.rendering.metadata import GIF, JPEG, PNG, RIFF, bare, may_be_turned

if TYPE_CHECKING:
    from pathlib import Path

CACHE = ".digest/images"
"""Where scaled pictures are kept, from the newsletter's folder on; it may be deleted at any time."""
_METHOD = 1
"""To be raised when the same picture would be scaled otherwise."""
_MOST_PIXELS = 50_000_000
"""More are never unpacked, here or by readers; a phone's largest photograph has 48 million."""
_LIGHT = 65_536
"""A file of so many bytes is not worth the waiting, nor what is lost when it is written anew."""
_ANIMATED = b"acTL"


def measure(content: bytes, name: str) -> tuple[int, int] | None:
    """
    Return width and height of an image in pixels; None for a drawing in SVG that leaves its size to whoever shows it.

    Raises:
        ContentError: it is damaged, or larger than anybody should unpack.
    """
    is_drawing, width, height = name.lower().endswith(".svg"), -1, -1
    if is_drawing or content.startswith((JPEG, PNG, GIF, RIFF)):
        with suppress(ValueError, TypeError, struct.error):
            width, height = map(int, imagesize.get(BytesIO(content)))
    if width * height > _MOST_PIXELS:
        msg = f"{name} has {width:,} x {height:,} pixels, which is too much to unpack"
        raise ContentError(msg, hint=f"Scale it down: {_MOST_PIXELS // 1_000_000} million pixels are the most.")
    if width > 0 and height > 0:
        return width, height
    if is_drawing:
        return None
    msg = f"{name} is damaged, or no image at all"
    raise ContentError(msg, hint="Open it in a program for images, and save it again.")


def fitted(content: bytes, width: int, name: str, cache: Path) -> bytes:
    """
    Return a picture that stands upright, is no wider than `width` pixels and tells nothing of where it was taken.

    JPEG and PNG are scaled, unless they are light or that would make them heavier; of an animation and WebP only what
    tells is taken, GIF and SVG stay as they are. The same input gives the same bytes.

    Args:
        content: the file.
        width: in pixels.
        name: what an editor calls it.
        cache: the folder that keeps what was scaled before; where it cannot be written, nothing is kept.

    Raises:
        ContentError: it is damaged, or larger than anybody should unpack.
    """
    size = measure(content, name)
    fits = not size or size[0] <= width or len(content) <= _LIGHT
    if not _is_still(content) or (fits and not may_be_turned(content)):
        return bare(content)
    kept = cache / sha256(b"%d %d " % (_METHOD, width) + content).hexdigest()[:32]
    with suppress(OSError):
        return kept.read_bytes()
    scaled, turned = import_module("digest.rendering.scaling").scaled(content, width, name)  # Pillow takes 40 ms
    best = bare(scaled) if turned else min(bare(content), bare(scaled), key=len)
    with suppress(OSError):
        write_whole(kept, best)
    return best


def fitted_file(path: Path, width: int, cache: Path) -> bytes:
    """
    Return the picture in a file, as `fitted` does.

    Raises:
        ContentError: as `fitted` does.
    """
    return fitted(path.read_bytes(), width, path.name, cache)


def _is_still(content: bytes) -> bool:
    """Say whether it is a JPEG, or a PNG that does not move."""
    return content.startswith(JPEG) or (content.startswith(PNG) and _ANIMATED not in content.partition(b"IDAT")[0])
