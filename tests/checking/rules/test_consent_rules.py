"""Rules about whether readers want it, and can end it: cases beyond their examples in the manual."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, stage

from digest.checking.rules import RULES
from digest.checking.survey import Group

if TYPE_CHECKING:
    from pathlib import Path


def test_consent_is_counted(tmp_path: Path) -> None:
    """The remark counts, and names readers by their numbers alone."""
    readers = "email,consent_how\nada@example.org,at the fair\nnoor@example.org,\nbea@example.org,\n"
    (remark,) = RULES["consent-record"].find(stage([Block(kind="csv", text=readers)], tmp_path))
    assert remark.sentence == "nobody knows when or how 2 of 3 readers (numbers 2, 3) agreed"
    assert "example.org" not in remark.fix


@pytest.mark.parametrize("rule", ["consent-record", "unsubscribe-token"])
def test_nobody_is_on_the_list(rule: str, tmp_path: Path) -> None:
    """An issue that is looked at before there are readers is not blamed."""
    assert not list(RULES[rule].find(stage([], tmp_path)))


def test_tokens_that_are_not_readers_own(tmp_path: Path) -> None:
    """Who shares one, or has none, is told by number."""
    proof = stage([Block(kind="csv", text="email\nada@example.org\nnoor@example.org\n")], tmp_path)
    assert proof.survey
    shared = replace(proof.survey, without_token=Group(count=2, first=(1, 2)))
    (remark,) = RULES["unsubscribe-token"].find(replace(proof, survey=shared))
    assert "2 of 2 readers (numbers 1, 2)" in remark.sentence


@pytest.mark.parametrize(
    "address", ["https://lamplighter.example.org/leave", "https://example.org/unsubscribe?who=reader@example.org"]
)
def test_ways_out_without_a_token(address: str, tmp_path: Path) -> None:
    """One address for all, or one that names the reader, is none of the reader's own."""
    fields = Block(kind="headers", text=f"List-Unsubscribe: <{address}>\n")
    assert len(list(RULES["unsubscribe-token"].find(stage([fields], tmp_path)))) == 1
