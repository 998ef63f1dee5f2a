"""The images of an issue: where each is shown from, and how large."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote

import imagesize

from digest.errors import ContentError, Place
from digest.links import asset_url
from digest.model import InlineImage

if TYPE_CHECKING:
    from pathlib import Path

    from digest.config import Assets

# What mail programs show; of these, Outlook for Windows leaves out WebP and SVG (caniemail.com, 2026-05).
_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image as a template places it. Its size is known where the file is ours, in pixels."""

    url: str
    alt: str
    width: int | None = None
    height: int | None = None

    def fit(self, most: int) -> int:
        """Return how wide it is shown where `most` pixels are free; one of unknown size takes them all."""
        return min(self.width or most, most)


@dataclass(kw_only=True)
class Images:
    """Resolves the images of one issue, and gathers those that travel inside the message."""

    root: Path
    slug: str
    domain: str
    """Of the sender, for the images' names within the message."""
    assets: Assets
    embedded: dict[str, InlineImage] = field(default_factory=dict)

    def resolve(self, src: str, alt: str, file: Path, line: int = 0) -> Image:
        """
        Return the image that `file` names `src`.

        Raises:
            ContentError: the file is not there, lies outside the newsletter, or is no image that mail can show.
        """
        if src.startswith(("https://", "http://", "data:")):
            return Image(url=src, alt=alt)
        shown = file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)
        path = self._find(unquote(src), file, Place(shown, line))
        width, height = imagesize.get(path)
        url = self._embed(path) if self.assets.url is None else asset_url(self.assets.url, self.slug, path.name)
        return Image(url=url, alt=alt, width=_known(width), height=_known(height))

    def _find(self, src: str, file: Path, place: Place) -> Path:
        path = (file.parent / src).resolve()
        if not path.is_relative_to(self.root.resolve()):
            msg = f"the image {src} lies outside the newsletter's folder"
            raise ContentError(msg, hint="Copy it beside the issue.", place=place)
        if not path.is_file():
            msg = f"the image {src} is not there"
            raise ContentError(msg, hint=f"It is looked for beside {file.name}.", place=place)
        if path.suffix.lower() not in _MEDIA_TYPES:
            msg = f"{src} is no image that mail programs show"
            raise ContentError(msg, hint=f"Save it as one of {', '.join(_MEDIA_TYPES)}.", place=place)
        if self.assets.url is None and not self.assets.embed:
            msg = f"nothing says how readers get the image {src}"
            hint = "In digest.toml, under [assets], set `url` to where images are published, or `embed = true`."
            raise ContentError(msg, hint=hint, place=place)
        return path

    def _embed(self, path: Path) -> str:
        content = path.read_bytes()
        cid = f"{sha256(content).hexdigest()[:16]}@{self.domain}"
        self.embedded[cid] = InlineImage(
            cid=cid,
            filename=path.name,
            media_type=_MEDIA_TYPES[path.suffix.lower()],
            content=content,
        )
        return f"cid:{cid}"


def _known(pixels: float) -> int | None:
    return int(pixels) if pixels > 0 else None
