"""Pictures as they leave: upright, no larger than eyes can tell, and without what their files tell beside."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

import pytest
from drawn_pictures import draw
from newsletters import png
from PIL import Image, ImageCms

from digest.errors import ContentError
from digest.rendering.fitting import fitted, measure
from digest.rendering.metadata import bare

if TYPE_CHECKING:
    from pathlib import Path

PLACE = b"59 deg 54' N, taken by Ana"
WIDTH = 100
ORIENTATION, DESCRIPTION = 0x0112, 0x010E


def picture(mode: str, size: tuple[int, int], kind: str, **options: object) -> bytes:
    """Return a picture whose left half is dark and whose right half is light, with an orientation of EXIF if given."""
    image = Image.new("L", size, 40)
    image.paste(220, (size[0] // 2, 0, *size))
    exif = Image.Exif()
    if turned := options.pop("orientation", None):
        exif[ORIENTATION] = turned
        exif[DESCRIPTION] = PLACE.decode()
    written = BytesIO()
    image.convert(mode).save(written, kind, exif=exif, **options)
    return heavy(written.getvalue())


def heavy(content: bytes) -> bytes:
    """Return a picture that is worth scaling: what follows its end counts, and does not arrive."""
    return content.ljust(70_000, b"\0")


def noise(size: tuple[int, int], kind: str, mode: str = "RGB") -> bytes:
    """Return a picture that no format makes small, the same each time."""
    pixels = Random(1).randbytes(size[0] * size[1] * len(mode))  # noqa: S311  # no secret
    written = BytesIO()
    Image.frombytes(mode, size, pixels).save(written, kind)
    return heavy(written.getvalue()) if size[0] > WIDTH else written.getvalue()


def opened(content: bytes) -> Image.Image:
    """Return a picture, unpacked."""
    image = Image.open(BytesIO(content))
    image.load()
    return image


def fit(content: bytes, cache: Path, width: int = WIDTH) -> bytes:
    """Return a picture as it leaves."""
    return fitted(content, width, "lamp.png", cache)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_wide_picture_is_scaled_in_its_own_format(tmp_path: Path, kind: str) -> None:
    """It keeps its shape, and weighs less than before."""
    source = noise((400, 300), kind)
    content = fit(source, tmp_path)
    assert (opened(content).format, opened(content).size) == (kind, (100, 75))
    assert len(content) < len(source) / 4


def test_a_photograph_is_shown_bit_by_bit_while_it_loads(tmp_path: Path) -> None:
    """What is written anew is progressive."""
    assert opened(fit(noise((400, 300), "JPEG"), tmp_path)).info["progressive"]


def test_a_picture_that_fits_stays_as_it_was_saved(tmp_path: Path) -> None:
    """It is not made worse by being written anew."""
    for source in (noise((100, 300), "JPEG"), noise((100, 300), "PNG"), png(100, 50)):
        assert fit(source, tmp_path) == source
    assert not any(tmp_path.iterdir())


def test_a_picture_that_would_get_heavier_is_not_scaled(tmp_path: Path) -> None:
    """A drawing of a few colours has more of them between its edges when it is scaled."""
    source = Image.open(BytesIO(noise((101, 101), "PNG", "L"))).point(lambda value: 255 * (value > 127)).convert("1")
    written = BytesIO()
    source.save(written, "PNG")
    assert fit(written.getvalue(), tmp_path) == written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("orientation", "size", "dark"),
    [(1, (60, 40), "left"), (3, (60, 40), "right"), (6, (40, 60), "top"), (8, (40, 60), "bottom")],
)
def test_a_picture_stands_upright_by_itself(
    tmp_path: Path, kind: str, orientation: int, size: tuple[int, int], dark: str
) -> None:
    """Mail programs that do not read EXIF show it as those that do."""
    image = opened(fit(picture("RGB", (60, 40), kind, orientation=orientation), tmp_path)).convert("L")
    corners = {"left": (5, 20), "right": (55, 20), "top": (20, 5), "bottom": (20, 55)}
    assert image.size == size
    value = image.getpixel(corners[dark])
    assert isinstance(value, int)
    assert value < 100


def test_the_width_of_a_picture_on_its_side_is_that_which_is_seen(tmp_path: Path) -> None:
    """It is scaled by the side that lies across when it stands upright."""
    assert opened(fit(picture("RGB", (300, 400), "JPEG", orientation=6), tmp_path)).size == (100, 75)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(60, 40), (400, 200)])
def test_nothing_tells_where_it_was_taken(tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
    """Neither a picture that is scaled nor one that fits has EXIF or a comment, but both have their colour profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = picture("RGB", size, kind, orientation=1, icc_profile=profile, comment=PLACE)
    assert PLACE in source
    content = fit(source, tmp_path)
    assert PLACE not in content
    assert b"Exif" not in content
    assert opened(content).info["icc_profile"] == profile


