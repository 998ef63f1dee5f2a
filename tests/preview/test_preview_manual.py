"""The manual under test: its keys, addresses and pictures are those of the preview."""

from __future__ import annotations

import json
import re
from pathlib import Path

from digest.preview.shots import SHOTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src" / "digest" / "preview" / "page"
HOW_TO = (ROOT / "docs" / "how-to" / "preview-an-issue.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")


def _script(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _rows(text: str, heading: str) -> list[str]:
    """Return the rows of the table under a heading."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def _words(declaration: str) -> list[str]:
    """Return what a list, or the keys of an object, holds in the script that reads the address."""
    found = re.search(rf"const {declaration} = [\[{{](.*?)[\]}}];", _script("address.js"))
    assert found
    return re.findall(r"[a-z]+", found[1])


def test_manual_tells_each_key() -> None:
    """The table of keys is the page's own, in its order and its words."""
    script = _script("main.js")
    views = re.search(r"const names = (\[.*?\]);", script)
    assert views
    rows = []
    for name, keys in re.findall(r'name: ["`](.*?)["`], keys: (.*?), act: ', script):
        match keys:
            case "modK()":
                rows.append(f"| `Ctrl K`, `⌘K` | {name} |")
            case "String(at + 1)":
                numbered = enumerate(json.loads(views[1]), start=1)
                rows += [f"| `{number}` | {name.replace('${names[at]}', view)} |" for number, view in numbered]
            case _:
                rows.append(f"| `{json.loads(keys)}` | {name} |")
    assert _rows(HOW_TO, "Keys") == rows
    assert len(rows) == script.count("act: ") + len(_words("KINDS")) - 1


def test_manual_tells_what_an_address_holds() -> None:
    """Each part of the page's address is told, with all its values."""
    taken = {row.split("|")[1].strip(" `"): row for row in _rows(HOW_TO, "Pass a view on")}
    assert taken.keys() == {*re.findall(r'given\.get\("(\w+)"\)', _script("address.js")), "field.NAME"}
    assert re.findall(r"`(\w+)`", taken["view"].split("|")[2]) == _words("KINDS")
    assert re.findall(r"`(\w+)`", taken["width"].split("|")[2]) == _words("WIDTHS")
    assert re.findall(r"`(\w+)`", taken["scheme"].split("|")[2]) == _words("SCHEMES")


def test_manual_tells_each_picture() -> None:
    """The table of `digest shots` has the name and the width of each picture that is taken."""
    names = [f"| `{shot.filename}` | {shot.width}" for shot in SHOTS]
    rows = _rows(COMMANDS, "`digest shots`")[: len(names)]
    assert [row[: len(name)] for row, name in zip(rows, names, strict=True)] == names
