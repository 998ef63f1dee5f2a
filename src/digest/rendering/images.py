"""The images of an issue: where each is shown from, and how large."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote

import imagesize

from digest.errors import ContentError, Place
from digest.links import asset_url
from digest.model import InlineImage

if TYPE_CHECKING:
    from pathlib import Path

    from digest.config import Assets
    from digest.model import Picture

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Resolves the images of one issue, and gathers those that travel inside the message."""

    root: Path
    slug: str
    domain: str
    """Of the sender, for the images' names within the message."""
    assets: Assets
    _files: dict[str, InlineImage] = field(default_factory=dict)
    """By their names, regardless of case: they lie in one folder, where they are published or built."""

    named: dict[str, Place] = field(default_factory=dict)
    """Where pictures were named, by their addresses."""

    @property
    def embedded(self) -> tuple[InlineImage, ...]:
        """The images that travel inside the message, each once."""
        if self.assets.url is not None:
            return ()
        return tuple({image.cid: image for image in self._files.values()}.values())

    @property
    def by_address(self) -> dict[str, InlineImage]:
        """The images that are files of ours, by the address under which the HTML shows each."""
        return {self._address(image): image for image in self._files.values()}

    def show(self, picture: Picture) -> Image:
        """
        Return the image that a template shows.

        Raises:
            ContentError: as `resolve` does.
        """
        image = self.resolve(picture.src, picture.alt, picture.path, picture.line)
        self.named.setdefault(image.url, Place.of(picture.path, self.root, picture.line))
        return image

    def resolve(self, src: str, alt: str, file: Path, line: int = 0) -> Image:
        """
        Return the image that `file` names `src`.

        Raises:
            ContentError: the file is not there, lies outside the newsletter, or is no image that mail can show.
        """
        if src.startswith(("https://", "http://")):
            return Image(url=src, alt=alt)
        try:
            image = self._read(self._find(src, file))
            width, height = _measure(image)
        except ContentError as error:
            error.place = Place.of(file, self.root, line)
            raise
        return Image(url=self._address(image), alt=alt, width=width, height=height)

    def _address(self, image: InlineImage) -> str:
        if self.assets.url is None:
            return f"cid:{image.cid}"
        return asset_url(self.assets.url, self.slug, image.filename)

    def _find(self, src: str, file: Path) -> Path:
        if src.startswith("data:"):
            msg = "an image is written into its own address, which Gmail and Outlook do not show"
            raise ContentError(msg, hint="Save it as a file beside the issue.")
        path = file.parent / unquote(src)
        if not path.is_file():
            msg = f"the image {src} is not there"
            raise ContentError(msg, hint=f"It is looked for beside {file.name}.")
        if not path.resolve().is_relative_to(self.root.resolve()):
            msg = f"the image {src} lies outside the newsletter's folder"
            raise ContentError(msg, hint="Copy it beside the issue.")
        if path.suffix.lower() not in _MEDIA_TYPES:
            msg = f"{src} is no image that mail programs show"
            raise ContentError(msg, hint=f"Save it as one of {', '.join(_MEDIA_TYPES)}.")
        if self.assets.url is None and not self.assets.embed:
            msg = f"nothing says how readers get the image {src}"
            hint = "In digest.toml, under [assets], set `url` to where images are published, or `embed = true`."
            raise ContentError(msg, hint=hint)
        return path

    def _read(self, path: Path) -> InlineImage:
        content = path.read_bytes()
        image = InlineImage(
            cid=f"{sha256(content).hexdigest()[:16]}@{self.domain}",
            filename=path.name,
            media_type=_MEDIA_TYPES[path.suffix.lower()],
            content=content,
        )
        if self._files.setdefault(path.name.casefold(), image).content != content:
            msg = f"a second image of this issue is called {path.name}"
            raise ContentError(msg, hint="Give it another name: all images of an issue are put into one folder.")
        return image


def _measure(image: InlineImage) -> tuple[int | None, int | None]:
    """Return width and height in pixels; a drawing in SVG may have none."""
    try:
        width, height = imagesize.get(BytesIO(image.content))
    except ValueError:
        width = height = -1
    if width > 0 and height > 0:
        return int(width), int(height)
    if image.media_type == "image/svg+xml":
        return None, None
    msg = f"{image.filename} is damaged, or no image at all"
    raise ContentError(msg, hint="Open it in a program for images, and save it again.")
