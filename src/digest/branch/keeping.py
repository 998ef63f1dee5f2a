"""What this process writes to the ledger's branch: what it has changed, with the lease under which it may."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from digest.branch.leases import MARGIN, TERM, Lease
from digest.branch.records import (
    COURSE,
    HANDOVER_KIND,
    KINDS,
    LEASE,
    NEWSLETTER,
    Part,
    Records,
    folder_of,
    refuse_another,
    welcome,
)
from digest.errors import IncompleteError
from digest.store import Course
from digest.store.database import from_json

if TYPE_CHECKING:
    from digest.branch.journal import Changes, Journal
    from digest.branch.leases import Signs
    from digest.store.database import Database
    from digest.store.mailings import Frozen, Mailings

Clock: TypeAlias = Callable[[], datetime]

_LEFT = "What it had claimed is settled or in doubt there, and nobody gets it twice. How it stands: digest status"


class TakenError(IncompleteError):
    """Somebody else has changed what was ours to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one lease is for."""

    name: str
    """What a sentence calls it: the slug of a mailing."""
    own: tuple[str, ...]
    """How the paths begin that nobody else may change under the lease, but for the course of a mailing."""
    lease: str
    """The file of the lease."""
    kinds: AbstractSet[str]
    """The kinds of its parts."""
    mailing: int = 0
    """The id of the mailing whose parts they are; 0 where they are not of one."""

    @classmethod
    def of(cls, frozen: Frozen) -> Scope:
        """Return what sending a mailing is about."""
        folder = folder_of(frozen.slug)
        return cls(name=frozen.slug, own=(folder,), lease=f"{folder}{LEASE}", kinds=KINDS, mailing=frozen.id)

    @classmethod
    def of_handovers(cls, name: str) -> Scope:
        """Return what handing issues over is about; `name` is what whoever does it holds."""
        lease = f"holds/{quote(name)}/{LEASE}"
        return cls(name=name, own=("handovers/", lease), lease=lease, kinds=frozenset({HANDOVER_KIND}))

    def for_course(self) -> Scope:
        """Return what is about the course alone, which anybody may change while another sends."""
        return replace(self, own=(self.course,))

    @property
    def course(self) -> str:
        """The file that says whether a mailing goes on."""
        return f"{self.own[0]}{COURSE}"

    def has(self, part: Part) -> bool:
        """Return whether a part belongs to it."""
        return part.kind in self.kinds and part.mailing == self.mailing


class Keeper:
    """
    Pushes what was changed in the working store.

    Args:
        database: the working store.
        mailings: those in it.
        journal: the branch.
        leases: who is at what, as the branch says, by the file of the lease.
        key_of: tells the id of the key by which a mailing's readers are numbered.
        holder: this process, by a name that nobody else has.
        name: what people call it.
        signs: whether others of this clone live.
        take_over: whether others' leases are over, whatever they say.
        url: the newsletter's, by which it is known.
        now: the clock.
    """

    def __init__(
        self,
        database: Database,
        mailings: Mailings,
        journal: Journal,
        *,
        leases: dict[str, Lease],
        key_of: Callable[[int], str],
        holder: str,
        name: str,
        signs: Signs,
        take_over: bool,
        url: str,
        now: Clock,
    ) -> None:
        self.holder = holder
        self.name = name
        self.now = now
        self._records = Records(database)
        self._records.watch()
        self._mailings = mailings
        self._journal = journal
        self._leases = leases
        self._key_of = key_of
        self._signs = signs
        self._take_over = take_over
        self._url = url
        self._pending: set[Part] = set()
        """What was changed, and is not surely on the branch."""

    def pending(self) -> set[Part]:
        """Return what was changed, and is not surely on the branch."""
        self._pending |= self._records.take_touched()
        return {*self._pending}

    def forget(self, parts: AbstractSet[Part]) -> None:
        """Let changes be: the branch has them, or is not to have them."""
        self._pending -= parts

    def other(self, scope: Scope) -> Lease | None:
        """Return the lease of another process that may be at it."""
        lease = self._leases.get(scope.lease)
        if lease is None or lease.holder == self.holder or self._take_over:
            return None
        return None if lease.until <= self.now() or self._signs.is_dead(lease.holder) else lease

    def refuse_other(self, scope: Scope) -> None:
        """
        See to it that nobody else is at it.

        Raises:
            IncompleteError: another process may be.
        """
        lease = self.other(scope)
        if lease:
            raise lease.refusal(scope.name)

    def push(self, scope: Scope, parts: AbstractSet[Part], lease: Lease | None, *, gives_back: bool = False) -> None:
        """
        Push what was changed.

        Args:
            scope: what it is about.
            parts: which parts of it.
            lease: the right to it, renewed; None leaves it as it is.
            gives_back: whether nobody is to have it any more.

        Raises:
            TakenError: somebody else has changed it meanwhile.
            RemoteError: the remote cannot be reached, or refuses; it may have arrived all the same.
        """
        leased = {scope.lease: lease.content if lease else None} if lease or gives_back else {}

        def make() -> Changes:
            beginning = {} if self._journal.tip else welcome(self._url)
            return {**beginning, **self._records.files(parts & self._pending, self._key_of, now=self.now()), **leased}

        words = f"{scope.name}: {self.name}"
        self._journal.write(make, words=words, meet=partial(self._meet, scope))
        self.forget(parts)
        before = self._leases.pop(scope.lease, None) if leased else None
        if lease:
            self._leases[scope.lease] = lease
        if before and before.holder != self.holder:
            self._signs.forget(before.holder)

    def _meet(self, scope: Scope, paths: AbstractSet[str], tip: str) -> None:
        """Take in what others have pushed meanwhile, or raise what ends ours."""
        newsletter = self._journal.repository.read_file(tip, NEWSLETTER) if NEWSLETTER in paths else None
        if newsletter:
            refuse_another(newsletter, self._url)
        if any(path.startswith(scope.own) and path != scope.course for path in paths):
            content = self._journal.repository.read_file(tip, scope.lease)
            lease = Lease.read(content) if content else None
            if lease and lease.holder != self.holder:
                msg = f"{scope.name} was taken over by {lease.name}"
            else:
                msg = f"somebody has changed {scope.name} on {self._journal.repository.name} meanwhile"
            raise TakenError(msg, hint=_LEFT)
        if scope.course in paths:
            facts = from_json(self._journal.repository.read_file(tip, scope.course) or b"")
            self._mailings.turn(self._mailings.get(scope.name), Course(facts["course"]))
            self.pending()
            self.forget({Part(kind="course", mailing=scope.mailing, part=0)})


class Tenure:
    """
    A lease in this process's hands.

    Args:
        keeper: pushes what was changed under it.
        scope: what it is for.
        monotonic: a clock that only goes on, in seconds.
    """

    def __init__(self, keeper: Keeper, scope: Scope, monotonic: Callable[[], float]) -> None:
        self._keeper = keeper
        self._scope = scope
        self._monotonic = monotonic
        self._since: datetime | None = None
        self._renewed: tuple[float, datetime] | None = None

    def admit(self) -> None:
        """
        See to it that nobody else is at it.

        Raises:
            IncompleteError: another process may be.
        """
        if self._renewed is None:
            self._keeper.refuse_other(self._scope)

    def holds(self) -> bool:
        """Return whether it lasts for another request, by whichever clock says that more time has passed."""
        if self._renewed is None:
            return False
        seconds, moment = self._renewed
        passed = max(self._monotonic() - seconds, (self._keeper.now() - moment).total_seconds())
        return passed < (TERM - MARGIN).total_seconds()

    def push(self) -> None:
        """
        Push what was changed, and renew the lease, or take it.

        Raises:
            TakenError: somebody else has it.
            RemoteError: the remote cannot be reached, or refuses; it may have arrived all the same.
        """
        seconds, now = self._monotonic(), self._keeper.now()
        self._since = self._since or now
        keeper = self._keeper
        lease = Lease(holder=keeper.holder, name=keeper.name, since=self._since, until=now + TERM)
        keeper.push(self._scope, self._parts(), lease)
        self._renewed = seconds, now

    def end(self) -> None:
        """Push what was changed, and give the lease back; where there is neither, nothing is pushed."""
        parts = self._parts()
        if parts or self._since:
            self._keeper.push(self._scope, parts, None, gives_back=self._since is not None)
        self._since = self._renewed = None

    def _parts(self) -> set[Part]:
        return {*filter(self._scope.has, self._keeper.pending())}
