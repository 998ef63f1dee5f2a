"""The ledger, brought back from its files into a store that has none yet; see `digest.branch.records`."""

from __future__ import annotations

import zlib
from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from digest.branch.leases import Lease
from digest.branch.records import (
    BATCH,
    COURSE,
    FOLDERS,
    FORMAT,
    LEASE,
    MAILING,
    NEWSLETTER,
    OUTCOME,
    README,
    WELCOME,
    read_sql,
    refuse_another,
)
from digest.errors import SettingsError
from digest.store.database import from_json, to_json
from digest.store.ledger import CANCELLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from digest.store.database import Database

_BROKEN = (LookupError, TypeError, ValueError, AttributeError, zlib.error)
"""What reading comes to where somebody has changed the files by hand; a JSON that is none is a ValueError, too."""


@dataclass(slots=True, kw_only=True)
class Restored:
    """What files say beside what goes into the store."""

    keys: dict[int, str] = field(default_factory=dict)
    """The ids of the keys by which readers are numbered, by the id of the mailing."""
    leases: dict[str, Lease] = field(default_factory=dict)
    """Who is at a mailing, or hands an issue over, by the file that says it."""


class Restorer:
    """Brings mailings and hand-overs back into a working store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = read_sql()
        self._editions = count(1)

    def restore(self, contents: Mapping[str, bytes], url: str) -> Restored:
        """
        Bring all of a branch back, which is the ledger of the newsletter at `url`.

        Raises:
            SettingsError: a newer digest has written it, or somebody by hand; or it holds something else,
                or is another newsletter's.
        """
        _refuse_others(contents)
        folders: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for path, content in contents.items():
            top, _, rest = path.partition("/")
            if top == "mailings":
                name, _, inside = rest.partition("/")
                folders[name][inside] = content
        restored = Restored()
        path = NEWSLETTER
        try:
            if NEWSLETTER in contents:
                refuse_another(contents[NEWSLETTER], url)
            with self._database.transaction():
                ages = {}
                for name, files in folders.items():
                    path = f"mailings/{name}"
                    ages[name] = _facts(files["mailing.json"])["frozen_at"]
                for number, name in enumerate(sorted(folders, key=lambda one: ages[one]), start=1):
                    path = f"mailings/{name}"
                    self._put_mailing(number, folders[name], restored)
                for path in sorted(contents):
                    if path.endswith(LEASE):
                        restored.leases[path] = Lease.read(contents[path])
                    elif path.startswith("handovers/"):
                        self._put_handover(_facts(contents[path]))
        except _BROKEN as fault:
            msg = f"{path} on the ledger's branch cannot be read"
            raise SettingsError(msg, hint="See by git log who has changed it, and bring back what it was.") from fault
        return restored

    def _put_mailing(self, number: int, files: Mapping[str, bytes], restored: Restored) -> None:
        facts, course = _facts(files["mailing.json"]), from_json(files[COURSE])
        known = {name: facts[name] for name in MAILING}
        self._change("put_mailing", **known, id=number, state=course["course"])
        restored.keys[number] = facts["key"]
        editions = [
            self._put_edition(number, place, edition, files) for place, edition in enumerate(facts["editions"], 1)
        ]
        readers = {line["number"]: b64decode(line["readers"]) for line in _lines(files, "readers/")}
        self._put_all(
            "put_batch",
            (
                {
                    **dict.fromkeys(BATCH),
                    **line,
                    "mailing": number,
                    "edition": editions[line["edition"] - 1] if line["edition"] else None,
                    "digest": bytes.fromhex(line["digest"]) if "digest" in line else None,
                    "reason": line.get("reason", ""),
                    "readers": readers[line["number"]],
                }
                for line in _lines(files, "batches/")
            ),
        )
        self._put_all(
            "put_outcome",
            ({**dict.fromkeys(OUTCOME, ""), **line, "mailing": number} for line in _lines(files, "outcomes/")),
        )
        # Whoever ended it may have had to leave the batches to whoever was at them.
        ledger = self._database.queries("ledger.sql")
        self._database.change(ledger["cancel"], mailing=number, reason=CANCELLED, now=course["at"])

    def _put_edition(self, mailing: int, place: int, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> int:
        number = next(self._editions)
        self._change(
            "put_edition",
            id=number,
            mailing=mailing,
            fingerprint=facts["fingerprint"],
            frozen_at=facts["frozen_at"],
            content=zlib.compress(files[f"editions/{place}.json"], level=1),
            allowed=to_json(facts["allowed"]),
        )
        pictures = [(path, content) for path, content in files.items() if path.startswith(f"editions/{place}/")]
        for path, content in pictures:
            position = int(path.rpartition("/")[2])
            self._change("put_image", edition=number, position=position, content=zlib.compress(content, level=1))
        return number

    def _put_handover(self, facts: Mapping[str, Any]) -> None:
        self._change("put_handover", **{**facts, "allowed": to_json(facts["allowed"])})

    def _change(self, query: str, **values: object) -> None:
        self._database.change(self._sql[query], **values)

    def _put_all(self, query: str, rows: Iterable[Mapping[str, object]]) -> None:
        self._database.change_many(self._sql[query], rows)


def _refuse_others(contents: Mapping[str, bytes]) -> None:
    """See to it that nothing is written onto a branch of another use, such as the newsletter's own."""
    welcomes = contents.get(README, b"").startswith(WELCOME.splitlines()[0])  # which may be all that is there yet
    if contents and not welcomes and not any(path.startswith(FOLDERS) for path in contents):
        msg = "the branch that [ledger] url names holds something else than a ledger"
        raise SettingsError(msg, hint="Name one that is not there yet: the first send makes it.")


def _facts(content: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = from_json(content)
    if facts.pop("format") > FORMAT:
        msg = "the ledger on the branch was written by a newer digest than this one"
        raise SettingsError(msg, hint="Install the newer digest here, too.")
    return facts


def _lines(files: Mapping[str, bytes], folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted(files):
        if path.startswith(folder):
            yield from map(from_json, files[path].splitlines())
