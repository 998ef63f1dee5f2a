"""The floors of the house: every import of the package leads down, and nothing runs in a ring."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parent.parent / "src"
FLOORS = (
    {"__init__"},
    {"errors"},
    {"files", "listening", "model"},
    {"keys", "segments"},
    {"config", "links", "tokens"},
    {"wire", "wording"},
    {"domains", "providers", "store", "reading", "rendering"},
    {"addressing", "archive", "branch", "checking", "gathering", "sending"},
    {"publishing", "statistics", "subscribing"},
    {"preview", "web", "workers"},
    {"cli"},
    {"__main__"},
)
OPTIONAL = {"cryptography", "dkim"}
"""Libraries of our extras; what needs one imports it where it does, and names the extra when it is missing."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


FILES = {_name(path): path for path in sorted((SOURCE / "digest").rglob("*.py"))}


@cache
def _tree(name: str) -> ast.Module:
    """Return a module as a tree; not yet when tests are collected, which each worker does, for one alone needs it."""
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def _room(name: str) -> str:
    return f"{name}.__init__".split(".")[1]


def _place(name: str, node: ast.stmt) -> str:
    return f"{FILES[name].relative_to(SOURCE.parent)}:{node.lineno}"


def _imports(name: str) -> Iterator[tuple[str, ast.stmt]]:
    """Find the modules of ours that a module asks for anywhere in its text, typing-only imports included."""
    package = name if FILES[name].stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(_tree(name)):
        match node:
            case ast.Import(names=names):
                targets = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                origin = resolve_name("." * level + (module or ""), package)
                inside = [f"{origin}.{alias.name}" for alias in names]
                targets = [target if target in FILES else origin for target in inside]
            case _:
                continue
        yield from ((target, node) for target in targets if target in FILES)


def test_every_module_has_a_floor() -> None:
    """A new module is given its floor in FLOORS before it is used."""
    homeless = sorted({_room(name) for name in FILES} - FLOOR.keys())
    assert not homeless, f"give these modules a floor in {Path(__file__).name}: {homeless}"


def test_floors_are_told() -> None:
    """The table in CONTRIBUTING.md has each module on its floor, the highest first."""
    page = (SOURCE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = [(int(floor), room) for floor, room in re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)]
    entrances = {room for room in FLOOR if room.startswith("__")}
    assert {(floor + 1, room) for floor, room in told} == {(FLOOR[room], room) for room in FLOOR.keys() - entrances}
    assert [floor for floor, _ in told] == sorted((floor for floor, _ in told), reverse=True)


def test_imports_lead_down() -> None:
    """A module imports only floors below its own; siblings do not know each other."""
    faults = [
        f"{_place(name, node)}: {_room(name)} imports {target}, which is on no floor below it"
        for name in FILES
        for target, node in _imports(name)
        if _room(target) != _room(name) and FLOOR[_room(target)] >= FLOOR[_room(name)]
    ]
    assert not faults, "\n".join(faults)


def test_nothing_runs_in_a_ring() -> None:
    """No module reaches itself through its imports, not even inside its package or for types alone."""
    ring: list[str] = []
    try:
        TopologicalSorter({name: {target for target, _ in _imports(name)} for name in FILES}).prepare()
    except CycleError as error:
        ring = error.args[1][::-1]  # graphlib lists a ring from the imported to its importer
    assert not ring, f"these import each other in a ring: {' -> '.join(ring)}"


def _is_optional(node: ast.Import | ast.ImportFrom) -> bool:
    name = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
    return name.partition(".")[0] in OPTIONAL


def test_imports_stand_at_the_top() -> None:
    """Only the command line imports inside functions, so that its help starts at once; and what may be missing."""
    faults = {
        f"{_place(name, node)}: move this import to the top of the module"
        for name in FILES
        if _room(name) != "cli"
        for function in ast.walk(_tree(name))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not _is_optional(node)
    }
    assert not faults, "\n".join(sorted(faults))
