"""
The ledger as files, and back: what another machine needs to go on exactly, and nothing that names a reader.

    README.md                                  for whoever comes across the branch
    newsletter.json                            whose ledger it is
    mailings/<slug>/mailing.json               what was frozen, for whom, and by which key its readers are numbered
    mailings/<slug>/course.json                whether it goes on; the one file that anybody may change at any time
    mailings/<slug>/lease.json                 who is at it; none is there while nobody is
    mailings/<slug>/editions/1.json, 1/0       what it says, and its images
    mailings/<slug>/batches/0000.jsonl         how the batches stand, 32 in a file
    mailings/<slug>/readers/0000.jsonl         who is in them: keyed hashes, packed
    mailings/<slug>/outcomes/0000.jsonl        to whom something else happened
    handovers/<slug>.json                      what a service has taken whole

The provider's names of messages are left out: they are many, and for none of what is asked here.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from digest.errors import SettingsError
from digest.store.database import from_json, to_json, to_stamp
from digest.store.queries import split_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from digest.store.database import Database

FORMAT = 1
"""Which form these files have; a newer one is left to whoever knows it."""
README, NEWSLETTER = "README.md", "newsletter.json"
FOLDERS = ("mailings/", "handovers/", "holds/")
"""Where all else stands."""
COURSE, LEASE = "course.json", "lease.json"

KINDS = frozenset({"mailing", "course", "edition", "batches", "readers", "outcomes"})
"""The kinds of parts that a mailing has."""
HANDOVER_KIND = "handover"

WELCOME = b"""\
# The ledger of a newsletter

`digest` keeps here which issues were sent, to how many readers, and what became of them, so that no reader gets an
issue twice whichever machine sends it. Readers stand here as keyed hashes; there is no address in it.

Nobody needs to edit or to merge this branch. Do not delete it, and do not push to it by force: what it says would be
forgotten.
"""
MAILING = ("slug", "provider", "segment", "batch_size", "frozen_at")
BATCH = (
    "number",
    "origin",
    "state",
    "count",
    "first",
    "last",
    "edition",
    "attempts",
    "claimed_at",
    "claimant",
    "key",
    "digest",
    "settled_at",
    "reason",
)
OUTCOME = ("subscriber_id", "origin", "state", "reason", "at")
HANDOVER = (
    "slug",
    "provider",
    "fingerprint",
    "attempt",
    "stage",
    "campaign",
    "url",
    "begun_at",
    "changed_at",
    "allowed",
)


def welcome(url: str) -> dict[str, bytes]:
    """Return what a branch begins with that is the ledger of the newsletter at `url`."""
    return {README: WELCOME, NEWSLETTER: f"{to_json({'format': FORMAT, 'url': url})}\n".encode()}


def refuse_another(newsletter: bytes, url: str) -> None:
    """
    See to it that a ledger is that of the newsletter at `url`, since two may have issues of one name.

    Raises:
        SettingsError: it is another's.
    """
    other = str(from_json(newsletter)["url"])
    if other.rstrip("/") != url.rstrip("/"):
        msg = f"the branch that [ledger] url names keeps the ledger of {other}, and this newsletter is {url}"
        moved = f"Only if it has moved: write its new address into {NEWSLETTER} on the branch."
        raise SettingsError(msg, hint=f"Give each newsletter a branch of its own. {moved}")


def _filled(names: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    """Return what a row says under the names of its columns; what says nothing is left out."""
    return {name: value for name, value in zip(names, row, strict=True) if value not in {None, ""}}


def folder_of(slug: str) -> str:
    """Return the folder of a mailing; no slug leads out of it, or to a name that git keeps for itself."""
    return f"mailings/{_spell(slug)}/"


def handover_of(slug: str) -> str:
    """Return the file of a hand-over."""
    return f"handovers/{_spell(slug)}.json"


def _spell(slug: str) -> str:
    name = quote(slug, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Part:
    """A part of the ledger that is one file, or a few that never change."""

    kind: str
    mailing: int
    """The id of the mailing; 0 where there is none."""
    part: int | str
    """The shard, or the edition's id, or the slug of a hand-over."""


