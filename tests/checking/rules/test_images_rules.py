"""Images: their weight, width and format, and what an animation begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from drawn_pictures import draw
from proof_stage import Block, stage

from digest.checking.pictures import begins_blank, media_type, size_of
from digest.checking.rules import RULES
from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from digest.checking.rule import Remark

PUBLISHED = '[assets]\nurl = "https://images.example.net"\n'


def remarks(rule: str, folder: Path, **blocks: str) -> list[Remark]:
    """Return what a rule has to say of an issue that is made of these blocks."""
    return list(RULES[rule].find(stage([Block(kind=kind, text=text) for kind, text in blocks.items()], folder)))


def sentences(rule: str, folder: Path, **blocks: str) -> list[str]:
    """Return the sentences of a rule."""
    return [remark.sentence for remark in remarks(rule, folder, **blocks)]


# Weight


def test_many_light_images_can_be_heavy_together(tmp_path: Path) -> None:
    """Three images of less than a megabyte each are pointed out once, with the largest."""
    images = "".join(f"lamp{number}.gif 1120x700 {800 + number}000 bytes\n" for number in range(3))
    text = "".join(f"![A lamp](lamp{number}.gif)\n\n" for number in range(3))
    (sentence,) = sentences("image-weight", tmp_path, images=images, markdown=text)
    assert sentence == "the images weigh 2.3 MB together; the largest, lamp2.gif, 0.8 MB"


def test_an_image_that_is_shown_twice_weighs_once(tmp_path: Path) -> None:
    """The same file in two places is one download."""
    text = "![A lamp](lamp.gif)\n\n![The lamp again](lamp.gif)\n"
    assert not remarks("image-weight", tmp_path, images="lamp.gif 1120x700 1000000 bytes\n", markdown=text)


def test_images_that_are_published_elsewhere_are_weighed_too(tmp_path: Path) -> None:
    """With [assets] url the files still lie beside the issue."""
    blocks = {"images": "lamp.gif 1120x700 1900000 bytes\n", "markdown": "![A lamp](lamp.gif)\n", "toml": PUBLISHED}
    assert sentences("image-weight", tmp_path, **blocks) == ["lamp.gif weighs 1.8 MB"]


# Embedding


def embedded(folder: Path, *, weight: int, readers: int = 0, toml: str = "") -> list[Remark]:
    """Return what is said of one image that travels inside the message to so many readers."""
    readers_file = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(readers))
    images = f"lamp.gif 1120x700 {weight} bytes\n"
    return remarks(
        "image-embedded", folder, images=images, markdown="![A lamp](lamp.gif)\n", csv=readers_file, toml=toml
    )


def test_embedding_tells_what_it_costs_each_and_all(tmp_path: Path) -> None:
    """The bytes are those that leave, in base64, and they are counted for all readers."""
    (remark,) = embedded(tmp_path, weight=600_000, readers=20)
    assert remark.sentence == "1 image inside the message: 0.8 MB a mail, 16 MB for 20 readers"
    assert remark.severity is None


def test_many_readers_make_a_light_image_dear(tmp_path: Path) -> None:
    """What is nothing in a mail is something in all of them."""
    proof = stage(
        [
            Block(kind="images", text="lamp.gif 1120x700 100000 bytes\n"),
            Block(kind="markdown", text="![A lamp](lamp.gif)\n"),
            Block(kind="csv", text="email\nana@example.org\n"),
        ],
        tmp_path,
    )
    assert proof.survey
    assert not list(RULES["image-embedded"].find(proof))
    crowd = replace(proof, survey=replace(proof.survey, readers=20_000))
    (remark,) = RULES["image-embedded"].find(crowd)
    assert remark.sentence == "1 image inside the message: 0.1 MB a mail, 2.5 GB for 20,000 readers"


def test_a_provider_that_cannot_carry_images_is_an_error(tmp_path: Path) -> None:
    """It is found while the issue is written, however light the image is, and the way out is named."""
    (remark,) = embedded(tmp_path, weight=1, toml='[provider]\nname = "resend"\n')
    assert remark.severity is Severity.ERROR
    assert remark.sentence == "resend cannot carry images inside a message"
    assert "[assets]" in remark.fix


def test_a_provider_that_nobody_knows_is_no_matter_of_images(tmp_path: Path) -> None:
    """Whoever sends is told; whoever checks an issue is not kept from it."""
    assert not embedded(tmp_path, weight=1, toml='[provider]\nname = "pigeons"\n')


def test_published_images_cost_no_mailbox_anything(tmp_path: Path) -> None:
    """They do not travel inside the message."""
    assert not embedded(tmp_path, weight=900_000, toml=PUBLISHED)


# Width


@pytest.mark.parametrize("width", ["", "100%", "auto", "560px", "-3"])
def test_a_width_is_a_number_of_pixels(tmp_path: Path, width: str) -> None:
    """Outlook wants digits; nothing else tells it anything."""
    html = f'<p><img src="https://images.example.net/lamp.jpg" alt="a lamp" width="{width}"></p>'
    (remark,) = remarks("image-width", tmp_path, html=html)
    assert remark.needle == "https://images.example.net/lamp.jpg"


def test_a_hidden_image_needs_no_width(tmp_path: Path) -> None:
    """What is not shown has no size."""
    html = '<div style="display: none"><img src="https://images.example.net/lamp.jpg" alt=""></div>'
    assert not remarks("image-width", tmp_path, html=html)


def test_an_image_that_is_enlarged_looks_blurred(tmp_path: Path) -> None:
    """A logo that is shown larger than its file is pointed out; the sentence has both widths."""
    blocks = {"images": "lamp.png 100x60\n", "toml": '[theme]\nlogo = "issues/lamp.png"\nlogo_width = 240\n'}
    assert sentences("image-width", tmp_path, **blocks) == [
        "lamp.png is shown 240 pixels wide, but has only 100, so it looks blurred"
    ]


def test_a_file_that_is_far_too_large_is_waste(tmp_path: Path) -> None:
    """Ten times the pixels are pointed out when they weigh something."""
    (sentence,) = sentences(
        "image-width", tmp_path, images="lamp.gif 5600x350 900000 bytes\n", markdown="![A lamp](lamp.gif)\n"
    )
    assert sentence == "lamp.gif is 5600 pixels wide for the 560 that are shown, and weighs 0.9 MB"


def test_a_large_file_that_weighs_nothing_is_no_waste(tmp_path: Path) -> None:
    """A drawing with large flat areas may be as wide as it likes."""
    assert not remarks("image-width", tmp_path, images="lamp.png 5600x350\n", markdown="![A lamp](lamp.png)\n")


# Inline data


def test_images_written_into_stylesheets_are_found_too(tmp_path: Path) -> None:
    """An image in a url() is one as well, and one in an image tag is told once."""
    html = '<p style="background: url(data:image/png;base64,AA)">x</p><img src="data:image/gif;base64,AA" width="1">'
    assert len(remarks("image-inline-data", tmp_path, html=html)) == 2


def test_a_flood_of_inline_images_is_no_flood_of_remarks(tmp_path: Path) -> None:
    """A few of the same kind are enough to see the cause."""
    html = '<p><img src="data:image/gif;base64,AA" alt="" width="1"></p>' * 50
    found = remarks("image-inline-data", tmp_path, html=html)
    assert (len(found), found[-1].sentence[-14:]) == (5, " (and 45 more)")


# Format


@pytest.mark.parametrize(
    ("address", "called"),
    [
        ("https://images.example.net/lamp.SVG?size=2#x", "an SVG drawing"),
        ("https://images.example.net/lamp.avif", "an AVIF image"),
        ("https://[broken/lamp.webp", "a WebP image"),
    ],
)
def test_an_image_from_elsewhere_is_known_by_its_name(tmp_path: Path, address: str, called: str) -> None:
    """Its ending tells, whatever follows it, and however broken the address is."""
    (sentence,) = sentences("image-format", tmp_path, html=f'<p><img src="{address}" alt="a lamp" width="9"></p>')
    assert f"is {called}, which is not shown by" in sentence


def test_a_format_that_all_readers_see_is_not_blamed(tmp_path: Path) -> None:
    """Where nobody reads with Outlook, WebP is as good as any."""
    blocks = {"images": "lamp.webp 1120x700\n", "markdown": "![A lamp](lamp.webp)\n"}
    assert not remarks("image-format", tmp_path, toml="[check.clients]\ngmail-web = 100\n", **blocks)


def test_a_file_under_a_wrong_name_is_found(tmp_path: Path) -> None:
    """A JPEG that is called PNG travels as what it is not."""
    text = "![A lamp](lamp.png)\n"
    proof = stage([Block(kind="images", text="lamp.png 9x9\n"), Block(kind="markdown", text=text)], tmp_path)
    jpeg = draw("lamp.jpg 1120x700")[1]
    images = {address: replace(image, content=jpeg) for address, image in proof.images.items()}
    (remark,) = RULES["image-format"].find(replace(proof, images=images))
    assert remark.sentence == "lamp.png is a JPEG under the name of a PNG"


def test_a_moving_png_is_a_note(tmp_path: Path) -> None:
    """It stands still where it does not move, which harms nobody."""
    blocks = {"images": "lamp.png 200x100 gold black\n", "markdown": "![A lamp](lamp.png)\n"}
    (remark,) = remarks("image-format", tmp_path, **blocks)
    assert remark.severity is Severity.NOTE
    assert remark.sentence.startswith("lamp.png is an animated PNG, which stands still in ")


# Bytes


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (draw("a.png 9x9")[1], "image/png"),
        (draw("a.png 9x9 gold black")[1], "image/apng"),
        (draw("a.jpg 9x9")[1], "image/jpeg"),
        (draw("a.gif 9x9")[1], "image/gif"),
        (draw("a.webp 9x9")[1], "image/webp"),
        (draw("a.tif 9x9")[1], "image/tiff"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image/avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (b'<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"\n <svg viewBox='0 0 9 9'/>", "image/svg+xml"),
        (b"<html></html>", ""),
        (b"", ""),
    ],
)
def test_a_file_is_known_by_its_bytes(content: bytes, kind: str) -> None:
    """What an image is, its head tells."""
    assert media_type(content) == kind


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg/>", draw("a.gif 9x9 white gold")[1][:40]]
)
def test_damaged_files_are_no_failure(content: bytes) -> None:
    """Half a file is neither measured nor blamed."""
    assert begins_blank(content) is False
    assert size_of(content) in {None, (9, 9)}


@pytest.mark.parametrize(
    ("line", "blank"),
    [
        ("a.gif 32x24 white gold", True),
        ("a.gif 32x24 gold/black white", False),
        ("a.gif 32x24 white", False),
        ("a.png 32x24 none gold", True),
        ("a.png 32x24 none/gold gold", False),
        ("a.webp 32x24 white gold/black", True),
    ],
)
def test_a_first_frame_of_one_colour_is_blank(line: str, blank: bool) -> None:  # noqa: FBT001  # what is expected
    """Only an animation has a first frame, and only one of a single colour, or of none, shows nothing."""
    assert begins_blank(draw(line)[1]) is blank


def test_a_giant_is_not_unpacked() -> None:
    """A file that claims more pixels than memory should hold is let alone."""
    small = draw("a.gif 9x9 white gold")[1]
    assert begins_blank(small[:6] + b"\xff\xff\xff\xff" + small[10:]) is False


def test_many_like_images_are_no_flood(tmp_path: Path) -> None:
    """Of nine images without a width five are told, and the rest is counted."""
    text = "".join(f"![A lamp](https://images.example.net/{number}.jpg)\n\n" for number in range(9))
    *_, last = sentences("image-width", tmp_path, markdown=text)
    assert last == "https://images.example.net/4.jpg does not say how wide it is shown (and 4 more)"
