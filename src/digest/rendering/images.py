"""The images of an issue: where each is shown from, and how large."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote

from markupsafe import Markup

from digest.config import FILE_NAME
from digest.errors import ContentError, Place
from digest.links import asset_url
from digest.model import InlineImage, Picture
from digest.rendering.fitting import CACHE, fitted, fitted_file, measure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.config import Assets, Settings

# What mail programs show; of these, Outlook for Windows leaves out WebP and SVG (caniemail.com, 2026-05).
MEDIA_TYPES = {
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

    def attributes(self, most: int) -> Markup:
        """Return what its tag says of its size where `most` pixels are free, with a space before each attribute."""
        if not (self.width and self.height):
            return Markup()
        shown = self.fit(most)
        return Markup(' width="{}" height="{}"').format(shown, max(1, round(self.height * shown / self.width)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Images(ABC):
    """Resolves the images of one issue; what becomes of a file of ours, those for mail and those for the web know."""

    root: Path
    """The newsletter's folder."""
    named: dict[str, Place] = field(default_factory=dict)
    """Where pictures were named, by their addresses."""

    def show(self, picture: Picture) -> Image:
        """
        Return the image that a template shows.

        Raises:
            ContentError: as `resolve` does.
        """
        image = self.resolve(picture.src, picture.alt, picture.path, picture.line)
        self.named.setdefault(image.url, Place.of(picture.path, self.root, picture.line))
        return image

    def show_logo(self, settings: Settings) -> Image | None:
        """
        Return the logo of a newsletter, if it has one.

        Raises:
            ContentError: as `resolve` does.
        """
        theme = settings.theme
        if not theme.logo:
            return None
        alt = theme.logo_alt or settings.newsletter.name
        return self.show(Picture(src=theme.logo, alt=alt, path=settings.root / FILE_NAME, line=0))

    def resolve(self, src: str, alt: str, file: Path, line: int = 0) -> Image:
        """
        Return the image that `file` names `src`.

        Raises:
            ContentError: the file is not there, lies outside the newsletter, or is no image that mail can show.
        """
        if src.startswith(("https://", "http://")):
            return self.elsewhere(src, alt)
        try:
            return self.place(self._find(src, file), alt)
        except ContentError as error:
            error.place = Place.of(file, self.root, line)
            raise

    def elsewhere(self, src: str, alt: str) -> Image:
        """Return an image that is not ours."""
        return Image(url=src, alt=alt)

    @abstractmethod
    def place(self, path: Path, alt: str) -> Image:
        """
        Return an image that is a file beside the issue.

        Raises:
            ContentError: it is damaged, too large, or cannot be brought to readers.
        """

    @property
    def cache(self) -> Path:
        """The folder that keeps what was scaled before."""
        return self.root / CACHE

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
        if path.suffix.lower() not in MEDIA_TYPES:
            msg = f"{src} is no image that mail programs show"
            raise ContentError(msg, hint=f"Save it as one of {', '.join(MEDIA_TYPES)}.")
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class MailImages(Images):
    """The images of an issue as mail shows them, and those of them that travel inside the message."""

    slug: str
    domain: str
    """Of the sender, for the images' names within the message."""
    assets: Assets
    width: int
    """How many pixels a picture has at most from side to side: twice what is shown, for sharp screens."""
    contents: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    """What makes the bytes of each image that is a file of ours, by the address under which the HTML shows it."""
    _files: dict[str, InlineImage] = field(default_factory=dict)
    """By their names, regardless of case: they lie in one folder, where they are published or built."""

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

    def place(self, path: Path, alt: str) -> Image:  # noqa: D102  # inherited
        if self.assets.url is None and not self.assets.embed:
            msg = f"nothing says how readers get the image {path.name}"
            hint = "In digest.toml, under [assets], set `url` to where images are published, or `embed = true`."
            raise ContentError(msg, hint=hint)
        image = self._read(path)
        width, height = measure(image.content, image.filename) or (None, None)
        address = self._address(image)
        self.contents[address] = partial(fitted_file, path, self.width, self.cache)
        return Image(url=address, alt=alt, width=width, height=height)

    def _address(self, image: InlineImage) -> str:
        if self.assets.url is None:
            return f"cid:{image.cid}"
        return asset_url(self.assets.url, self.slug, image.filename, image.cid.partition("@")[0])

    def _read(self, path: Path) -> InlineImage:
        source = path.read_bytes()
        image = InlineImage(
            # Of what the editor saved: it stays the same where another version of a library scales otherwise.
            cid=f"{sha256(source).hexdigest()[:16]}@{self.domain}",
            filename=path.name,
            media_type=MEDIA_TYPES[path.suffix.lower()],
            content=fitted(source, self.width, path.name, self.cache),
        )
        if self._files.setdefault(path.name.casefold(), image).cid != image.cid:
            msg = f"a second image of this issue is called {path.name}"
            raise ContentError(msg, hint="Give it another name: all images of an issue are put into one folder.")
        return image