def read_sql() -> dict[str, str]:
    """Return the queries of this package by name."""
    return split_queries(files(__package__).joinpath("records.sql").read_text(encoding="utf-8"))


class Records:
    """The ledger in a working store, as files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = read_sql()

    def watch(self) -> None:
        """Note from here on what is changed."""
        self._database.run(self._sql["watch"])

    def take_touched(self) -> set[Part]:
        """Return the parts that were changed since this was last asked."""
        rows = self._database.fetch_all(self._sql["touched"])
        self._database.change(self._sql["forget_touched"])
        return {Part(kind=kind, mailing=mailing, part=part) for kind, mailing, part in rows}

    def files(self, parts: Iterable[Part], key_of: Callable[[int], str], *, now: datetime) -> dict[str, bytes | None]:
        """
        Return parts as files; an empty one is none.

        Args:
            parts: which.
            key_of: tells the id of the key by which a mailing's readers are numbered.
            now: the present moment.
        """
        written: dict[str, bytes | None] = {}
        for part in sorted(parts, key=lambda one: (one.kind, one.mailing, str(one.part))):
            match part.kind:
                case "handover":
                    written[handover_of(str(part.part))] = self._handover(part)
                case "edition":
                    written |= self._edition(part)
                case "mailing":
                    written[f"{self._folder(part)}mailing.json"] = self._mailing(part, key_of(part.mailing))
                case "course":
                    written[f"{self._folder(part)}{COURSE}"] = self._course(part, now)
                case _:
                    written[f"{self._folder(part)}{part.kind}/{part.part:04}.jsonl"] = self._lines(part) or None
        return written

    def slug(self, mailing: int) -> str:
        """Return the slug of a mailing."""
        return str(self._fetch("mailing", mailing=mailing)[0][0])

    def _folder(self, part: Part) -> str:
        return folder_of(self.slug(part.mailing))

    def _fetch(self, query: str, **values: object) -> list[Any]:
        return self._database.fetch_all(self._sql[query], **values)

    def _mailing(self, part: Part, key_id: str) -> bytes:
        (row,) = self._fetch("mailing", mailing=part.mailing)
        editions = [
            {"fingerprint": fingerprint, "frozen_at": frozen_at, "allowed": from_json(allowed)}
            for _, fingerprint, frozen_at, allowed in self._fetch("editions", mailing=part.mailing)
        ]
        facts = {"format": FORMAT, **dict(zip(MAILING, row, strict=True)), "key": key_id}
        return f"{json.dumps(facts | {'editions': editions}, indent=2)}\n".encode()

    def _course(self, part: Part, now: datetime) -> bytes:
        ((course,),) = self._fetch("course", mailing=part.mailing)
        return f"{to_json({'course': course, 'at': to_stamp(now)})}\n".encode()

    def _edition(self, part: Part) -> dict[str, bytes]:
        numbers = [row[0] for row in self._fetch("editions", mailing=part.mailing)]
        path = f"{self._folder(part)}editions/{numbers.index(part.part) + 1}"
        sql = self._database.queries("mailings.sql")
        ((content,),) = self._database.fetch_all(sql["content"], edition=part.part)
        images = self._database.fetch_all(sql["images"], edition=part.part)
        pictures = {f"{path}/{position}": zlib.decompress(image) for position, (image,) in enumerate(images)}
        return {f"{path}.json": zlib.decompress(content), **pictures}

    def _handover(self, part: Part) -> bytes:
        (row,) = self._fetch("handover", part=part.part)
        facts = {"format": FORMAT, **dict(zip(HANDOVER, row, strict=True))}
        return f"{json.dumps(facts | {'allowed': from_json(str(facts['allowed']))}, indent=2)}\n".encode()

    def _lines(self, part: Part) -> bytes:
        rows = self._fetch(part.kind, mailing=part.mailing, part=part.part)
        match part.kind:
            case "readers":
                lines = [{"number": number, "readers": b64encode(packed).decode()} for number, packed in rows]
            case "batches":
                lines = [_filled(BATCH, row) for row in rows]
            case _:
                lines = [_filled(OUTCOME, row) for row in rows]
        return "".join(f"{to_json(line)}\n" for line in lines).encode()
