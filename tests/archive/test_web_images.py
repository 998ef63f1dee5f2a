"""Images of the archive's pages: in the sizes that screens need, and those that mail shows from there."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from drawn_pictures import draw
from PIL import Image as Picture

from digest.archive.folder import made
from digest.archive.web_images import WebImages, eager_first, published

if TYPE_CHECKING:
    from pathlib import Path

    from digest.rendering.images import Image


def show(root: Path, line: str, *, base: str = "../") -> tuple[Image, WebImages]:
    """Return a drawn picture as a page shows it, and the images of that page."""
    name, content = draw(line)
    (root / name).write_bytes(content)
    images = WebImages(root=root, base=base, column=640)
    return images.resolve(name, "A lamp", root / "issue.md"), images


def widths(images: WebImages) -> dict[str, int]:
    """Return how many pixels across the files of a page have."""
    return {name: Picture.open(BytesIO(made(content))).width for name, content in images.files.items()}


def test_a_photograph_comes_in_two_sizes(tmp_path: Path) -> None:
    """One for usual screens and one for sharp ones; the tag names both, and the place that it takes."""
    image, images = show(tmp_path, "lamp.jpg 2000x1000 90000 bytes")
    small, large = images.files
    assert widths(images) == {small: 640, large: 1280}
    assert small.startswith("images/lamp-")
    assert image.url == f"../{small}"
    assert image.attributes(640) == (
        f' width="640" height="320" srcset="../{small} 640w, ../{large} 1280w" sizes="(max-width: 640px) 100vw, 640px"'
        ' loading="lazy" decoding="async"'
    )


def test_a_picture_between_the_sizes_has_its_own_as_the_larger(tmp_path: Path) -> None:
    """Nothing is enlarged."""
    _, images = show(tmp_path, "lamp.jpg 900x600 90000 bytes")
    assert sorted(widths(images).values()) == [640, 900]


@pytest.mark.parametrize("line", ["lamp.jpg 300x150", "lamp.gif 300x150 white gold", "lamp.webp 300x150"])
def test_a_small_picture_has_one_size(tmp_path: Path, line: str) -> None:
    """It is shown as wide as it is."""
    image, images = show(tmp_path, line)
    assert len(images.files) == 1
    assert image.attributes(640) == ' width="300" height="150" loading="lazy" decoding="async"'


def test_a_wide_drawing_that_is_light_stays_whole(tmp_path: Path) -> None:
    """Where scaling would cost bytes, one file serves all screens, under the width that it has."""
    image, images = show(tmp_path, "lamp.gif 2000x1000 white gold")
    assert [*widths(images).values()] == [2000]
    assert image.attributes(640).startswith(' width="640" height="320" loading')


def test_a_picture_shown_small_says_so(tmp_path: Path) -> None:
    """A browser takes the smaller file for a thumbnail."""
    image, _ = show(tmp_path, "lamp.jpg 2000x1000 90000 bytes")
    assert 'width="200" height="100"' in image.attributes(200)
    assert 'sizes="(max-width: 200px) 100vw, 200px"' in image.attributes(200)


def test_names_tell_contents_apart(tmp_path: Path) -> None:
    """Files may be kept by browsers for good; the same picture is the same file on all pages."""
    _, before = show(tmp_path, "Größe.jpg 900x600 90000 bytes gold")
    _, again = show(tmp_path, "Größe.jpg 900x600 90000 bytes gold", base="../../")
    _, after = show(tmp_path, "Größe.jpg 900x600 90000 bytes teal")
    assert before.files.keys() == again.files.keys()
    assert not before.files.keys() & after.files.keys()
    assert all(name.isascii() for name in before.files)


def test_a_picture_is_measured_once_for_all_pages(tmp_path: Path) -> None:
    """Pages share what is known of a file, and hold none of its bytes."""
    image, first = show(tmp_path, "lamp.jpg 900x600 90000 bytes")
    (tmp_path / "lamp.jpg").write_bytes(b"")
    second = WebImages(root=tmp_path, base="../", column=640, known=first.known)
    assert second.resolve("lamp.jpg", "A lamp", tmp_path / "issue.md") == image
    assert not any(isinstance(content, bytes) for content in first.files.values())


def test_addresses_for_feeds_are_whole(tmp_path: Path) -> None:
    """The base is the archive's address there."""
    image, _ = show(tmp_path, "雪.jpg 300x150", base="https://example.org/")
    assert image.url.startswith("https://example.org/images/%E9%9B%AA-")


def test_a_drawing_without_a_size_is_shown(tmp_path: Path) -> None:
    """SVG may leave it to the page."""
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>", encoding="utf-8")
    images = WebImages(root=tmp_path, base="", column=640)
    image = images.resolve("a.svg", "", tmp_path / "issue.md")
    assert image.attributes(640) == ' loading="lazy" decoding="async"'
    assert [name.rpartition(".")[2] for name in images.files] == ["svg"]


def test_an_image_from_elsewhere_waits_until_it_is_seen(tmp_path: Path) -> None:
    """Its size is not known, but it does not hold up the page."""
    images = WebImages(root=tmp_path, base="", column=640)
    image = images.resolve("https://example.org/a.png", "", tmp_path / "issue.md")
    assert (image.url, image.attributes(640)) == ("https://example.org/a.png", ' loading="lazy" decoding="async"')
    assert not images.files


def test_the_first_image_of_a_page_is_fetched_at_once() -> None:
    """It is what one sees first; the others wait."""
    lazy = '<img src="a.png" loading="lazy"><img src="b.png" loading="lazy">'
    assert eager_first(lazy) == '<img src="a.png"><img src="b.png" loading="lazy">'


def test_what_mail_shows_from_the_archive_lies_where_its_address_says() -> None:
    """Images that are published elsewhere, or travel inside the message, are left out."""
    images = {
        "https://example.org/letters/assets/snow/a%20b.png?v=abc": b"png",
        "https://example.org/letters-of-others/b.png?v=abc": b"b",
        "https://cdn.example.org/letters/c.png?v=abc": b"c",
        "cid:abc@example.org": b"cid",
    }
    assert published(images, "https://example.org/letters") == {"assets/snow/a b.png": b"png"}
