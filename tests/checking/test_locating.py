"""Where something stands in the files of an issue, its templates and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from digest.checking.places.sources import Sources
from digest.config import load_settings
from digest.errors import Place
from digest.reading import IssueReader

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
[newsletter]
name = "The Lamplighter"
from = "editor@lamplighter.example.org"
url = "https://lamplighter.example.org"
postal_address = '''
The Lamplighter
3 Wick Lane'''

[theme]
accent = "#123456"

[theme.dark]
ink = "#ffffff"
"""
ISSUE = "issue.md"


def sources_of(root: Path, files: dict[str, str | bytes], path: str = ISSUE) -> Sources:
    """Return the sources of an issue in a newsletter of these files."""
    for name, content in {"digest.toml": SETTINGS, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    settings = load_settings(root, {})
    reader = IssueReader(root=root.resolve(), fields={}, timezone=ZoneInfo("UTC"))
    return Sources(reader.read(root.resolve() / path), settings)


TWICE = "One lamp.\n\nTwo lamps\nand a lamp.\n\nThree: lamp.\n"


@pytest.mark.parametrize(
    ("near", "found"),
    [
        (None, "1:5"),
        (Place(ISSUE), "1:5"),
        (Place(ISSUE, 1), "1:5"),
        (Place(ISSUE, 3), "4:7"),
        (Place(ISSUE, 6), "6:8"),
        (Place("built-in parts/story.html", 1), "1:5"),
        (Place("gone.md", 3), "1:5"),
        (Place(ISSUE, 99), "1:5"),
    ],
)
def test_what_is_near_is_found_first(tmp_path: Path, near: Place | None, found: str) -> None:
    """At the line itself, or below it in its block; else anywhere in the issue."""
    assert str(sources_of(tmp_path, {ISSUE: TWICE}).locate("lamp", near)) == f"{ISSUE}:{found}"


def test_a_part_of_a_word_is_found_where_there_is_no_whole_one(tmp_path: Path) -> None:
    """And the same goes for addresses: a shorter one is rather found by itself."""
    markdown = "[a](https://example.org/a/b) and\n[b](https://example.org/a).\nLamplight.\n"
    sources = sources_of(tmp_path, {ISSUE: markdown})
    assert sources.locate("https://example.org/a") == Place(ISSUE, 2, 5)
    assert sources.locate("https://example.org/") == Place(ISSUE, 1, 5)
    assert sources.locate("amplig") == Place(ISSUE, 3, 2)


@pytest.mark.parametrize(
    ("written", "needle"),
    [
        ("[x](https://example.org/?a=1&amp;b=2)", "https://example.org/?a=1&b=2"),
        ("[x](https://example.org/grün)", "https://example.org/gr%C3%BCn"),
        ("[x](https://example.org/gr%c3%bcn)", "https://example.org/gr%C3%BCn"),
        ("[x](<https://example.org/a b>)", "https://example.org/a%20b"),
        ("[x](https://grün.example.org/)", "https://xn--grn-ioa.example.org/"),
        (r"[x](https://example.org/\(a\)\_b)", "https://example.org/(a)_b"),
        ("click *here*\nnow", "click here now"),
        ("click **here** [now](https://example.org/)", "click here now"),
        ("> click\n> here", "click here"),
        ("fish &amp; chips", "fish & chips"),
        ("fish &#38; chips", "fish & chips"),
        ("fish &#x26; chips", "fish & chips"),
        ("caf&eacute;", "café"),
        (r"5 \* 3", "5 * 3"),
        ("a&nbsp;b", "a\u00a0b"),
        ("100%ig", "100%ig"),
        ("%FF is no text", "%FF is no text"),
    ],
)
def test_a_text_is_found_however_it_is_spelled(tmp_path: Path, written: str, needle: str) -> None:
    """By entities, percent signs, domains in their own script, backslashes, emphasis and line breaks."""
    found = sources_of(tmp_path, {ISSUE: f"Hello.\n\n{written}\n"}).locate(needle)
    assert found
    assert (found.path, found.line) == (ISSUE, 3)


@pytest.mark.parametrize(
    "needle", ["(", "a" * 5000, "[*", "\\", "%", "%zz", "xn--", "xn--\u20ac", " \n ", "&#", "\ufdd0"]
)
def test_strange_needles_are_merely_not_found(tmp_path: Path, needle: str) -> None:
    """Whatever is looked for, the place around it is what is left."""
    near = Place(ISSUE, 1)
    assert sources_of(tmp_path, {ISSUE: "Hello.\n"}).locate(needle, near) == near


def test_what_is_nowhere_has_no_place(tmp_path: Path) -> None:
    """Nor has nothing."""
    sources = sources_of(tmp_path, {ISSUE: "Hello.\n"})
    assert sources.locate("lamp") is None
    assert sources.locate("") is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_and_columns_are_those_of_editors(tmp_path: Path, end: str) -> None:
    """Whatever ends the lines; a tab and an emoji are a column each, and the mark of a file's byte order is none."""
    text = f"Hello.{end}{end}\t❤ä lamp{end}".encode("utf-8-sig")
    sources = sources_of(tmp_path, {ISSUE: text})
    assert sources.locate("lamp") == Place(ISSUE, 3, 5)
    assert sources.locate("Hello") == Place(ISSUE, 1, 1)


def test_a_folder_is_searched_as_it_is_read(tmp_path: Path) -> None:
    """First its index, then its stories, then the newsletter's templates; the place that is near comes first."""
    files: dict[str, str | bytes] = {
        "issues/1/index.md": "---\n# About\nsubject: Lamps\n---\nHello.\n",
        "issues/1/10-a.md": "---\ntitle: One\n---\nA lamp.\n",
        "issues/1/20-b.md": "---\ntitle: Two\n---\nA wick, a lamp.\n",
        "templates/parts/story.txt": "A wick, a flame, {{ part.title }}.\n",
        "templates/logo.png": b"\x89PNG flame spark",
    }
    sources = sources_of(tmp_path, files, "issues/1")
    assert sources.locate("lamp") == Place("issues/1/10-a.md", 4, 3)
    assert sources.locate("lamp", Place("issues/1/20-b.md", 4)) == Place("issues/1/20-b.md", 4, 11)
    assert sources.locate("wick") == Place("issues/1/20-b.md", 4, 3)
    assert sources.locate("flame") == Place("templates/parts/story.txt", 1, 11)
    assert sources.locate("spark") is None
    assert sources.key("subject") == Place("issues/1/index.md", 3, 1)


def test_a_built_in_template_is_searched_where_it_is_near(tmp_path: Path) -> None:
    """It is not searched otherwise, since nobody can mend it there."""
    sources = sources_of(tmp_path, {ISSUE: "Hello.\n"})
    found = sources.locate("{{ part.read_more }}", Place("built-in parts/story.html", 1))
    assert found
    assert found.path == "built-in parts/story.html"
    assert sources.locate("{{ part.read_more }}") is None


def test_keys_of_the_front_matter_have_places(tmp_path: Path) -> None:
    """Those alone: neither a line of the text, nor of another value."""
    markdown = '\n---\nsubject: |\n  title: no\n"preheader" : x\n---\nstatus: no\n\n---\n'
    sources = sources_of(tmp_path, {ISSUE: markdown})
    assert sources.key("subject") == Place(ISSUE, 3, 1)
    assert sources.key("preheader") == Place(ISSUE, 5, 1)
    assert sources.key("title") is None
    assert sources.key("status") is None
    assert sources.locate("Hello", sources.key("subject")) == sources.key("subject")


def test_an_issue_without_front_matter_has_no_keys(tmp_path: Path) -> None:
    """The smallest issue has none."""
    assert sources_of(tmp_path, {ISSUE: "subject: Hello.\n"}).key("subject") is None


def test_settings_have_places(tmp_path: Path) -> None:
    """A key that is not given has that of its section, in which it would stand; one without a section has none."""
    sources = sources_of(tmp_path, {ISSUE: "Hello.\n"})
    assert sources.setting("newsletter", "from") == Place("digest.toml", 3, 1)
    assert sources.setting("theme", "accent") == Place("digest.toml", 10, 1)
    assert sources.setting("theme.dark", "ink") == Place("digest.toml", 13, 1)
    assert sources.setting("theme.dark", "paper") == Place("digest.toml", 12, 1)
    assert sources.setting("theme", "ink") == Place("digest.toml", 9, 1)
    assert sources.setting("assets", "url") is None


def test_files_that_are_gone_or_broken_since_are_passed_over(tmp_path: Path) -> None:
    """The preview looks at files while they are written."""
    sources = sources_of(tmp_path, {ISSUE: "Hello.\n"})
    (tmp_path / ISSUE).write_bytes(b"\xff lamp")
    (tmp_path / "digest.toml").unlink()
    assert sources.locate("lamp") == Place(ISSUE, 1, 3)
    assert sources.setting("newsletter", "from") is None
    (tmp_path / ISSUE).unlink()
    assert sources.locate("lamp") == Place(ISSUE, 1, 3)  # it was read once
