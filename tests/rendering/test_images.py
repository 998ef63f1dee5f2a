"""Images: found beside the issue, checked, and shown from the message or from where they are published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from newsletters import READER, html_of, make_newsletter, png

from digest.errors import ContentError

if TYPE_CHECKING:
    from pathlib import Path

    from newsletters import Newsletter


@pytest.fixture
def newsletter(tmp_path: Path) -> Newsletter:
    """A newsletter that embeds its images."""
    return make_newsletter(tmp_path)


def fault_of(newsletter: Newsletter, src: str) -> ContentError:
    """Return the fault of an image on the third line of an issue."""
    with pytest.raises(ContentError) as caught:
        newsletter.render(f"Hello.\n\nA picture ![of it]({src}) here.\n", "issues/one.md")
    return caught.value


def test_an_image_beside_the_issue_travels_inside_the_message(newsletter: Newsletter) -> None:
    """Its address is a content id, its name, type and bytes are the file's, its size is the picture's."""
    newsletter.write("issues/stairs.png", png(40, 30))
    edition = newsletter.render('![Some "stairs"](stairs.png "Up")', "issues/one.md")
    (image,) = edition.images
    assert (image.filename, image.media_type, image.content) == ("stairs.png", "image/png", png(40, 30))
    (shown,) = html_of(edition).all("img")
    assert {name: shown.attributes[name] for name in ("src", "alt", "title", "width", "height")} == {
        "src": f"cid:{image.cid}",
        "alt": 'Some "stairs"',
        "title": "Up",
        "width": "40",
        "height": "30",
    }


def test_a_large_image_is_shown_no_wider_than_the_content(newsletter: Newsletter) -> None:
    """Outlook obeys its attributes alone, so both sizes are written down."""
    newsletter.write("wide.png", png(2000, 100))
    (shown,) = html_of(newsletter.render("A ![wide](wide.png) one.")).all("img")
    assert (shown.attributes["width"], shown.attributes["height"]) == ("560", "28")


def test_a_story_shows_its_image_beside_its_text(newsletter: Newsletter) -> None:
    """The lead story's is large, the others' are no wider than their column; each has its words."""
    newsletter.write("a.png", png(2000, 10))
    story = "## [Story {0}](https://example.org/{0})\n\n![Picture {0}](a.png)\n\nText.\n\n"
    images = html_of(newsletter.render(story.format(1) + story.format(2))).all("img")
    assert [(image.attributes["alt"], image.attributes["width"]) for image in images] == [
        ("Picture 1", "560"),
        ("Picture 2", "177"),
    ]


def test_published_images_are_shown_from_their_address(tmp_path: Path) -> None:
    """With an address under [assets], nothing is embedded."""
    newsletter = make_newsletter(tmp_path, more='[assets]\nurl = "https://cdn.example.org/i"\n')
    newsletter.write("issues/a b.png", png())
    edition = newsletter.render("![x](<a b.png>)", "issues/one.md")
    source = str(html_of(edition).one("img").attributes["src"])
    assert source.partition("?v=")[0] == "https://cdn.example.org/i/one/a%20b.png"
    assert not edition.images


def test_another_content_is_another_edition(tmp_path: Path) -> None:
    """A published image that was changed after the preview is seen in the address, so the issue counts as changed."""
    newsletter = make_newsletter(tmp_path, more='[assets]\nurl = "https://cdn.example.org/i"\n')
    newsletter.write("a.png", png(shade=1))
    before = newsletter.render("![x](a.png)")
    newsletter.write("a.png", png(shade=2))
    assert newsletter.render("![x](a.png)").fingerprint != before.fingerprint


# Raw HTML


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="stairs.png" alt="Stairs">',
        "<IMG alt='Stairs' SRC = 'stairs.png' />",
        "<p>Up: <img src=stairs.png alt=Stairs> and on</p>",
        '<!--[if mso]><img src="stairs.png" alt="Stairs"><![endif]-->',
        'A line with <img\nalt="Stairs"\nsrc="./stairs.png"> in it',
    ],
)
def test_an_image_in_raw_html_is_found_as_one_in_markdown_is(newsletter: Newsletter, tag: str) -> None:
    """Its tag keeps all else that the editor wrote, and says how large it is shown."""
    newsletter.write("stairs.png", png(1000, 500))
    edition = newsletter.render(f"Hello.\n\n{tag}\n")
    (image,) = edition.images
    (found,) = re.findall(r"<img[^>]*cid:[^>]*>", edition.html.fill(READER), re.IGNORECASE)
    assert f'src="cid:{image.cid}" width="560" height="280"' in found
    assert "Stairs" in edition.html.fill(READER)


def test_an_image_in_raw_html_keeps_its_own_width(newsletter: Newsletter) -> None:
    """The editor has said how large it is shown."""
    newsletter.write("stairs.png", png(1000, 500))
    shown = html_of(newsletter.render('<img width="90" src="stairs.png" alt="">')).one("img")
    assert shown.attributes["width"] == "90"
    assert "height" not in shown.attributes


def test_an_image_in_raw_html_that_is_missing_is_an_error_at_its_line(newsletter: Newsletter) -> None:
    """A dead path would leave as it is, so it is refused where it stands."""
    with pytest.raises(ContentError, match=r"the image gone\.png is not there") as caught:
        newsletter.render('Hello.\n\n<div>\n<p>x</p>\n<img src="gone.png" alt="">\n</div>\n', "issues/one.md")
    assert str(caught.value.place) == "issues/one.md:5"


@pytest.mark.parametrize(
    "src", ["https://example.org/a.png", "//example.org/a.png", "data:image/png;base64,AA", "#", ""]
)
def test_raw_html_that_names_no_file_is_left_to_the_rules(newsletter: Newsletter, src: str) -> None:
    """What is no path from the issue on stays as it was written."""
    shown = html_of(newsletter.render(f'<img src="{src}" alt="" width="9">')).one("img")
    assert shown.attributes["src"] == src


@pytest.mark.parametrize(
    ("name", "src"),
    [
        ("my stairs.png", "my%20stairs.png"),
        ("my stairs.png", "<my stairs.png>"),
        ("Größe.png", "Größe.png"),
        ("写真.PNG", "写真.PNG"),
        ("100%.png", "100%.png"),
        ("a&b.png", "a&b.png"),
        ("sub/deep.png", "sub/deep.png"),
        ("up.png", "sub/../up.png"),
    ],
)
def test_a_name_may_hold_spaces_and_letters_of_any_script(newsletter: Newsletter, name: str, src: str) -> None:
    """Percent-encoding, which Markdown wants and adds, is undone to find the file."""
    newsletter.write(f"issues/{name}", png())
    newsletter.write("issues/sub/other.txt", "")
    (image,) = newsletter.render(f"![x]({src})", "issues/one.md").images
    assert image.filename == name.rpartition("/")[2]


@pytest.mark.parametrize("src", ["https://example.org/a.png?x=1&y=2", "http://example.org/a.png"])
def test_a_remote_image_is_left_where_it_is(newsletter: Newsletter, src: str) -> None:
    """Nothing is fetched, and its size stays unknown."""
    shown = html_of(newsletter.render(f"![x]({src})")).one("img")
    assert shown.attributes["src"] == src
    assert "width" not in shown.attributes


@pytest.mark.parametrize(
    ("src", "content", "sentence"),
    [
        ("missing.png", None, "the image missing.png is not there"),
        ("a%00b.png", None, "is not there"),
        ("folder.png/", None, "is not there"),
        ("../../outside.png", png(), "lies outside the newsletter's folder"),
        ("notes.txt", b"hello", "is no image that mail programs show"),
        ("photo.heic", b"hello", "is no image that mail programs show"),
        ("text.png", b"hello", "is damaged, or no image at all"),
        ("empty.jpg", b"", "is damaged, or no image at all"),
        ("cut.png", png()[:12], "is damaged, or no image at all"),
        ("cut.jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "is damaged, or no image at all"),
        ("data:image/png;base64,iVBORw0KGgo=", None, "Gmail and Outlook do not show"),
    ],
)
def test_an_image_that_cannot_be_shown_is_an_error_at_its_line(
    tmp_path: Path, src: str, content: bytes | None, sentence: str
) -> None:
    """Readers never get a broken image."""
    newsletter = make_newsletter(tmp_path / "newsletter")
    if content is not None:
        newsletter.write(f"issues/{src}", content)
    fault = fault_of(newsletter, src)
    assert sentence in str(fault)
    assert str(fault.place) == "issues/one.md:3"
    assert fault.hint


def test_an_image_that_nobody_would_get_is_an_error(tmp_path: Path) -> None:
    """A local image that is neither embedded nor published is refused."""
    newsletter = make_newsletter(tmp_path, more="[assets]\nembed = false\n")
    newsletter.write("issues/a.png", png())
    assert "nothing says how readers get the image a.png" in str(fault_of(newsletter, "a.png"))


@pytest.mark.parametrize("assets", ["", '[assets]\nurl = "https://cdn.example.org"\n'])
def test_two_images_of_one_name_are_an_error(tmp_path: Path, assets: str) -> None:
    """They would overwrite each other where images are published or built, also where case makes no difference."""
    newsletter = make_newsletter(tmp_path, more=assets)
    newsletter.write("issues/one/a/cover.png", png(shade=1))
    newsletter.write("issues/one/b/Cover.png", png(shade=2))
    with pytest.raises(ContentError, match=r"a second image of this issue is called Cover\.png") as caught:
        newsletter.render("![x](a/cover.png)\n\n![y](b/Cover.png)\n", "issues/one/index.md")
    assert str(caught.value.place) == "issues/one/index.md:3"


def test_one_picture_travels_once(newsletter: Newsletter) -> None:
    """However often and under whatever names an issue shows a picture, its bytes are in the message once."""
    for name in ("a.png", "b.png", "sub/a.png"):
        newsletter.write(name, png())
    edition = newsletter.render("![x](a.png) ![y](a.png) ![z](b.png) ![w](sub/a.png)")
    (image,) = edition.images
    assert [shown.attributes["src"] for shown in html_of(edition).all("img")] == [f"cid:{image.cid}"] * 4


def test_a_drawing_without_a_size_is_shown(newsletter: Newsletter) -> None:
    """SVG may leave its size to whoever shows it."""
    newsletter.write("a.svg", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>")
    assert newsletter.render("![x](a.svg)").images[0].media_type == "image/svg+xml"


def test_a_logo_takes_the_place_of_the_name(tmp_path: Path) -> None:
    """It stands beside digest.toml, and says the newsletter's name to those who do not see it."""
    newsletter = make_newsletter(tmp_path, more='[theme]\nlogo = "art/logo.png"\nlogo_width = 90\n')
    newsletter.write("art/logo.png", png(300, 100))
    edition = newsletter.render()
    logo = html_of(edition).one("img")
    assert logo.attributes["alt"] == "Past the Plateau"
    assert logo.attributes["width"] == "90"
    assert logo.attributes["src"] == f"cid:{edition.images[0].cid}"


def test_a_missing_logo_is_said_of_the_settings(tmp_path: Path) -> None:
    """The fault is where the logo is named."""
    newsletter = make_newsletter(tmp_path, more='[theme]\nlogo = "logo.png"\n')
    with pytest.raises(ContentError, match="not there") as caught:
        newsletter.render()
    assert str(caught.value.place) == "digest.toml"
