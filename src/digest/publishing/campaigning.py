"""
The steps by which a service gets an issue whole.

Each is written down before it is taken, and begins with a look at what the service has: so whatever was lost, be it
this program or an answer, the next run finds the one campaign that there is, and goes on with it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.errors import IncompleteError, ProviderError
from digest.providers import Progress
from digest.store import Stage
from digest.wire.answers import UnclearError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Edition
    from digest.providers import Campaign, OwnsList
    from digest.sending.talking import Line
    from digest.store import Handed, Store
    from digest.wire import Fetch

_MAYBE_SENT = frozenset(Stage) - {Stage.BEGUN, Stage.DRAFT}
_RANKS = {Progress.STOPPED: 1, Progress.DRAFT: 2}
"""Which of several campaigns counts: what is on its way or there goes before these."""
_NOT_AGAIN = "So it is not sent again. If nobody got it, as those know who deleted it, give its file another name."


def find_campaigns(service: OwnsList, edition: Edition, handed: Handed | None, fetch: Fetch) -> Sequence[Campaign]:
    """
    Return what a service has of an issue, the one first that is no draft any more, else the oldest.

    So whoever looks chooses the same. But when it may have been sent, no other draft stands in for the one that was
    published: everyone would get it twice.
    """
    found = service.find(edition, fetch, known={handed.campaign, handed.url} - {""} if handed else ())
    if handed and handed.stage in _MAYBE_SENT:
        found = [one for one in found if one.progress is not Progress.DRAFT or one.id == handed.campaign]
    return sorted(found, key=lambda campaign: _RANKS.get(campaign.progress, 0))


class Steps:
    """The steps of a hand-over, and where they have led."""

    def __init__(
        self,
        service: OwnsList,
        edition: Edition,
        store: Store,
        line: Line,
        *,
        handed: Handed,
        campaigns: Sequence[Campaign],
    ) -> None:
        self._service = service
        self._edition = edition
        self._store = store
        self._line = line
        self.campaigns = campaigns
        """What the service has of the issue, the one that counts first."""
        self.handed = handed
        """What is written down of it."""

    def take(self, *, done: bool) -> None:
        """Take those that are left; where it was done, none is but to look."""
        with self._line as fetch:
            self._look(fetch, gone=done)
            if not self.campaigns:
                self._draft(fetch)
            is_draft = self.campaigns[0].progress is Progress.DRAFT
            if is_draft and not done:
                self._publish(fetch)
            if not (is_draft and done):  # somebody has taken it back just now
                self._write_down(self.campaigns[0])

    def _look(self, fetch: Fetch, *, gone: bool = False) -> None:
        self.campaigns = find_campaigns(self._service, self._edition, self.handed, fetch)
        if not self.campaigns and (gone or self.handed.stage in _MAYBE_SENT):
            msg = f"{self._service.name} has nothing of {self.handed.slug} any more, and may have sent it"
            raise IncompleteError(msg, hint=_NOT_AGAIN)

    def _draft(self, fetch: Fetch) -> None:
        """Have a draft made; if another program was faster, take its draft in the place of ours."""
        again = bool(self.handed.campaign)  # what there was is gone
        attempt, fingerprint = self.handed.attempt + again, self._edition.fingerprint
        self._advance(Stage.BEGUN, attempt=attempt, fingerprint=fingerprint, campaign="", url="")
        ours = self._service.draft(self._edition, fetch, attempt=self.handed.attempt)
        self._write_down(ours)
        self._look(fetch)
        if not self.campaigns:
            self.campaigns = [ours]
        elif any(other.id == ours.id and other.progress is Progress.DRAFT for other in self.campaigns[1:]):
            self._service.discard(ours, fetch)
            self._look(fetch, gone=True)

    def _publish(self, fetch: Fetch) -> None:
        campaign = self.campaigns[0]
        self._advance(Stage.PUBLISHING, campaign=campaign.id, url=campaign.url, fingerprint=self._edition.fingerprint)
        try:
            self.campaigns = [self._service.publish(campaign, self._edition, fetch), *self.campaigns[1:]]
        except ProviderError as fault:
            self._look_nevertheless(fault, fetch)

    def _look_nevertheless(self, fault: ProviderError, fetch: Fetch) -> None:
        """See whether it was published all the same: by us, though the answer was lost, or by others."""
        try:
            self._look(fetch)
        except ProviderError:
            raise fault from None
        if self.campaigns[0].progress is Progress.DRAFT:
            if not isinstance(fault, UnclearError):
                self._write_down(self.campaigns[0])  # surely nobody got it
            raise fault

    def _write_down(self, campaign: Campaign) -> None:
        self._advance(Stage(campaign.progress.value), campaign=campaign.id, url=campaign.url)

    def _advance(self, stage: Stage, **changes: object) -> None:
        handed = replace(self.handed, stage=stage, **changes)  # type: ignore[arg-type]  # its own fields
        self.handed = self._store.handovers.keep(handed, now=_now())


def _now() -> datetime:
    return datetime.now(UTC)
