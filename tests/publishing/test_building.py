"""What `digest build` writes."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest
from drawn_pictures import draw
from PIL import Image

from digest.addressing import EXAMPLE_TOKEN, find_reader
from digest.config import load_settings
from digest.errors import UsageError
from digest.publishing.building import build, build_all, unsent
from digest.publishing.newsroom import Newsroom
from digest.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000049454e44ae426082")


@pytest.fixture
def newsroom(letter: Path) -> Newsroom:
    """Return the newsroom of a newsletter with one issue."""
    return Newsroom(settings=load_settings(letter, {}))


@pytest.fixture
def store(newsroom: Newsroom) -> Iterator[Store]:
    """Return its store, with two readers."""
    with open_store(newsroom.settings.store.url) as opened:
        yield opened


def write(letter: Path, name: str, text: str) -> Path:
    """Write an issue."""
    path = letter / "issues" / name
    path.write_text(text, encoding="utf-8")
    return path


def test_published_images_are_written_to_be_published(letter: Path) -> None:
    """They do not travel inside the message, so whoever publishes them finds them as they leave: scaled."""
    settings = letter / "digest.toml"
    settings.write_text(f'{settings.read_text("utf-8")}\n[assets]\nurl = "https://cdn.example.org"\n', "utf-8")
    (letter / "issues" / "lamp.jpg").write_bytes(draw("lamp.jpg 1400x700 90000 bytes")[1])
    built = build(Newsroom(settings=load_settings(letter, {})), write(letter, "lamps.md", "![A lamp](lamp.jpg)\n"))
    assert built.facts["images"] == ["lamp.jpg"]
    with Image.open(built.folder / "lamp.jpg") as image:
        assert image.size == (1120, 560)
    assert "https://cdn.example.org/lamps/lamp.jpg?v=" in (built.folder / "email.html").read_text("utf-8")


def test_the_four_files(newsroom: Newsroom, letter: Path) -> None:
    """The HTML, the text and the whole message say the same, and the facts say how large they are."""
    built = build(newsroom, newsroom.find("2026-11-24-hello"))
    assert built.folder == letter / ".digest" / "build" / "2026-11-24-hello"
    html, text = ((built.folder / f"email.{kind}").read_text("utf-8") for kind in ("html", "txt"))
    raw = (built.folder / "message.eml").read_bytes()
    message = message_from_bytes(raw, policy=default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain
    assert rich
    assert plain.get_content().splitlines() == text.splitlines()
    assert rich.get_content().splitlines() == html.splitlines()
    facts = json.loads((built.folder / "edition.json").read_text("utf-8"))
    assert facts == built.facts
    assert facts["sizes"] == {"html": len(html.encode()), "text": len(text.encode()), "message": len(raw)}
    assert facts["issue"] == "2026-11-24-hello"
    assert facts["number"] == 1
    assert facts["subject"] == message["Subject"] == "Hello from a text file"
    assert facts["preheader"] == "This issue is Markdown, in a folder, under version control"
    assert "https://example.org/first-story" in facts["links"]
    assert {"name": "first_name", "fallback": True} in facts["slots"]
    assert facts["edition"] == newsroom.render(newsroom.read(newsroom.find("2026-11-24-hello"))).fingerprint


def test_same_bytes_every_time(newsroom: Newsroom, letter: Path, tmp_path: Path) -> None:
    """A build depends on nothing but the issue, its templates and its settings."""
    path = newsroom.find("2026-11-24-hello")
    again = Newsroom(settings=load_settings(letter, {}))
    first, second = build(newsroom, path, tmp_path / "one").folder, build(again, path, tmp_path / "two").folder
    assert sorted(file.name for file in first.iterdir()) == sorted(file.name for file in second.iterdir())
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


def test_nothing_unfinished_is_left(newsroom: Newsroom, tmp_path: Path) -> None:
    """Files are put in place whole; a file that has not changed is not touched, so that nothing reloads for nothing."""
    path = newsroom.find("2026-11-24-hello")
    folder = build(newsroom, path, tmp_path / "out").folder
    before = {file.name: file.stat().st_ino for file in folder.iterdir()}
    build(newsroom, path, tmp_path / "out")
    assert {file.name: file.stat().st_ino for file in folder.iterdir()} == before
    assert {"email.html", "email.txt", "message.eml", "edition.json"} == before.keys()


def test_images_lie_beside_the_html(newsroom: Newsroom, letter: Path) -> None:
    """A browser finds the images that travel inside the message."""
    (letter / "issues" / "pixel.png").write_bytes(PIXEL)
    path = write(letter, "2026-12-01-snow.md", "![A pixel](pixel.png)\n")
    built = build(newsroom, path)
    images = built.facts["images"]
    assert isinstance(images, list)
    assert len(images) == 1
    html = (built.folder / "email.html").read_text("utf-8")
    assert f'src="{images[0]}"' in html
    assert "cid:" not in html
    assert b"cid:" in (built.folder / "message.eml").read_bytes()
    assert (built.folder / images[0]).read_bytes() == PIXEL


def test_as_one_reader_gets_it(newsroom: Newsroom, store: Store) -> None:
    """A reader's own values are filled in, and never their token, which would let anyone unsubscribe them."""
    (built,), faults = build_all(newsroom, newsroom.paths(), reader=find_reader(store.subscribers, "ADA@example.org"))
    assert not faults
    written = b"".join(file.read_bytes() for file in built.folder.iterdir())
    reader = store.subscribers.find("ada@example.org")
    assert reader
    assert b"Hello Ada," in written
    assert reader.token.encode() not in written
    assert EXAMPLE_TOKEN.encode() in written


def test_as_nobody(store: Store) -> None:
    """An address that is not on the list is said, without being repeated."""
    with pytest.raises(UsageError, match="nobody of that address") as caught:
        find_reader(store.subscribers, "zoe@example.org")
    assert "zoe" not in "".join(caught.value.lines())


def test_one_broken_issue_among_others(newsroom: Newsroom, store: Store, letter: Path) -> None:
    """The others are built, and every fault of every broken one is told."""
    write(letter, "2026-12-01-one.md", "---\nsubjct: x\nstatsu: ready\n---\nSome words.\n")
    write(letter, "2026-12-02-two.md", "Hello {{ unknown }}\n")
    write(letter, "2026-12-03-three.md", "Some words.\n")
    built, faults = build_all(newsroom, unsent(newsroom, store))
    assert [one.facts["issue"] for one in built] == ["2026-11-24-hello", "2026-12-03-three"]
    lines = "\n".join(line for fault in faults for line in fault.lines())
    assert "issues/2026-12-01-one.md:2" in lines
    assert "issues/2026-12-01-one.md:3" in lines
    assert "issues/2026-12-02-two.md:1" in lines
