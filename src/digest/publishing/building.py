"""What `digest build` writes: an issue as one reader gets it, in files to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.addressing import EXAMPLE_TOKEN, example_reader
from digest.files import write_whole
from digest.model import Message, Pattern
from digest.publishing.issues import FAULTS
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from digest.errors import DigestError
    from digest.model import Edition, InlineImage, Issue, Subscriber
    from digest.publishing.newsroom import Newsroom
    from digest.rendering import Traced
    from digest.store import Store

_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was written for one issue."""

    folder: Path
    facts: dict[str, object]
    """The content of ``edition.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A message, filled once: its two parts, and the whole of it."""

    html: str
    text: str
    raw: bytes


def build(newsroom: Newsroom, path: Path, folder: Path | None = None, reader: Subscriber | None = None) -> Built:
    """
    Write ``email.html``, ``email.txt``, ``message.eml``, ``edition.json`` and the images of an issue.

    The same input gives the same bytes: the message bears the issue's own time and a token that opens nothing.

    Args:
        newsroom: the newsletter.
        path: the issue's file or folder.
        folder: where to write; the newsletter's own build folder without it.
        reader: whom it is filled for; a reader who does not exist without it.

    Raises:
        ContentError: the issue or a template has something to mend.
    """
    issue = newsroom.read(path)
    traced = newsroom.trace(issue)
    edition = traced.edition
    shown_to = reader or example_reader(edition, newsroom.settings.fields)
    message = Message(edition=edition, reader=replace(shown_to, token=EXAMPLE_TOKEN), at=_moment(issue))
    parts = _Parts(html=message.html, text=message.text, raw=MimeWriter.of(edition).write(message))
    facts = _facts(issue, message, parts, traced.images.values())
    target = folder or newsroom.settings.root / ".digest" / "build" / edition.slug
    for name, content in _files(traced, parts, facts).items():
        _update(target / name, content)
    return Built(folder=target, facts=facts)


def build_all(
    newsroom: Newsroom, paths: Sequence[Path], *, folder: Path | None = None, reader: Subscriber | None = None
) -> tuple[list[Built], list[DigestError]]:
    """
    Build several issues.

    Returns:
        What was built, and what stands in the way of the others.
    """
    built: list[Built] = []
    faults: list[DigestError] = []
    for path in paths:
        try:
            built.append(build(newsroom, path, folder, reader))
        except FAULTS as fault:
            faults.append(fault)
    return built, faults


def unsent(newsroom: Newsroom, store: Store) -> list[Path]:
    """Return the issues that are not yet sent to all of their readers."""
    done = sent(store)
    return [path for slug, path in newsroom.by_slug().items() if slug not in done]


def sent(store: Store) -> set[str]:
    """Return the slugs of the issues that all of their readers were sent."""
    unfinished = {frozen.slug for frozen in store.mailings.unfinished()}
    handed = {handed.slug for handed in store.handovers.all() if handed.stage.is_done}
    return ({frozen.slug for frozen in store.mailings.all()} - unfinished) | handed


def _moment(issue: Issue) -> datetime:
    if issue.send_at:
        return issue.send_at
    return datetime.combine(issue.date, time(), tzinfo=UTC) if issue.date else _UNDATED


def _files(traced: Traced, parts: _Parts, facts: dict[str, object]) -> dict[str, bytes]:
    return {
        "email.html": _with_files(parts.html, traced.edition).encode(),
        "email.txt": parts.text.encode(),
        "message.eml": parts.raw,
        "edition.json": (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode(),
        **{image.filename: image.content for image in traced.images.values()},
    }


def _update(path: Path, content: bytes) -> None:
    if not (path.exists() and path.read_bytes() == content):
        write_whole(path, content)


def _with_files(html: str, edition: Edition) -> str:
    """Let images that travel inside the message be found beside the file, since a browser has no message."""
    for image in edition.images:
        html = html.replace(f"cid:{image.cid}", quote(image.filename))
    return html


def _facts(issue: Issue, message: Message, parts: _Parts, images: Iterable[InlineImage]) -> dict[str, object]:
    edition = message.edition
    return {
        "issue": edition.slug,
        "number": issue.number,
        "subject": message.subject,
        "preheader": Pattern.of_text(issue.preheader).fill(message.reader.values),
        "edition": edition.fingerprint,
        "sizes": {"html": len(parts.html.encode()), "text": len(parts.text.encode()), "message": len(parts.raw)},
        "links": _links(parts.html),
        "slots": [{"name": name, "fallback": has_fallback} for name, has_fallback in sorted(edition.slots)],
        "images": [image.filename for image in images],
    }


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.found[href] = None


def _links(html: str) -> list[str]:
    parser = _Links()
    parser.feed(html)
    return list(parser.found)
