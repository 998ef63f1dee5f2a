"""What the page is told of issues, readers, findings and faults: facts for JSON."""

from __future__ import annotations

import re
from email import policy
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from digest.checking.clients.inboxes import GMAIL_CLIP, INBOXES
from digest.errors import Place, UsageError
from digest.model import MARKER, Pattern, Slot
from digest.reading import INDEX
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from digest.config import Settings
    from digest.errors import DigestError
    from digest.model import Finding, Message, Subscriber
    from digest.preview.desk import Sheet

_WORDS_A_MINUTE = 220
_WORD = re.compile(r"\w[\w'’-]*")
_ADDRESS = re.compile(r"https?://\S+")
_MUCH_BASE64 = re.compile(rb"((?:[A-Za-z0-9+/]{60,76}\r\n){4})((?:[A-Za-z0-9+/]{60,76}\r\n){8,})")


def tell_fault(fault: DigestError) -> dict[str, object]:
    """Return what is wrong, where, and what to do."""
    place = fault.place or Place("")
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "sentence": fault.sentence,
        "hint": fault.hint,
    }


def tell_finding(finding: Finding) -> dict[str, object]:
    """Return what a rule found."""
    place = finding.place or Place("")
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "sentence": finding.sentence,
        "fix": finding.fix,
        "path": place.path,
        "line": place.line,
        "column": place.column,
    }


def tell_newsletter(
    settings: Settings, sheets: Iterable[Sheet], sent: Collection[str], *, faults: Iterable[DigestError]
) -> dict[str, object]:
    """Return the newsletter and its issues: those not yet sent first, then the newest."""
    newsletter, sheets = settings.newsletter, [*sheets]
    issues = sorted((_row(sheet, sent) for sheet in sheets), key=_order, reverse=True)
    return {
        "name": newsletter.name,
        "sender": {"name": newsletter.from_.name, "email": newsletter.from_.email},
        "language": newsletter.language,
        "fields": dict(settings.fields),
        "issues": issues,
        "provider": settings.provider.name,
        "cuts": [inbox._asdict() for inbox in INBOXES],
        "limit": GMAIL_CLIP,
        "faults": [tell_fault(fault) for fault in (*faults, *_namesakes(sheets))],
    }


def _namesakes(sheets: Iterable[Sheet]) -> Iterator[DigestError]:
    """Yield the faults of issues that bear the slug of one before them, and so cannot be looked at."""
    names: dict[str, str] = {}
    for sheet in sheets:
        first = names.setdefault(sheet.slug, sheet.path.name)
        if first != sheet.path.name:
            msg = f'{first} and {sheet.path.name} are both called "{sheet.slug}"'
            hint = "Rename one, or give it a `slug` of its own in its front matter."
            yield UsageError(msg, hint=hint, place=Place(shown_path(sheet)))


def _row(sheet: Sheet, sent: Collection[str]) -> dict[str, object]:
    issue = sheet.issue
    return {
        "slug": sheet.slug,
        "path": shown_path(sheet),
        "subject": _plain(issue.subject) if issue else "",
        "title": _plain(issue.title) if issue else sheet.path.stem,
        "number": issue.number if issue else None,
        "date": issue.date.isoformat() if issue and issue.date else None,
        "send_at": issue.send_at.isoformat() if issue and issue.send_at else None,
        "status": "ready" if issue and issue.ready else "draft",
        "sent": sheet.slug in sent,
        "fault": bool(sheet.faults),
    }


def _order(row: Mapping[str, object]) -> tuple[bool, str, str]:
    return not row["sent"], str(row["date"] or "9999"), str(row["path"])


def _plain(marked: str) -> str:
    """Return a text with its fields as an editor writes them."""
    return MARKER.sub(lambda match: f"{{{{ {Slot.from_marker(match).name} }}}}", marked)


def shown_path(sheet: Sheet) -> str:
    """Return an issue's file as messages name it."""
    file: Path = sheet.path / INDEX if sheet.path.is_dir() else sheet.path
    return Place.of(file, sheet.newsroom.settings.root).path


def tell_issue(sheet: Sheet, message: Message | None) -> dict[str, object]:
    """Return an issue: what is wrong with it, and the last good edition, filled for a reader."""
    return {
        "slug": sheet.slug,
        "path": shown_path(sheet),
        "revision": sheet.revision,
        "faults": [tell_fault(fault) for fault in sheet.faults],
        "edition": _edition(sheet, message) if message else None,
    }


def _edition(sheet: Sheet, message: Message) -> dict[str, object]:
    edition, values = message.edition, message.reader.values
    writer = MimeWriter.of(edition)
    raw = writer.write(message)
    words = len(_WORD.findall(_ADDRESS.sub("", message.text)))
    preheader = Pattern.of_text(sheet.issue.preheader) if sheet.issue else None
    return {
        "subject": message.subject,
        "preheader": preheader.fill(values) if preheader else "",
        "from": str(edition.sender),
        "to": str(message.to),
        "fingerprint": edition.fingerprint,
        "html": message.html,
        "text": message.text,
        "headers": _headers(raw),
        "raw": _shortened(raw).decode("utf-8", "replace"),
        "sizes": {
            "html": len(message.html.encode()),
            "encoded": len(writer.html.fill(values)),
            "text": len(message.text.encode()),
            "message": len(raw),
        },
        "fields": _fields(message.reader, sheet.newsroom.settings),
        "words": words,
        "minutes": max(1, round(words / _WORDS_A_MINUTE)),
    }


def _headers(raw: bytes) -> list[tuple[str, str]]:
    parsed = BytesHeaderParser(policy=policy.default).parsebytes(raw)
    return [(name, str(value)) for name, value in parsed.items()]


def _shortened(raw: bytes) -> bytes:
    """Leave out most of the images, which nobody reads and which are many times as long as the rest."""

    def shorten(match: re.Match[bytes]) -> bytes:
        return match[1] + b"[%d more lines of this image are left out here]\r\n" % match[2].count(b"\n")

    return _MUCH_BASE64.sub(shorten, raw)


def _fields(reader: Subscriber, settings: Settings) -> dict[str, str]:
    return {"name": reader.name, **{name: reader.fields.get(name, "") for name in settings.fields}}


def tell_reader(reader: Subscriber, settings: Settings) -> dict[str, object]:
    """Return a reader, with the values of the declared fields."""
    return {"id": reader.id, "email": reader.email, "name": reader.name, "fields": _fields(reader, settings)}
