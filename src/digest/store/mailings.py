"""Mailings: issues on their way. What an edition says is kept here, so that from then on no file matters."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from digest.errors import IncompleteError
from digest.model import Edition
from digest.store.database import from_json, to_json, to_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Plan
    from digest.store.database import Database


class BegunError(IncompleteError):
    """Another program has begun the mailing first."""


class Course(Enum):
    """Whether a mailing goes on."""

    OPEN = "open"
    PAUSED = "paused"
    """Nothing leaves until somebody sends it again."""
    CANCELLED = "cancelled"
    """What was not sent then never will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """An issue that is being sent or was; `Mailings.edition` reads what it says."""

    id: int
    slug: str
    provider: str
    segment: str
    """The expression that chose its readers; empty for everyone."""
    batch_size: int
    course: Course
    frozen_at: datetime
    edition_id: int
    fingerprint: str
    """That of its latest edition."""
    allowed: tuple[str, ...] = ()
    """The rules that were let pass in its latest edition."""


class Mailings:
    """The mailings in a store, one a slug."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("mailings.sql")
        self._editions: dict[int, Edition] = {}

    def find(self, slug: str) -> Frozen | None:
        """Return the mailing of a slug, if it was begun."""
        row = self._database.fetch_one(self._sql["find"], slug=slug)
        return _frozen(row) if row else None

    def get(self, slug: str) -> Frozen:
        """
        Return the mailing of a slug.

        Raises:
            LookupError: it was never begun.
        """
        frozen = self.find(slug)
        if frozen is None:
            msg = f"no mailing {slug} was begun"
            raise LookupError(msg)
        return frozen

    def all(self) -> list[Frozen]:
        """Return all mailings, oldest first."""
        return [*map(_frozen, self._database.fetch_all(self._sql["all"]))]

    def unfinished(self) -> list[Frozen]:
        """Return those, oldest first, of which something is still to be posted, unless they were ended."""
        begun = {number for (number,) in self._database.fetch_all(self._sql["unfinished"])}
        return [frozen for frozen in self.all() if frozen.id in begun and frozen.course is not Course.CANCELLED]

    def doubtful(self) -> set[int]:
        """Return the ids of those that have readers of whom nobody knows whether they got it."""
        return {number for (number,) in self._database.fetch_all(self._sql["doubtful"])}

    def begin(self, plan: Plan, *, now: datetime) -> Frozen:
        """
        Keep a plan's edition as a new mailing.

        Raises:
            BegunError: one with this slug is there already.
        """
        with self._database.transaction():
            new = self._database.change(
                self._sql["keep"],
                slug=plan.edition.slug,
                provider=plan.provider,
                segment=plan.segment,
                batch_size=plan.batch_size,
                now=to_stamp(now),
            )
            if not new:
                msg = f"the sending of {plan.edition.slug} has already begun"
                raise BegunError(msg, hint="Run it again to go on with what was begun.")
            return self.amend(plan.edition, now=now, allowed=plan.allowed)

    def amend(self, edition: Edition, *, now: datetime, allowed: Sequence[str] = ()) -> Frozen:
        """Let the mailing of the edition's slug say this from now on; what was claimed stays as it was."""
        with self._database.transaction():
            self._database.change(
                self._sql["keep_edition"],
                slug=edition.slug,
                fingerprint=edition.fingerprint,
                content=zlib.compress(edition.to_json().encode()),
                now=to_stamp(now),
                allowed=to_json(allowed),
            )
            frozen = self.get(edition.slug)
            self._database.change_many(
                self._sql["keep_image"],
                (
                    {"edition": frozen.edition_id, "position": position, "content": zlib.compress(image.content)}
                    for position, image in enumerate(edition.images)
                ),
            )
        return frozen

    def edition(self, number: int) -> Edition:
        """Return the edition of that id whole; it is read once."""
        if number not in self._editions:
            ((content,),) = self._database.fetch_all(self._sql["content"], edition=number)
            images = [zlib.decompress(row[0]) for row in self._database.fetch_all(self._sql["images"], edition=number)]
            self._editions[number] = Edition.from_json(zlib.decompress(content).decode(), images)
        return self._editions[number]

    def turn(self, frozen: Frozen, course: Course) -> bool:
        """Pause a mailing, open it again or end it, and say whether that is news; what is cancelled stays so."""
        return self._database.change(self._sql["turn"], mailing=frozen.id, state=course.value) == 1

    def hold(self, frozen: Frozen, reason: str) -> bool:
        """Pause a mailing for all who send it, as no more would come of it, and say whether that is news."""
        return self._database.change(self._sql["hold"], mailing=frozen.id, reason=reason) == 1

    def why_held(self, frozen: Frozen) -> str:
        """Return why a mailing is paused that no person has paused; blank for all others."""
        ((reason,),) = self._database.fetch_all(self._sql["why_held"], mailing=frozen.id)
        return str(reason)


def _frozen(row: tuple[Any, ...]) -> Frozen:
    number, slug, provider, segment, batch_size, state, frozen_at, edition, fingerprint, allowed = row
    return Frozen(
        id=number,
        slug=slug,
        provider=provider,
        segment=segment,
        batch_size=batch_size,
        course=Course(state),
        frozen_at=datetime.fromisoformat(frozen_at),
        edition_id=edition,
        fingerprint=fingerprint,
        allowed=tuple(from_json(allowed)),
    )
