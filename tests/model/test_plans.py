"""Plans: what a send would do, and what binds a person's word to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.model import Address, Audience, Edition, Pattern, Plan, Tally

EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org"),
    reply_to=None,
    subject=Pattern.of_text("First snow"),
    html=Pattern.of_html("<p>Hello</p>"),
    text=Pattern.of_text("Hello"),
    headers={},
)
AUDIENCE = Audience(readers=1_030, excluded={"left": 7}, digest="who")
PLAN = Plan(
    edition=EDITION, provider="outbox", audience=AUDIENCE, batch_size=500, request_bytes=50_000, pace=1.5, last=1_000
)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, edition=replace(EDITION, subject=Pattern.of_text("Last snow"))),
        replace(PLAN, provider="mailgun"),
        replace(PLAN, segment="tag:pro"),
        replace(PLAN, allowed=("link-insecure",)),
        replace(PLAN, audience=replace(AUDIENCE, digest="others")),
    ],
)
def test_key_of_another_plan(other: Plan) -> None:
    """Another text, provider, segment or reader, or a rule let pass, makes another key: nobody has agreed to that."""
    assert other.key != PLAN.key


@pytest.mark.parametrize(
    "same",
    [
        replace(PLAN, edition=replace(EDITION)),
        replace(PLAN, last=2, findings=("It is a draft.",), warnings=3, pace=None),
        replace(PLAN, audience=replace(AUDIENCE, excluded={"left": 8})),
    ],
)
def test_key_of_the_same_plan(same: Plan) -> None:
    """What is only said beside it does not change the key, which is short enough to be typed."""
    assert same.key == PLAN.key
    assert len(PLAN.key) == 12


def test_plan_in_numbers() -> None:
    """Batches, bytes, seconds and growth follow from the readers."""
    assert PLAN.batches == 3
    assert PLAN.bytes == 103_000
    assert PLAN.seconds == 2.0
    assert PLAN.growth == pytest.approx(0.03)


def test_plan_for_a_few() -> None:
    """A request that is not full is not counted as if it were: its bytes are those of the readers who are there."""
    few = replace(PLAN, audience=replace(AUDIENCE, readers=3), request_bytes=300)
    assert (few.batches, few.bytes) == (1, 300)


def test_plan_for_nobody() -> None:
    """Nobody takes no requests, no bytes and no time."""
    nobody = replace(PLAN, audience=replace(AUDIENCE, readers=0), request_bytes=0)
    assert (nobody.batches, nobody.bytes, nobody.seconds) == (0, 0, 0.0)
    assert nobody.growth == -1.0


def test_what_is_not_known() -> None:
    """Without a pace there is no time to tell, and without a last issue, or with one for nobody, no growth."""
    assert replace(PLAN, pace=None).seconds is None
    assert replace(PLAN, last=None).growth is None
    assert replace(PLAN, last=0).growth is None


def test_tally() -> None:
    """Its total is everyone."""
    assert Tally(sent=1, refused=2, skipped=4, queued=8, in_doubt=16).total == 31
