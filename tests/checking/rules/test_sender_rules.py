"""Rules about whom the mail comes from, and where answers go: cases beyond their examples in the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, stage

from digest.checking.rules import RULES

if TYPE_CHECKING:
    from pathlib import Path

    from digest.checking.rule import Remark


def remarks(rule: str, folder: Path, sender: str, further: str = "", **blocks: str) -> list[Remark]:
    """Return what a rule says of an issue from a sender."""
    settings = (
        f'[newsletter]\nname = "The Lamplighter"\nfrom = {sender!r}\nurl = "https://lamplighter.example.org"\n'
        f'postal_address = "3 Wick Lane"\n{further}\n'
    )
    given = {"toml": settings, **blocks}
    return list(RULES[rule].find(stage([Block(kind=kind, text=text) for kind, text in given.items()], folder)))


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("googlemail.com", "only its provider can sign"),
        ("yahoo.co.uk", "only its provider can sign"),
        ("gmx.net", "only its provider can sign"),
        ("lamps.local", "is not a domain"),
        ("lamps.example.con", "is not a domain"),
    ],
)
def test_senders_that_cannot_be_signed_for(domain: str, said: str, tmp_path: Path) -> None:
    """Free mailboxes, and domains that nobody can have, are no senders."""
    (remark,) = remarks("from-alignment", tmp_path, f"Lamps <lamps@{domain}>")
    assert said in remark.sentence


@pytest.mark.parametrize(
    "domain", ["news.example.co.uk", "lamps.test", "bücher.example.org", "gmail.example.org", "live.example.co.uk"]
)
def test_senders_of_ones_own(domain: str, tmp_path: Path) -> None:
    """Domains of one's own, of any depth and script, are let be, and so are those for trying things out."""
    assert not remarks("from-alignment", tmp_path, f"Lamps <lamps@{domain}>")


def test_who_signs(tmp_path: Path) -> None:
    """One of the signatures is for the sender's domain, or one above or below it."""
    head = "From: Lamps <lamps@news.lamps.example.com>\nDKIM-Signature: v=1; d={}; h=from\n\nLamps\n"
    sender = "Lamps <lamps@news.lamps.example.com>"
    assert not remarks("from-alignment", tmp_path / "a", sender, eml=head.format("mail.example.com"))
    (remark,) = remarks("from-alignment", tmp_path / "b", sender, eml=head.format("service.test"))
    assert "signed for service.test" in remark.sentence


def test_two_senders(tmp_path: Path) -> None:
    """A message comes from one address."""
    message = "From: a@lamps.example.org, b@lamps.example.org\n\nLamps\n"
    (remark,) = remarks("from-alignment", tmp_path, "a@lamps.example.org", eml=message)
    assert "2 senders" in remark.sentence


@pytest.mark.parametrize(
    "name",
    [
        "Re: The lamps",
        "Lamps (2)",
        "Lamps [new]",
        "Lamps 🔥",
        "lamps@home",
        "Lamps!!",
        "www.lamps",
        "News --- Lamps",
        "✔ Lamps",
    ],
)
def test_names_that_say_more(name: str, tmp_path: Path) -> None:
    """What looks like an answer, a counter, a picture or an address does not belong into a name."""
    assert len(remarks("from-display-name", tmp_path, f"{name} <a@lamps.example.org>")) == 1


@pytest.mark.parametrize(
    "name",
    [
        "Ada at The Lamplighter",
        "Lamps & Co.",
        "Lamp™",
        "Booking.example",
        "Zoë | Lamps",
        "街灯",
        "Lamps!",
        "Ré: lux",
        "",
    ],
)
def test_names_that_say_who_writes(name: str, tmp_path: Path) -> None:
    """A name may have signs of trade, a dot, a bar, an accent; and there may be none."""
    assert not remarks("from-display-name", tmp_path, f"{name} <a@lamps.example.org>")


def test_a_subject_in_the_name(tmp_path: Path) -> None:
    """The subject stands in its own place."""
    name = "Lamps: nine lamps that outlived their streets"
    (remark,) = remarks("from-display-name", tmp_path, f"{name} <a@lamps.example.org>")
    assert "repeats the subject" in remark.sentence


@pytest.mark.parametrize(
    "local_part", ["no-reply", "NoReply", "do_not_reply", "donotreply", "keine-antwort", "noresponder"]
)
def test_mailboxes_that_nobody_reads(local_part: str, tmp_path: Path) -> None:
    """They are told by their names, in some languages."""
    assert len(remarks("reply-path", tmp_path, f"{local_part}@lamps.example.org")) == 1


def test_answers_go_elsewhere(tmp_path: Path) -> None:
    """A sender that nobody reads is fine where answers go to one that is read, and the other way round it is not."""
    elsewhere = 'reply_to = "{}@lamps.example.org"'
    assert not remarks("reply-path", tmp_path / "a", "noreply@lamps.example.org", elsewhere.format("ada"))
    assert len(remarks("reply-path", tmp_path / "b", "ada@lamps.example.org", elsewhere.format("noreply"))) == 1
    assert not remarks("reply-path", tmp_path / "c", "norbert.replyer@lamps.example.org")


def test_fields_that_stand_there_twice(tmp_path: Path) -> None:
    """What may stand in a message once is counted; fields of other kinds may be as many as they like."""
    message = "From: a@lamps.example.org\nSubject: a\nsubject: b\nReceived: x\nReceived: y\n\nLamps\n"
    (remark,) = remarks("reply-path", tmp_path, "a@lamps.example.org", eml=message)
    assert remark.sentence == "the header field Subject stands there 2 times"