def test_what_follows_a_photograph_is_dropped() -> None:
    """Phones hide a film with sound behind the end; a progressive JPEG has many parts before it."""
    written = BytesIO()
    Image.open(BytesIO(noise((64, 64), "JPEG"))).save(written, "JPEG", progressive=True, restart_marker_blocks=2)
    photograph = written.getvalue()
    assert bare(photograph + b"....ftypmp42" + PLACE) == photograph
    drawing = noise((9, 9), "PNG")
    assert bare(drawing + PLACE) == drawing


def test_a_photograph_with_others_behind_it_is_one(tmp_path: Path) -> None:
    """Phones put a second picture, of depth or of light, into the file of the first."""
    first, second = (Image.open(BytesIO(noise(size, "JPEG"))) for size in ((400, 300), (200, 150)))
    written = BytesIO()
    first.save(written, "MPO", save_all=True, append_images=[second])
    image = opened(fit(written.getvalue(), tmp_path))
    assert (image.format, image.size) == ("JPEG", (100, 75))
    assert opened(bare(written.getvalue())).format == "JPEG"


@pytest.mark.parametrize("length", [2, 3, 5, 30, 200, 700])
def test_half_a_file_loses_nothing_of_its_picture(length: int) -> None:
    """Browsers show what there is of it, so it is not made less."""
    for source in (noise((20, 20), "JPEG"), noise((20, 20), "PNG")):
        assert bare(source[:length]) == source[:length]


@pytest.mark.parametrize(
    ("source", "mode"),
    [
        (picture("CMYK", (400, 200), "JPEG"), "RGB"),
        (picture("L", (400, 200), "JPEG"), "L"),
        (picture("I;16", (400, 200), "PNG"), "L"),
        (picture("1", (400, 200), "PNG"), "L"),
        (noise((400, 200), "PNG", "RGBA"), "RGBA"),
        (noise((400, 200), "PNG", "LA"), "RGBA"),
    ],
)
def test_every_kind_of_colour_can_be_scaled(tmp_path: Path, source: bytes, mode: str) -> None:
    """Ink becomes light, sixteen bits become eight, and what is transparent stays so."""
    image = opened(fit(source, tmp_path))
    assert (image.mode, image.size) == (mode, (100, 50))


def test_a_palette_that_may_be_seen_through_stays_so(tmp_path: Path) -> None:
    """The colours of a drawing and its transparent ground are what they were."""
    palette = opened(noise((400, 400), "PNG", "RGBA")).quantize(200)
    palette.info["transparency"] = 0
    written = BytesIO()
    palette.save(written, "PNG")
    image = opened(fit(written.getvalue(), tmp_path))
    assert (image.mode, image.has_transparency_data, image.size) == ("RGBA", True, (100, 100))


