"""Pictures decoded, scaled and written anew. It stands apart, since Pillow takes 40 ms to import."""

from __future__ import annotations

from io import BytesIO
from warnings import catch_warnings

from PIL import Image, ImageChops, ImageOps, ImageStat

from digest.errors import ContentError
from digest.rendering.metadata import JPEG

_FORMATS = ("JPEG", "PNG")
_FAULTS = (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, Image.DecompressionBombError)
"""What Pillow makes of damaged files."""
_GREY = frozenset({"1", "L", "I;16"})
_QUALITY = 82
"""Of a JPEG; beyond, its bytes grow faster than what is seen of them."""
_ORIENTATION = 0x0112
_TURNED, _LYING = range(2, 9), range(5, 9)
"""The orientations of EXIF that are not upright, and those of them that swap width and height."""
_DRAWN = 8192
"""Up to how many colours it may be a drawing, with a few more between its edges; our samples have 4,000."""
_UNSEEN = 0.5
"""Up to which mean error 256 colours look like all, in steps of a channel's 256; our samples have 0.4."""


def scaled(content: bytes, width: int, name: str) -> tuple[bytes, bool]:
    """
    Return a JPEG or PNG that stands upright and is no wider than `width` pixels, and whether it had to be turned.

    The bytes are the same for the same input; they may be more than before.

    Args:
        content: the file.
        width: in pixels.
        name: what an editor calls it.

    Raises:
        ContentError: it is damaged.
    """
    try:
        with catch_warnings(action="ignore"), Image.open(BytesIO(content), formats=_FORMATS) as image:
            orientation = _orientation(image)
            size = _size(image, width, lies=orientation in _LYING)
            if orientation not in _TURNED and size == image.size:
                return content, False
            kind = "JPEG" if content.startswith(JPEG) else "PNG"  # to Pillow, a phone's JPEG of several is no JPEG
            shrunk, is_turned = _shrunk(image, size), orientation in _TURNED
            return _written(ImageOps.exif_transpose(shrunk) if is_turned else shrunk, kind), is_turned
    except _FAULTS as error:
        msg = f"{name} is damaged, or no image at all"
        raise ContentError(msg, hint="Open it in a program for images, and save it again.") from error


def _orientation(image: Image.Image) -> int:
    """Return how EXIF says that it stands; where that is damaged, as everybody shows it: upright."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _FAULTS:
        return 1


def _size(image: Image.Image, width: int, *, lies: bool) -> tuple[int, int]:
    share = min(1, width / (image.height if lies else image.width))
    return max(1, round(image.width * share)), max(1, round(image.height * share))


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    image.draft(None, (2 * size[0], 2 * size[1]))  # a JPEG is unpacked no larger than is needed
    if image.mode == "CMYK":
        image.info.pop("icc_profile", None)  # it is for ink
    return image.convert(_mode(image)).resize(size, Image.Resampling.LANCZOS)


def _mode(image: Image.Image) -> str:
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in _GREY else "RGB"


def _written(image: Image.Image, kind: str) -> bytes:
    if kind == "JPEG":
        return _saved(image, kind, quality=_QUALITY, progressive=True, optimize=True)
    few = _in_few_colours(image)
    return min((_saved(each, kind, optimize=True) for each in (few, image) if each), key=len)


def _in_few_colours(image: Image.Image) -> Image.Image | None:
    """Return an image in 256 colours where nobody sees the difference; None for photographs and transparent ones."""
    if image.mode != "RGB" or image.getcolors(_DRAWN) is None:
        return None
    few = image.quantize(method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    error = max(ImageStat.Stat(ImageChops.difference(image, few.convert("RGB"))).rms)
    return few if error <= _UNSEEN else None


def _saved(image: Image.Image, kind: str, **options: bool | int) -> bytes:
    written = BytesIO()
    image.save(written, kind, icc_profile=image.info.get("icc_profile"), **options)
    return written.getvalue()
