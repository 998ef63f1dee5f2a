"""A store whose ledger is on a branch of a git remote: made anew for each command, and gone when it ends."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from digest.branch.journal import WAITS, Journal
from digest.branch.keeping import Keeper, Scope, TakenError, Tenure
from digest.branch.leases import Signs, name_of_process
from digest.branch.repository import Repository
from digest.branch.restoring import Restorer
from digest.branch.windows import Size, Windows
from digest.errors import DigestError, SettingsError
from digest.keys import VARIABLE, how_to_get_one
from digest.store import SENDER, Ledger, Store, bring_up_to_date, numberings_of, sqlite
from digest.store.audiences import present
from digest.store.handovers import Handovers
from digest.store.locks import Locks
from digest.store.mailings import Mailings
from digest.tokens import Tokens, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from digest.branch.restoring import Restored
    from digest.config import Settings
    from digest.segments import Segment
    from digest.store import Audiences, Claims, Frozen, Handed, Numbering
    from digest.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the ledger is worked with."""

    take_over: bool = False
    """Whether whoever holds a mailing is held for dead."""
    waits: tuple[float, ...] = WAITS
    """Seconds before each further attempt to reach the remote."""
    now: Callable[[], datetime] = present
    monotonic: Callable[[], float] = time.monotonic


AS_EVER = Terms()
_SAME_KEY = "Every machine that sends needs the same key."
_AS_A_SECRET = f"{_SAME_KEY} Give this job the one in .env, where the newsletter was begun, as a secret."


