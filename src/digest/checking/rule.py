"""What a rule is: a function with a name, a severity, and a text that says what it wants and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from inspect import getdoc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lxml.html import HtmlElement

    from digest.checking.proof import Proof
    from digest.errors import Place
    from digest.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a rule has to say, before it is put at its place in a file and graded."""

    sentence: str
    """What is wrong, on one line, beginning with a small letter; no reader's address is in it."""
    fix: str
    """What to do about it, as a sentence."""
    element: HtmlElement | None = None
    """The element of the page that it is about; its origin is the place."""
    needle: str = ""
    """A text that stands in the source as it is, such as an address: it tells the column, or the place as a whole."""
    place: Place | None = None
    """The place, where the rule knows it better than by element and needle."""
    severity: Severity | None = None
    """Where it weighs otherwise than the rule in general."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that an issue is held to."""

    id: str
    """Its name, such as ``link-insecure``: for settings, comments and ``--allow``."""
    group: str
    """What it is about: the name of the module that it stands in."""
    severity: Severity
    summary: str
    """What it wants, in a sentence."""
    why: str
    """Why, with source and date; Markdown."""
    find: Callable[[Proof], Iterable[Remark]]


def rule(severity: Severity) -> Callable[[Callable[[Proof], Iterable[Remark]]], Rule]:
    """
    Make a rule of a function: its name is the rule's, its docstring says what the rule wants and, below that, why.

    Args:
        severity: how much its remarks weigh, unless they say otherwise.
    """

    def make(find: Callable[[Proof], Iterable[Remark]]) -> Rule:
        summary, _, why = (getdoc(find) or "").partition("\n\n")
        return Rule(
            id=find.__name__.replace("_", "-"),
            group=find.__module__.rpartition(".")[2],
            severity=severity,
            summary=summary.replace("\n", " "),
            why=why,
            find=find,
        )

    return make


_FEW = 5


def few(remarks: Iterable[Remark]) -> Iterator[Remark]:
    """Yield the first few of remarks that are alike; the last of them says how many more there are."""
    found = list(remarks)
    last = max(len(found) - _FEW, 0)
    for remark in found[:_FEW]:
        more = f" (and {last} more)" if last and remark is found[_FEW - 1] else ""
        yield replace(remark, sentence=remark.sentence + more)


def like_it(count: int) -> str:
    """Return what a sentence about the first of `count` like things ends with."""
    return f", and {count - 1} more like it" if count > 1 else ""
