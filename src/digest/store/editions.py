"""Editions as they were frozen: from then on, what is sent no longer depends on any file."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import IncompleteError
from digest.model import Edition
from digest.store.database import to_stamp
from digest.store.queries import read_queries

if TYPE_CHECKING:
    from digest.model import Plan
    from digest.store.database import Database

_SQL = read_queries("editions.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """An edition that is being sent or was; `Ledger.edition` reads its content."""

    id: int
    slug: str
    fingerprint: str
    provider: str
    frozen_at: datetime


class Editions:
    """The frozen editions in a store, one a slug."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loaded: dict[int, Edition] = {}

    def find(self, slug: str) -> Frozen | None:
        """Return the edition of a slug, if it was frozen."""
        row = self._database.fetch_one(_SQL["find"], slug=slug)
        if row is None:
            return None
        number, slug, fingerprint, provider, frozen_at = row
        return Frozen(
            id=number,
            slug=slug,
            fingerprint=fingerprint,
            provider=provider,
            frozen_at=datetime.fromisoformat(frozen_at),
        )

    def get(self, slug: str) -> Frozen:
        """
        Return the edition of a slug.

        Raises:
            LookupError: it was never frozen.
        """
        frozen = self.find(slug)
        if frozen is None:
            msg = f"no edition {slug} was frozen"
            raise LookupError(msg)
        return frozen

    def keep(self, plan: Plan, *, now: datetime) -> Frozen:
        """
        Keep a plan's edition, in the transaction that is open.

        Raises:
            IncompleteError: one with this slug is there already.
        """
        edition = plan.edition
        if self.find(edition.slug):
            msg = f"the sending of {edition.slug} has already begun"
            raise IncompleteError(msg, hint="Run it again to go on with what was begun.")
        self._database.change(
            _SQL["keep"],
            slug=edition.slug,
            fingerprint=edition.fingerprint,
            provider=plan.provider,
            content=zlib.compress(edition.to_json().encode()),
            now=to_stamp(now),
        )
        frozen = self.get(edition.slug)
        self._database.change_many(
            _SQL["keep_image"],
            (
                {"edition": frozen.id, "position": position, "content": zlib.compress(image.content)}
                for position, image in enumerate(edition.images)
            ),
        )
        return frozen

    def load(self, frozen: Frozen) -> Edition:
        """Return an edition whole; it is read once."""
        if frozen.id not in self._loaded:
            ((content,),) = self._database.fetch_all(_SQL["content"], edition=frozen.id)
            images = [zlib.decompress(row[0]) for row in self._database.fetch_all(_SQL["images"], edition=frozen.id)]
            self._loaded[frozen.id] = Edition.from_json(zlib.decompress(content).decode(), images)
        return self._loaded[frozen.id]

    def slugs(self) -> dict[str, bool]:
        """Return all slugs, oldest first, each with whether something of it is queued or claimed."""
        return {slug: bool(unfinished) for slug, unfinished in self._database.fetch_all(_SQL["slugs"])}
