"""Examples of the rules, as the manual shows them, made into proofs: each block stands in for a part of an issue."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from drawn_pictures import draw

from digest.checking.proof import Answer, Past
from digest.checking.rules import RULES
from digest.checking.survey import survey
from digest.config import load_settings
from digest.model import Pattern
from digest.publishing.newsroom import Newsroom
from digest.publishing.proofing import proof_of
from digest.store import open_store
from digest.subscribing.importing import ImportRules, import_readers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.checking.proof import Proof
    from digest.checking.rule import Remark
    from digest.checking.survey import Survey
    from digest.model import Edition

EXAMPLES = Path(__file__).parent / "checking" / "examples"
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
SLUG = "2026-11-24-lamps"

_SETTINGS = """\
[newsletter]
name = "The Lamplighter"
from = "The Lamplighter <editor@lamplighter.example.org>"
url = "https://lamplighter.example.org"
language = "en"
postal_address = "The Lamplighter, 3 Wick Lane, 10115 Berlin, Germany"

[fields]
first_name = ""
"""
_FRONT = """\
---
subject: Nine lamps that outlived their streets
preheader: What a night watchman counted, and what the town forgot to take down
---
"""
_SECTION = re.compile(r"^\[([^\]]+)\]$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<kind>[\w./ -]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of an example: its info string, and what it holds."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The examples of one rule."""

    rule: str
    bad: Sequence[Block]
    good: Sequence[Block]


def read_example(rule: str) -> Example:
    """Return the examples of a rule."""
    text = (EXAMPLES / f"{rule}.md").read_text(encoding="utf-8")
    head, bad, rest = text.partition("Bad:\n")
    bad_text, good, good_text = rest.partition("\nGood:\n")
    assert bad
    assert good
    assert not head.strip()
    return Example(rule=rule, bad=[*_blocks(bad_text)], good=[*_blocks(good_text)])


def _blocks(text: str) -> Iterator[Block]:
    return (Block(kind=match["kind"], text=match["text"]) for match in _BLOCK.finditer(text))


def stage(blocks: Sequence[Block], folder: Path) -> Proof:
    """
    Return the proof of a sound issue of "The Lamplighter", but for what the blocks put in its place.

    What a block may be is told by tests/checking/examples/README.md.
    """
    given = {block.kind: block.text for block in blocks}
    _write(folder, given)
    newsroom = Newsroom(settings=load_settings(folder, {}))
    issue = newsroom.read(folder / "issues" / f"{SLUG}.md")
    traced = newsroom.trace(issue)
    found = _survey(traced.edition, newsroom.settings.fields, given["csv"]) if "csv" in given else None
    past = [*_past(newsroom, folder, given)]
    return _with_parts(proof_of(newsroom, issue, traced, now=NOW, past=past, survey=found), given)


def find(rule: str, folder: Path, **blocks: str) -> list[Remark]:
    """Return what a rule has to say of a sound issue in which blocks, by their kind, stand in for parts."""
    return list(RULES[rule].find(stage([Block(kind=kind, text=text) for kind, text in blocks.items()], folder)))


def _write(folder: Path, given: dict[str, str]) -> None:
    (folder / "issues").mkdir(parents=True)
    (folder / "digest.toml").write_text(_merged(_SETTINGS, given.get("toml", "")), encoding="utf-8")
    (folder / "issues" / f"{SLUG}.md").write_text(_whole(given.get("markdown", "")), encoding="utf-8")
    for line in given.get("images", "").splitlines():
        name, content = draw(line)
        (folder / "issues" / name).write_bytes(content)
    for kind, text in given.items():
        language, _, name = kind.partition(" ")
        if language == "mjml":
            path = folder / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _whole(markdown: str) -> str:
    return markdown if markdown.startswith("---") else f"{_FRONT}\n{markdown or 'The lamps are lit at five.'}"


def _merged(settings: str, further: str) -> str:
    """Return settings in which the sections of `further` stand in place of those of the same name."""
    tomllib.loads(further)
    sections = _sections(settings) | _sections(further)
    return "\n".join(f"[{name}]{body}" for name, body in sections.items())


def _sections(text: str) -> dict[str, str]:
    _, *rest = _SECTION.split(text)
    return dict(zip(rest[0::2], rest[1::2], strict=True))


def _survey(edition: Edition, fields: Mapping[str, str], csv: str) -> Survey:
    with open_store("sqlite://") as store:
        import_readers(store, BytesIO(csv.encode()), ImportRules(fields=fields), source="readers.csv")
        return survey(edition, store.audiences, None)


def _past(newsroom: Newsroom, folder: Path, given: dict[str, str]) -> Iterator[Past]:
    if "sent" in given:
        path = folder / "2026-11-17-before.md"
        path.write_text(_whole(given["sent"]), encoding="utf-8")
        yield Past(slug="2026-11-17-before", edition=newsroom.render(newsroom.read(path)))


def _answers(given: dict[str, str]) -> dict[str, Answer]:
    """Read lines of an address and the status that it answers with, or the address where it has gone for good."""
    lines = [line.split() for line in given.get("answers", "").splitlines()]
    return {
        address: Answer(status=int(said)) if said.isdigit() else Answer(status=200, location=said)
        for address, said in lines
    }


def _with_parts(proof: Proof, given: dict[str, str]) -> Proof:
    edition, traced = proof.edition, proof.traced
    if "html" in given:
        traced = Pattern.of_html(_document(given["html"]))
        edition = replace(edition, html=traced)
    if "text" in given:
        edition = replace(edition, text=Pattern.of_text(given["text"]))
    if "headers" in given:
        lines = (line.partition(": ") for line in given["headers"].splitlines())
        edition = replace(edition, headers={name: Pattern.of_text(value) for name, _, value in lines})
    message = replace(proof.message, edition=edition)
    proof = replace(proof, edition=edition, traced=traced, message=message, answers=_answers(given))
    if "eml" in given:
        proof.__dict__["raw"] = given["eml"].replace("\n", "\r\n").encode()  # where a cached property keeps its value
    return proof


def _document(html: str) -> str:
    if html.lstrip().lower().startswith(("<!doctype", "<html")):
        return html
    return f'<!doctype html>\n<html lang="en" dir="ltr"><head><title>Lamps</title></head><body>\n{html}</body></html>\n'
