"""Rules of colour: contrast by day and by night, half-styled dark screens, hidden white text."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from proof_stage import find

from digest.checking.pictures import shade_on_nothing
from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

NIGHT = "<style>@media (prefers-color-scheme: dark) {{ {} }}</style>"


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<p style="color:#777">Grey</p>', "#777777 on #ffffff is 4.47:1, not 4.5:1"),
        ('<h1 style="color:#999">Grey</h1>', "#999999 on #ffffff is 2.84:1, not 3:1"),
        ('<p style="color:#949494;font:bold 19px Arial">Large and bold</p>', ""),
        ('<p style="color:#949494;font:19px Arial">Large</p>', "3.03:1, not 4.5:1"),
        ('<p style="opacity:.4">Faded</p>', "#999999 on #ffffff"),
        ('<p style="color:#ccc;display:none">Hidden</p>', ""),
        ('<p style="color:#ccc"> · → </p>', ""),
        ('<button disabled style="color:#ccc">Later</button>', ""),
        (
            '<style>@media (max-width:500px) {p {color:#ccc!important}}</style><p style="color:#000">On a phone</p>',
            "#cccccc",
        ),
        ('<table bgcolor="eeeeee"><td><font color="#888888">Old</font></table>', "#888888 on #eeeeee"),
    ],
)
def test_contrast_by_day(html: str, words: str, tmp_path: Path) -> None:
    """Text that can be seen needs its contrast, by its size and weight, on any screen."""
    remarks = find("contrast", tmp_path, html=html)
    assert [words in remark.sentence for remark in remarks] == [True] * bool(words)


def test_the_suggested_colour_is_good(tmp_path: Path) -> None:
    """With the colour that the remark names, it is content."""
    (remark,) = find("contrast", tmp_path / "a", html='<p style="color:#e8734a">Rust</p>')
    better = remark.fix.split("#")[1][:6]
    assert not find("contrast", tmp_path / "b", html=f'<p style="color:#{better}">Rust</p>')


def test_contrast_by_night(tmp_path: Path) -> None:
    """What the email says for dark screens is judged, too."""
    html = NIGHT.format("p {color:#555!important;background:#222!important}")
    (remark,) = find("contrast", tmp_path, html=f"{html}<p>Dim</p>")
    assert "in dark mode: #555555 on #222222" in remark.sentence


def test_a_colour_of_the_theme_is_found_in_the_settings(tmp_path: Path) -> None:
    """Where both colours are the theme's, the place is the one in digest.toml that is set there."""
    (muted,) = {one.place for one in find("contrast", tmp_path / "a", toml='[theme]\nradius = 4\nmuted = "#a8a39a"\n')}
    assert muted
    lines = (tmp_path / "a" / "digest.toml").read_text(encoding="utf-8").splitlines()
    assert "muted" in lines[muted.line - 1]
    places = [one.place for one in find("contrast", tmp_path / "b", toml='[theme.dark]\ncard = "#777788"\n')]
    lines = (tmp_path / "b" / "digest.toml").read_text(encoding="utf-8").splitlines()
    assert places
    assert all(place and "card" in lines[place.line - 1] for place in places)


def test_like_texts_are_told_once(tmp_path: Path) -> None:
    """Each pair of colours is one remark, that says how many texts have it; and of many pairs only some are told."""
    (remark,) = find("contrast", tmp_path / "a", html='<p style="color:#ccc">Nine</p><p style="color:#ccc">Ten</p>')
    assert '"Nine" and 1 more' in remark.sentence
    many = "".join(f'<p style="color:#cccc{number:02x}">Nine</p>' for number in range(30))
    remarks = find("contrast", tmp_path / "b", html=many)
    assert len(remarks) == 5
    assert "25 more" in remarks[-1].sentence


def test_text_on_a_picture(tmp_path: Path) -> None:
    """Nobody can tell, which is a note; where it could not be read without the picture, it is a warning."""
    html = '<div style="background:{} url(https://example.test/x.png);color:#fff">Nine lamps</div>'
    (unknown,) = find("contrast", tmp_path / "a", html=html.format("#222"))
    assert unknown.severity is Severity.NOTE
    (without,) = find("contrast", tmp_path / "b", html=html.format("none"))
    assert without.severity is Severity.WARNING
    assert "while images are off" in without.sentence


