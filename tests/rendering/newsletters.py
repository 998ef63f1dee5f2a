"""A newsletter in a folder, for tests that render the way the program does, and the reading of what came out."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.config import load_settings
from digest.reading import IssueReader
from digest.rendering import EditionRenderer

if TYPE_CHECKING:
    from pathlib import Path

    from digest.config import Settings
    from digest.model import Edition, Issue

SETTINGS = """\
[newsletter]
name = "Past the Plateau"
from = "Past the Plateau <editor@plateau.example.org>"
url = "https://plateau.example.org"
postal_address = "12 Landing Lane"
{newsletter}
[fields]
first_name = ""
company = "your company"
{more}
"""
WIDTH = 72
READER = {"email": "ana@example.org", "name": "Ana Ruiz", "token": "t0ken", "first_name": "Ana", "company": "ACME"}
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


@dataclass(frozen=True, kw_only=True)
class Newsletter:
    """A newsletter's folder, read and rendered as the program does it."""

    settings: Settings

    @property
    def root(self) -> Path:
        """Its folder."""
        return self.settings.root

    @cached_property
    def renderer(self) -> EditionRenderer:
        """Its renderer, which has read the templates by the time of the first issue."""
        return EditionRenderer(self.settings)

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, markdown: str = "Hello.", name: str = "issue.md") -> Issue:
        """Read an issue of this Markdown; without a name, beside ``digest.toml``."""
        return self.read_path(self.write(name, markdown))

    def read_path(self, path: Path) -> Issue:
        """Read the issue at a path."""
        return IssueReader(root=self.root, fields=self.settings.fields, timezone=ZoneInfo("UTC")).read(path)

    def render(self, markdown: str = "Hello.", name: str = "issue.md") -> Edition:
        """Render an issue of this Markdown."""
        return self.renderer.render(self.read(markdown, name))


def make_newsletter(root: Path, *, newsletter: str = "", more: str = "") -> Newsletter:
    """Make a newsletter in a folder, with further lines in ``[newsletter]`` and below ``[fields]``."""
    root.mkdir(exist_ok=True)
    (root / "digest.toml").write_text(SETTINGS.format(newsletter=newsletter, more=more), "utf-8")
    return Newsletter(settings=load_settings(root, {}))


@dataclass(kw_only=True)
class Element:
    """An element of an HTML document, with all the text in it."""

    tag: str
    attributes: dict[str, str | None]
    parents: tuple[Element, ...] = field(repr=False)
    text: str = ""

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return (self.attributes.get("class") or "").split()

    @property
    def style(self) -> dict[str, str]:
        """Its own style, by property."""
        pairs = (part.partition(":") for part in (self.attributes.get("style") or "").split(";") if part.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}


@dataclass
class Document(HTMLParser):
    """An HTML document as a mail program that is not Outlook reads it."""

    elements: list[Element] = field(default_factory=list)
    declarations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin."""
        super().__init__()
        self.stack: list[Element] = []

    @classmethod
    def of(cls, html: str) -> Document:
        """Read a document."""
        document = cls()
        document.feed(html)
        document.close()
        return document

    def all(self, tag: str, class_: str | None = None) -> list[Element]:
        """Return the elements of a tag, and of a class, in order."""
        return [e for e in self.elements if e.tag == tag and (class_ is None or class_ in e.classes)]

    def one(self, tag: str, class_: str | None = None) -> Element:
        """Return the only element of a tag and class."""
        (element,) = self.all(tag, class_)
        return element

    def inside(self, class_: str, tag: str) -> list[Element]:
        """Return the elements of a tag that stand in one of a class."""
        return [e for e in self.all(tag) if any(class_ in parent.classes for parent in e.parents)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        element = Element(tag=tag, attributes=dict(attrs), parents=tuple(self.stack))
        self.elements.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if any(element.tag == tag for element in self.stack):
            while self.stack.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Give text to all elements that it stands in."""
        for element in self.stack:
            element.text += data


def html_of(edition: Edition) -> Document:
    """Return the HTML that the example reader gets."""
    return Document.of(edition.html.fill(READER))


def text_of(edition: Edition) -> str:
    """Return the plain text that the example reader gets, between the masthead and the footer."""
    lines = edition.text.fill(READER).split("\n")
    rules = [at for at, line in enumerate(lines) if len(line) == WIDTH and len(set(line)) == 1]
    return "\n".join(lines[rules[0] + 1 : rules[-1]]).strip("\n")


def intro_of(edition: Edition) -> str:
    """Return the plain text of an introduction, without the title above it."""
    return text_of(edition).partition("\n\n")[2]


def png(width: int = 4, height: int = 3, shade: int = 0) -> bytes:
    """Return a picture in one shade of grey."""
    rows = (b"\0" + bytes([shade]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