def test_a_drawing_of_few_colours_is_written_with_few(tmp_path: Path) -> None:
    """A palette takes a third of the bytes, and is taken where nobody sees the difference."""
    drawing = Image.new("RGB", (400, 400), "gold")
    for at in range(0, 400, 7):
        drawing.paste("teal", (at, at // 2, at + 3, 400))
    written = BytesIO()
    drawing.save(written, "PNG", compress_level=0)
    image = opened(fit(written.getvalue(), tmp_path))
    assert (image.mode, image.size) == ("P", (100, 100))


@pytest.mark.parametrize(
    "line", ["a.gif 400x200 white gold", "a.gif 400x200 white", "a.png 400x200 white gold", "a.webp 400x200 white"]
)
def test_what_moves_and_what_pillow_writes_worse_stays_as_it_is(tmp_path: Path, line: str) -> None:
    """GIF, WebP and animations reach readers as they were saved, whatever their width."""
    source = draw(line)[1]
    assert fit(source, tmp_path) == source


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    """Otherwise an issue would count as changed whenever it is built on a new machine."""
    for kind in ("JPEG", "PNG"):
        source = noise((400, 300), kind)
        assert fit(source, tmp_path / "one") == fit(source, tmp_path / "two")


def test_what_was_scaled_before_is_taken_from_its_folder(tmp_path: Path) -> None:
    """A second build reads it, and another file or another width under the same name is another picture."""
    source = noise((400, 300), "JPEG")
    fit(source, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"kept")
    assert fit(source, tmp_path) == b"kept"
    assert opened(fit(source, tmp_path, width=50)).size == (50, 38)
    assert opened(fit(noise((500, 300), "JPEG"), tmp_path)).size == (100, 60)


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    """Then each build scales anew."""
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    assert opened(fit(noise((400, 300), "JPEG"), tmp_path / "file")).size == (100, 75)


def test_a_giant_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A file of a few bytes can claim any size; the sentence has it."""
    header = png(30_000, 1)[:16] + (30_000).to_bytes(4, "big") * 2 + png(30_000, 1)[24:]
    with pytest.raises(ContentError, match=r"lamp\.png has 30,000 x 30,000 pixels, which is too much to unpack"):
        fit(header, tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_damaged_picture_is_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    """What cannot be unpacked is named, and nothing of it is kept."""
    source = noise((800, 600), kind)
    with pytest.raises(ContentError, match=r"lamp\.png is damaged, or no image at all") as caught:
        fit(source[: len(source) // 3], tmp_path)
    assert caught.value.hint
    assert not any(tmp_path.iterdir())


def test_a_damaged_note_costs_no_picture(tmp_path: Path) -> None:
    """A photograph whose EXIF is broken is shown by everybody, and so is it here."""
    source = picture("RGB", (400, 200), "JPEG", orientation=6).replace(b"Exif\0\0MM", b"Exif\0\0??")
    assert opened(fit(source, tmp_path)).size == (100, 50)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"II*\0" + bytes(100), "a.png"),
        (b"RIFF\4\0\0\0WAVE", "a.webp"),
        (b"P6 9 9 255 " + bytes(99), "a.jpg"),
    ],
)
def test_what_is_no_picture_for_mail_is_damaged(content: bytes, name: str) -> None:
    """Whatever it is called, a file of a format that nobody shows is refused in a sentence."""
    with pytest.raises(ContentError, match="is damaged, or no image at all"):
        measure(content, name)


def test_a_lying_name_changes_nothing(tmp_path: Path) -> None:
    """A JPEG that is called PNG is scaled as what it is; the rule `image-format` tells of it."""
    assert opened(fit(noise((400, 300), "JPEG"), tmp_path)).format == "JPEG"


def test_a_drawing_has_no_size() -> None:
    """SVG may leave it to whoever shows it; anything else without one is damaged."""
    assert measure(b"<svg/>", "a.svg") is None
    with pytest.raises(ContentError):
        measure(b"<svg/>", "a.png")


def test_pillow_is_not_loaded_for_pictures_that_fit(tmp_path: Path) -> None:
    """Whoever has small images, or built before, does not wait for it."""
    (tmp_path / "small.png").write_bytes(png(90, 9))
    (tmp_path / "wide.png").write_bytes(noise((200, 9), "PNG"))
    fit((tmp_path / "wide.png").read_bytes(), tmp_path)
    program = (
        "import sys; from pathlib import Path; from digest.rendering.fitting import fitted\n"
        "for name in ('small.png', 'wide.png'): fitted(Path(name).read_bytes(), 100, name, Path())\n"
        "sys.exit('PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False).returncode == 0
