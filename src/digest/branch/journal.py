"""The ledger's branch as one process writes it: a commit at a time, on top of what everyone else has written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from digest.branch.repository import RemoteError, RewrittenError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.branch.repository import Repository

Changes: TypeAlias = "Mapping[str, bytes | None]"
"""Files by path; None takes one away."""

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further attempt to reach a remote that cannot be reached."""
_MOST_RACES = 100
"""How often in a row others may be faster, until something else must be wrong."""
NO_RIGHT = (
    "Whoever sends needs the right to push to that branch: in a job on GitHub, permissions: contents: write; and no "
    "rule that protects the branch."
)
"""What to do where a remote takes nothing."""


class Journal:
    """
    The branch, from one tip to the next.

    Args:
        repository: where it is.
        waits: how long to wait before each further attempt.
    """

    def __init__(self, repository: Repository, waits: tuple[float, ...] = WAITS) -> None:
        self.repository = repository
        self.tip: str | None = None
        """The commit whose content we know, or have written."""
        self._unanswered: list[str] = []
        """Commits of ours that may have arrived."""
        self._waits = waits

    def open(self) -> Mapping[str, bytes]:
        """
        Return all files of the branch; none where there is no such branch.

        Raises:
            RemoteError: the remote cannot be reached, or somebody has written the branch anew.
        """
        self.tip = self.repository.fetch()
        return self.repository.read(self.tip) if self.tip else {}

    def write(self, make: Callable[[], Changes], *, words: str, meet: Callable[[set[str], str], None]) -> None:
        """
        Push a commit with changes.

        Args:
            make: says what to change; it is asked anew for each attempt.
            words: what the commit says.
            meet: is told which paths others have changed, and at which commit; raises what is to end it.

        Raises:
            RemoteError: the remote cannot be reached, or refuses; what was pushed may have arrived all the same.
        """
        waits = iter(self._waits)
        refusals = races = 0
        while True:
            commit = self.repository.commit(make(), parent=self.tip, words=words)
            pushed = self.repository.push(commit)
            if pushed.accepted:
                self._accept(commit)
                return
            self._unanswered.append(commit)
            before = self.tip
            try:
                arrived = self._catch_up(meet)
            except RewrittenError:
                raise
            except RemoteError:  # so nobody knows
                wait = next(waits, None)
                if wait is None:
                    raise
                time.sleep(wait)
                continue
            if arrived == commit:
                self._accept(self.tip)
                return
            races += self.tip != before
            refusals += self.tip == before
            if refusals > 1 or races > _MOST_RACES:
                msg = f"{self.repository.name} takes nothing from here: {pushed.words}"
                raise RemoteError(msg, hint=NO_RIGHT)

    def _accept(self, tip: str | None) -> None:
        self.tip = tip
        self._unanswered.clear()
        if tip:
            self.repository.remember(tip)

    def _catch_up(self, meet: Callable[[set[str], str], None]) -> str | None:
        """Take in what others have written; return which commit of ours turns out to have arrived, if one has."""
        tip = self.repository.fetch()
        if tip is None:
            return None
        arrived = next((one for one in reversed(self._unanswered) if self.repository.contains(tip, one)), None)
        known = arrived or self.tip
        if tip != known:
            meet(self.repository.difference(known, tip), tip)
        self.tip = tip
        return arrived
