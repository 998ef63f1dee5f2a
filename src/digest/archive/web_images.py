"""The images of the archive: each in the sizes that its pages show, and those that mail shows from there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from markupsafe import Markup

from digest.links import slugify
from digest.rendering.fitting import fitted, fitted_file, measure
from digest.rendering.images import Image, Images

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from digest.archive.folder import Content

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


class Size(NamedTuple):
    """A file that holds an image in one of its sizes."""

    name: str
    """Its path from the archive's folder on."""
    width: int
    """0 where a drawing leaves it to whoever shows it."""
    height: int | None
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class WebImages(Images):
    """The images of a page, and the files that it needs beside it."""

    base: str
    """What leads from the page to the archive's folder: ``../``, or the archive's address with a slash."""
    column: int
    """How wide the page shows an image at most, in pixels."""
    known: dict[Path, list[Size]] = field(default_factory=dict)
    """The sizes of files that a page has shown before, which all pages share."""
    files: dict[str, Content] = field(default_factory=dict)
    """What the page shows, by path from the archive's folder on; complete when the page is rendered."""

    def elsewhere(self, src: str, alt: str) -> Image:  # noqa: D102  # inherited
        return WebImage(url=src, alt=alt)

    def place(self, path: Path, alt: str) -> Image:  # noqa: D102  # inherited
        if path not in self.known:
            self.known[path] = [*{size.width: size for size in self._sizes(path)}.values()]
        sizes = self.known[path]
        self.files.update((size.name, size.content) for size in sizes)
        urls = [f"{self.base}{quote(size.name)}" for size in sizes]
        return WebImage(
            url=urls[0],
            alt=alt,
            width=sizes[-1].width or None,
            height=sizes[-1].height,
            sources=", ".join(f"{url} {size.width}w" for url, size in zip(urls, sizes, strict=True) if urls[1:]),
        )

    def _sizes(self, path: Path) -> Iterator[Size]:
        """Return an image in the sizes for usual and for sharp screens, the smaller one first."""
        source = path.read_bytes()
        stem = f"{slugify(path.stem)}-{sha256(source).hexdigest()[:12]}"
        for most in (self.column, 2 * self.column):
            content = fitted(source, most, path.name, self.cache)
            width, height = measure(content, path.name) or (0, None)
            name = f"{FOLDER}/{stem}{f'-{width}' if width else ''}{path.suffix.lower()}"
            yield Size(name, width, height, partial(fitted_file, path, most, self.cache))


def eager_first(html: str) -> str:
    """Return a page whose first image is fetched at once, since that is what one sees of it first."""
    return html.replace(_LAZY, "", 1)


def published(images: Mapping[str, Content], newsletter_url: str) -> dict[str, Content]:
    """
    Return what mail shows from the archive, by path from the archive's folder on.

    Args:
        images: the images of an issue, by the address under which mail shows each.
        newsletter_url: where the archive is; images that are published elsewhere are left out.
    """
    home = f"{newsletter_url}/"
    return {
        unquote(urlsplit(address.removeprefix(home)).path): content
        for address, content in images.items()
        if address.startswith(home)
    }