def test_each_half_of_a_pair_for_dark_screens(tmp_path: Path) -> None:
    """Text that changes without its ground, and ground without its text, are told by one rule, and not by the other."""
    for number, (declaration, said) in enumerate(
        (("color:#eee!important", "another colour"), ("background:#111!important", "another background"))
    ):
        html = NIGHT.format(f"p {{{declaration}}}") + '<p style="color:#111;background:#fff">Nine</p>'
        (remark,) = find("dark-mode-half-styled", tmp_path / f"{number}", html=html)
        assert said in remark.sentence
        assert not find("contrast", tmp_path / f"{number} again", html=html)


def test_a_half_that_can_still_be_read(tmp_path: Path) -> None:
    """To change only the colour of a text is no fault where it can be read on the ground by night as well."""
    html = (
        NIGHT.format(".muted {color:#222!important}") + '<p class="muted" style="color:#555;background:#fff">Nine</p>'
    )
    assert not find("dark-mode-half-styled", tmp_path, html=html)


def test_colours_that_a_program_would_choose(tmp_path: Path) -> None:
    """A link without a colour, a ground whose text has none, and dark styles that are not announced are told."""
    html = (
        NIGHT.format("p {color:#eee!important;background:#111!important}")
        + '<a href="https://example.test/">Nine</a><div style="background:#eee">Ten</div>'
    )
    sentences = [remark.sentence for remark in find("dark-mode-unsafe-colour", tmp_path, html=html)]
    assert len(sentences) == 3
    assert 'the link "Nine" has no colour' in sentences[0]
    assert '"Ten" has a background' in sentences[1]
    assert "color-scheme" in sentences[2]


def picture(ground: tuple[int, ...], ink: tuple[int, ...]) -> bytes:
    """Return a PNG of a square of `ink` on a ground three times as wide."""
    image = Image.new("RGBA", (30, 30), ground)
    image.paste(ink, (10, 10, 20, 20))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_the_shade_of_a_picture() -> None:
    """Only what is drawn on a transparent ground has one."""
    assert str(shade_on_nothing(picture((0, 0, 0, 0), (32, 16, 48, 255)))) == "#201030"
    assert shade_on_nothing(picture((255, 255, 255, 255), (32, 16, 48, 255))) is None
    assert shade_on_nothing(picture((0, 0, 0, 0), (0, 0, 0, 0))) is None
    assert shade_on_nothing(b"no picture") is None


@pytest.mark.parametrize(("ink", "count"), [((20, 20, 30, 255), 1), ((240, 120, 40, 255), 0)])
def test_a_dark_picture_on_a_transparent_ground(ink: tuple[int, ...], count: int, tmp_path: Path) -> None:
    """It vanishes on a dark screen, one in a lighter colour does not."""
    (tmp_path / "logo.png").write_bytes(picture((0, 0, 0, 0), ink))
    remarks = find("dark-mode-unsafe-colour", tmp_path, toml='[theme]\nlogo = "logo.png"\n')
    assert len([remark for remark in remarks if "logo.png" in remark.sentence]) == count


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<div style="display:none;color:#fff">Nine lamps</div>', 1),
        ('<div style="font-size:1px;color:#fefefe">Nine lamps</div>', 1),
        ('<div style="background:#000"><p style="max-height:0;overflow:hidden;color:#000">Nine lamps</p></div>', 1),
        ('<div style="display:none;color:#fff">&zwnj;&nbsp;</div>', 0),
        ('<div style="display:none">Nine lamps</div>', 0),
        ('<div style="opacity:0;color:#111">Nine lamps</div>', 0),
    ],
)
def test_hidden_text_in_the_colour_of_its_ground(html: str, count: int, tmp_path: Path) -> None:
    """It looks like spam; hidden text that could be read does not."""
    assert len(find("preheader-white-on-white", tmp_path, html=html)) == count
