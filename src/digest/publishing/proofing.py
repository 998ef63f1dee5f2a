"""What `digest check` does, and `digest send` before anything leaves: an issue is held to the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.addressing import EXAMPLE_TOKEN, example_reader
from digest.checking.proof import Past, Proof
from digest.checking.sources import Sources
from digest.model import Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.checking.survey import Survey
    from digest.model import Issue, Subscriber
    from digest.publishing.newsroom import Newsroom
    from digest.store import Store

_LATEST = 12
"""How many issues back we look for what was there before."""


def make_proof(
    newsroom: Newsroom,
    issue: Issue,
    *,
    now: datetime,
    reader: Subscriber | None = None,
    past: Sequence[Past] = (),
    survey: Survey | None = None,
) -> Proof:
    """
    Return an issue as a reader gets it; without one, the reader with the longest values, or one who does not exist.

    Raises:
        ContentError: a template has something to mend.
    """
    traced = newsroom.trace(issue)
    longest = survey.longest if survey else None
    shown_to = reader or longest or example_reader(traced.edition, newsroom.settings.fields)
    return Proof(
        issue=issue,
        edition=traced.edition,
        traced=traced.html,
        message=Message(edition=traced.edition, reader=replace(shown_to, token=EXAMPLE_TOKEN), at=now),
        settings=newsroom.settings,
        sources=Sources(issue, newsroom.settings),
        past=past,
        survey=survey,
    )


def read_past(store: Store, slug: str) -> list[Past]:
    """Return the issues that were sent before this one, the latest first."""
    sent = [frozen for frozen in store.mailings.all() if frozen.slug != slug]
    return [
        Past(slug=frozen.slug, edition=store.mailings.edition(frozen.edition_id))
        for frozen in sent[: -_LATEST - 1 : -1]
    ]