class BranchStore(Store):
    """
    An open store whose ledger is on a branch; it belongs to the thread that opened it.

    Args:
        database: of this process alone; the ledger was restored in it.
        journal: the branch.
        restored: what else stood on it.
        terms: how the ledger is worked with.
        url: the newsletter's, by which it is known on the branch.
        window: how much is claimed by one push.
        name: what people call this process.
        tokens: sign the tokens of readers.
        numbering: gives readers their ids.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        restored: Restored,
        *,
        terms: Terms,
        url: str,
        window: str,
        name: str,
        tokens: Tokens | None,
        numbering: Numbering | None,
    ) -> None:
        super().__init__(database, Locks(), tokens, terms.now, numbering)
        self._signs = Signs(journal.repository.git_folder)
        self._keys = restored.keys
        self._terms = terms
        self._window = window
        self._keeper = Keeper(
            database,
            self.mailings,
            journal,
            leases=restored.leases,
            key_of=self._key_of,
            holder=f"{SENDER}-{token_hex(8)}",
            name=name,
            signs=self._signs,
            take_over=terms.take_over,
            url=url,
            now=terms.now,
        )
        self.ledger = _Ledger(database, self.mailings, self.audiences, self._require_key)
        self.handovers = _Handovers(database, self._push_handover)

        self._tenure: Tenure | None = None
        """The lease under which an issue is handed over."""

    def _key_of(self, mailing: int) -> str:
        return self._keys.get(mailing) or (self.numbering.key_id if self.numbering else "")

    def _require_key(self, frozen: Frozen) -> None:
        """
        See to it that the readers of a mailing have the ids here that they have in it.

        Raises:
            SettingsError: they were numbered by another key.
        """
        if self.numbering is None or self._key_of(frozen.id) != self.numbering.key_id:
            msg = f"{frozen.slug} was begun with another key in {VARIABLE} than the first one here"
            raise SettingsError(msg, hint="Put that key first for this command, as none can tell its readers without.")

    @contextmanager
    def claims(self, frozen: Frozen, *, abreast: int = 1) -> Iterator[Claims]:
        """
        Return the batches of a mailing for this process to claim, in windows of so many `abreast` at least.

        Raises:
            IncompleteError: another process is at it.
            SettingsError: its readers were numbered by another key.
            RemoteError: at the end, what became of them could not be written down.
        """
        try:
            with self._windows(frozen, abreast) as windows:
                yield windows
        except BaseException:
            self._keeper.forget(self._keeper.pending())  # what could not be pushed then is not pushed later by itself
            raise

    @contextmanager
    def _windows(self, frozen: Frozen, abreast: int) -> Iterator[Windows]:
        self._require_key(frozen)
        tenure = Tenure(self._keeper, Scope.of(frozen), self._terms.monotonic)
        tenure.admit()
        windows = Windows(
            self._database,
            self.mailings,
            self._columns,
            frozen=frozen,
            claimant=self._keeper.holder,
            tenure=tenure,
            size=Size.read(self._window, least=abreast),
            monotonic=self._terms.monotonic,
        )
        with self._at_work(windows.end):
            yield windows

    @contextmanager
    def _at_work(self, end: Callable[[], None]) -> Iterator[None]:
        """Show that this process lives while it has something in hand, and give that back at the end."""
        with self._signs.show(self._keeper.holder):
            try:
                yield
            except (TakenError, KeyboardInterrupt):  # nothing here is ours any more, or there is no time
                raise
            except BaseException:
                end()
                raise
            end()
            self._signs.forget(self._keeper.holder)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """
        Be the only one that holds `name`, on all machines.

        Raises:
            IncompleteError: another process holds it.
            RemoteError: the remote cannot be reached, or refuses.
        """
        tenure = self._tenure = Tenure(self._keeper, Scope.of_handovers(name), self._terms.monotonic)
        tenure.admit()
        with self._at_work(tenure.end):
            tenure.push()
            yield

    def admit(self, frozen: Frozen) -> None:
        """
        See to it that no other process sends a mailing.

        Raises:
            IncompleteError: another one may.
        """
        self._keeper.refuse_other(Scope.of(frozen))

    def held_by(self, frozen: Frozen) -> str:
        """Return who sends a mailing, and until when nobody else does."""
        lease = self._keeper.other(Scope.of(frozen))
        return lease.words if lease else ""

    def _push_handover(self) -> None:
        if self._tenure is None:
            msg = "an issue is handed over by whoever holds the right to it"
            raise RuntimeError(msg)
        self._tenure.push()

    def end(self) -> None:
        """
        Push what a person has decided.

        Raises:
            IncompleteError: another process is at the mailing, and it is more than its course that was changed.
            RemoteError: the remote cannot be reached, or refuses.
        """
        for frozen in self.mailings.all():
            self._decide(Scope.of(frozen))

    def _decide(self, scope: Scope) -> None:
        parts = {*filter(scope.has, self._keeper.pending())}
        courses = {part for part in parts if part.kind == "course"}
        if not parts:
            return
        if self._keeper.other(scope) is None:
            self._keeper.push(scope, parts, None)
        elif courses:  # whoever is at it hears of that with their next push
            self._keeper.push(scope.for_course(), courses, None)
            self._keeper.forget(parts)
        else:
            self._keeper.refuse_other(scope)


class _Ledger(Ledger):
    """Asks who has joined only where readers have the ids that they had."""

    def __init__(
        self, database: Database, mailings: Mailings, audiences: Audiences, require: Callable[[Frozen], None]
    ) -> None:
        super().__init__(database, mailings, audiences)
        self._require = require

    def newcomers(self, frozen: Frozen, segment: Segment | None) -> list[int]:
        """Return what `Ledger.newcomers` does, unless everyone would look like one."""
        self._require(frozen)
        return super().newcomers(frozen, segment)


class _Handovers(Handovers):
    """Hand-overs that are on the branch before the next step is taken."""

    def __init__(self, database: Database, push: Callable[[], None]) -> None:
        super().__init__(database)
        self._push = push

    def begin(self, slug: str, *, provider: str, now: datetime) -> Handed:
        """Do what `Handovers.begin` does, on the branch."""
        handed = super().begin(slug, provider=provider, now=now)
        self._push()
        return handed

    def keep(self, handed: Handed, *, now: datetime) -> Handed:
        """Do what `Handovers.keep` does, on the branch."""
        kept = super().keep(handed, now=now)
        self._push()
        return kept


@contextmanager
def open_branch_store(settings: Settings, terms: Terms = AS_EVER, *, needs_key: bool = False) -> Iterator[BranchStore]:
    """
    Open the ledger that ``[ledger] url`` names, in a store without readers, which is gone when this ends.

    Args:
        settings: the newsletter's.
        terms: how it is worked with.
        needs_key: whether readers are to come into it.

    Raises:
        SettingsError: there is no such remote, no key, or what stands on the branch cannot be read.
        RemoteError: the remote cannot be reached, or refuses what was decided.
        IncompleteError: another process is at the mailing about which something was decided.
    """
    known = tokens_of(settings.environ)
    if needs_key and known is None:
        msg = f"a ledger on a branch knows readers by keyed hashes, and {VARIABLE} is not set"
        is_job = settings.environ.get("CI")  # whose log may be public
        raise SettingsError(msg, hint=_AS_A_SECRET if is_job else how_to_get_one(_SAME_KEY))
    journal = Journal(Repository.find(settings.root, settings.ledger.url or ""), terms.waits)
    files = journal.open()
    with sqlite.connect(sqlite.TEMPORARY) as database:
        bring_up_to_date(database)
        url = settings.newsletter.url
        restored = Restorer(database).restore(files, url)
        tokens = _in_order(known, database, restored) if known else None
        store = BranchStore(
            database,
            journal,
            restored,
            terms=terms,
            url=url,
            window=settings.ledger.window,
            name=name_of_process(settings.environ),
            tokens=tokens,
            numbering=numberings_of(tokens.keys)[0] if tokens else None,
        )
        try:
            yield store
        except DigestError:  # what was decided before it stands, as it does in every other store
            store.end()
            raise
        store.end()


def _in_order(tokens: Tokens, database: Database, restored: Restored) -> Tokens:
    """
    Return what signs, and numbers readers, by the key of what was begun before all others; else by the newest.

    So what is posted again under an idempotency key has the same links in it, to the byte.
    """
    begun = {restored.keys[frozen.id] for frozen in Mailings(database).unfinished()}
    ids = [numbering.key_id for numbering in numberings_of(tokens.keys)]
    begun_first = sorted(zip(ids, tokens.keys, strict=True), key=lambda one: one[0] not in begun)
    return Tokens([key for _, key in begun_first])
