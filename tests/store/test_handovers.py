"""Hand-overs: issues that a service took whole, and how far each has come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from mailing_room import LATER, NOW, SLUG, freeze

from digest.errors import IncompleteError
from digest.store import Handed, Stage, open_store

if TYPE_CHECKING:
    from digest.store import Store


def begin(store: Store, slug: str = SLUG) -> Handed:
    """Begin a hand-over."""
    return store.handovers.begin(slug, provider="listmonk", now=NOW)


def test_hand_over_is_begun_once(store: Store) -> None:
    """Whoever begins it after another finds what the other has begun."""
    handed = begin(store)
    assert handed == Handed(slug=SLUG, provider="listmonk", begun_at=NOW, changed_at=NOW)
    assert store.handovers.begin(SLUG, provider="buttondown", now=LATER) == handed
    assert store.handovers.all() == [handed]


def test_each_step_outlives_the_process(url: str) -> None:
    """Another process reads how far it has come, and since when."""
    with open_store(url) as store:
        step = replace(begin(store), stage=Stage.PUBLISHING, campaign="7", url="https://a.test/7", fingerprint="abc")
        step = replace(step, allowed=("link-dead",))
        kept = store.handovers.keep(replace(step, attempt=2), now=LATER)
    with open_store(url) as store:
        assert store.handovers.find(SLUG) == kept == replace(step, attempt=2, changed_at=LATER)


def test_unknown_slug(store: Store) -> None:
    """What was never handed over is nothing."""
    begin(store, "another")
    assert store.handovers.find(SLUG) is None


def test_oldest_comes_first(store: Store) -> None:
    """All are listed in the order in which they were begun."""
    later = store.handovers.begin("a-later-one", provider="listmonk", now=LATER)
    sooner = begin(store)
    assert store.handovers.all() == [sooner, later]


def test_issue_that_is_sent_reader_by_reader(store: Store) -> None:
    """It is not handed over besides: everyone would get it twice."""
    freeze(store)
    with pytest.raises(IncompleteError, match="already begun, reader by reader"):
        begin(store)
    assert store.handovers.all() == []


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_can_be_kept(store: Store, stage: Stage) -> None:
    """The database takes each, and knows which are the end of it."""
    store.handovers.keep(replace(begin(store), stage=stage), now=LATER)
    (kept,) = store.handovers.all()
    assert kept.stage is stage
    assert stage.is_done is (stage in {Stage.SCHEDULED, Stage.SENDING, Stage.SENT})
