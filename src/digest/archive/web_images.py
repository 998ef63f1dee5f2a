"""The images of the archive: each in the sizes that its pages show, and those that mail shows from there."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from markupsafe import Markup

from digest.links import slugify
from digest.rendering.fitting import fitted, measure
from digest.rendering.images import Image, Images

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from digest.model import InlineImage

FOLDER = "images"
"""Where the pages' images lie, from the archive's folder on."""
_LAZY = ' loading="lazy"'


@dataclass(frozen=True, slots=True, kw_only=True)
class WebImage(Image):
    """An image as a page shows it."""

    sources: str = ""
    """Its sizes, as ``srcset`` lists them; empty where there is but one."""

    def attributes(self, most: int) -> Markup:
        """Return what its tag says of its sizes and of when it is fetched, with a space before each attribute."""
        shown = self.fit(most)
        sources = Markup(' srcset="{0}" sizes="(max-width: {1}px) 100vw, {1}px"').format(self.sources, shown)
        size = Image.attributes(self, most)
        return size + (sources if self.sources else "") + Markup(f'{_LAZY} decoding="async"')  # noqa: S704  # our own


@dataclass(frozen=True, slots=True, kw_only=True)
class WebImages(Images):
    """The images of a page, and the files that it needs beside it."""

    base: str
    """What leads from the page to the archive's folder: ``../``, or the archive's address with a slash."""
    column: int
    """How wide the page shows an image at most, in pixels."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What the page shows, by path from the archive's folder on; complete when the page is rendered."""

    def elsewhere(self, src: str, alt: str) -> Image:  # noqa: D102  # inherited
        return WebImage(url=src, alt=alt)

    def place(self, path: Path, alt: str) -> Image:  # noqa: D102  # inherited
        source = path.read_bytes()
        stem = f"{slugify(path.stem)}-{sha256(source).hexdigest()[:12]}"
        sizes: dict[int, tuple[str, int | None]] = {}
        for most in (self.column, 2 * self.column):
            content = fitted(source, most, path.name, self.cache)
            width, height = measure(content, path.name) or (0, None)
            name = f"{FOLDER}/{stem}{f'-{width}' if width else ''}{path.suffix.lower()}"
            self.files[name] = content
            sizes[width] = f"{self.base}{quote(name)}", height
        largest = max(sizes)
        return WebImage(
            url=sizes[min(sizes)][0],
            alt=alt,
            width=largest or None,
            height=sizes[largest][1],
            sources=", ".join(f"{url} {width}w" for width, (url, _) in sizes.items()) if len(sizes) > 1 else "",
        )


def eager_first(html: str) -> str:
    """Return a page whose first image is fetched at once, since that is what one sees of it first."""
    return html.replace(_LAZY, "", 1)


def published(images: Mapping[str, InlineImage], newsletter_url: str) -> dict[str, bytes]:
    """
    Return what mail shows from the archive, by path from the archive's folder on.

    Args:
        images: the images of an issue, by the address under which mail shows each.
        newsletter_url: where the archive is; images that are published elsewhere are left out.
    """
    home = f"{newsletter_url}/"
    return {
        unquote(urlsplit(address.removeprefix(home)).path): image.content
        for address, image in images.items()
        if address.startswith(home)
    }
