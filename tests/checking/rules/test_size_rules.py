"""How large a message is, where it would be cut, and what its stylesheets come to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proof_stage import Block, stage

from digest.checking.rules import RULES
from digest.model import Severity
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from pathlib import Path

    from digest.checking.proof import Proof
    from digest.checking.rule import Remark

TRACKED = '[tracking]\nclicks = true\nopens = true\n\n[provider]\nname = "postmark"\n'


def remarks(proof: Proof, rule: str = "gmail-clip") -> list[Remark]:
    """Return what a rule has to say."""
    return list(RULES[rule].find(proof))


def issue(*sections: int) -> Block:
    """Return an issue with sections of so many paragraphs, of some 130 bytes each in HTML."""
    paragraph = "The lamp at the corner was lit at five, and at six, and at seven.\n\n"
    text = "".join(f"## Section {number}\n\n{paragraph * size}\n" for number, size in enumerate(sections, start=1))
    return Block(kind="markdown", text=text)


def html_part(proof: Proof) -> bytes:
    """Return the HTML part as it leaves."""
    return MimeWriter.of(proof.edition).html.fill(proof.message.reader.values)


def size_in(sentence: str) -> int:
    """Return the number of bytes that a sentence begins with."""
    match = re.match(r"the HTML part has ([\d,]+) bytes", sentence)
    assert match
    return int(match[1].replace(",", ""))


def test_an_issue_that_gmail_would_cut_is_an_error(tmp_path: Path) -> None:
    """The sentence has the size, the limit and the largest blocks, the largest first and located."""
    proof = stage([issue(40, 700, 90)], tmp_path)
    (remark,) = remarks(proof)
    assert remark.severity is Severity.ERROR
    assert re.search(r'largest blocks: "Section 2" \([\d,]+\), .*', remark.sentence)
    assert remark.element is not None
    assert remark.element.text_content() == "Section 2"


def test_the_size_is_that_of_the_bytes_that_leave(tmp_path: Path) -> None:
    """What is measured is the HTML part in quoted-printable, not the HTML."""
    proof = stage([issue(900)], tmp_path)
    (remark,) = remarks(proof)
    assert abs(size_in(remark.sentence) - len(html_part(proof))) <= 2
    assert size_in(remark.sentence) > len(proof.html.encode())


def test_images_do_not_count(tmp_path: Path) -> None:
    """A message of a megabyte is not cut when its images make it so."""
    images = Block(kind="images", text="lamp.jpg 1120x700 1,000,000 bytes\n")
    assert not remarks(stage([images, Block(kind="markdown", text="![A lamp](lamp.jpg)\n")], tmp_path))


def test_an_issue_near_the_limit_is_a_warning(tmp_path: Path) -> None:
    """From 90 KB on it is told, and nothing is refused."""
    first, second = (len(html_part(stage([issue(size)], tmp_path / str(size)))) for size in (100, 200))
    near = 100 + 100 * (97_000 - first) // (second - first)
    (remark,) = remarks(stage([issue(near)], tmp_path / "near"))
    assert remark.severity is Severity.WARNING
    assert 92_160 <= size_in(remark.sentence) < 102_400


def test_tracked_links_are_counted_by_a_guess(tmp_path: Path) -> None:
    """Where links are led through a provider the sentence says how large the part becomes, which is no error."""
    links = "".join(
        f"[The lamp number {number}](https://lamps.example.net/{number}) is lit.\n\n" for number in range(320)
    )
    blocks = [Block(kind="markdown", text=links), Block(kind="toml", text=TRACKED)]
    (remark,) = remarks(stage(blocks, tmp_path))
    assert "and some " in remark.sentence
    assert "when 323 links are tracked and opens are tracked" in remark.sentence
    assert size_in(remark.sentence) < 92_160
    assert remark.severity is Severity.WARNING


def test_titles_are_shown_as_they_read(tmp_path: Path) -> None:
    """A title with signs and emphasis is told without tags and entities."""
    text = "## Lamps & *wicks*\n\n" + "The lamp was lit.\n\n" * 1500
    (remark,) = remarks(stage([Block(kind="markdown", text=text)], tmp_path))
    assert '"Lamps & wicks" (' in remark.sentence


def test_stylesheets_near_the_limit_are_a_warning(tmp_path: Path) -> None:
    """Between 14 and 16 KB it is told."""
    css = "p { color: #222222 }\n" * 740
    html = f"<!doctype html><html><head><style>{css}</style></head><body><p>x</p></body></html>"
    (remark,) = remarks(stage([Block(kind="html", text=html)], tmp_path), "gmail-style-limit")
    assert remark.severity is Severity.WARNING


def test_many_small_stylesheets_count_together(tmp_path: Path) -> None:
    """The limit holds for all of them."""
    css = f"<style>{'p { color: #222222 }' * 100}</style>" * 10
    html = f"<!doctype html><html><head>{css}</head><body><p>x</p></body></html>"
    (remark,) = remarks(stage([Block(kind="html", text=html)], tmp_path), "gmail-style-limit")
    assert remark.severity is Severity.ERROR
