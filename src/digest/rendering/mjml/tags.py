"""
MJML's grammar: which tags there are, where each may stand, and what its attributes take.

The table beside this module is made from npm mjml's own metadata (``scripts/mjml_tags.mjs``). What the compiler used
here, MRML, does otherwise was measured with mjml-python 1.4.2 (MRML 6.0.1) in 2026-11, and a test measures it again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IGNORED: Mapping[str, frozenset[str]] = {
    "mj-accordion-title": frozenset({"font-weight"}),
    "mj-button": frozenset({"title"}),
    "mj-hero": frozenset({"border-radius", "container-background-color", "mode"}),
    "mj-image": frozenset({"border-bottom", "border-top", "sizes"}),
    "mj-raw": frozenset({"position"}),
    "mj-section": frozenset({"text-padding"}),
    "mj-social": frozenset({"table-layout"}),
    "mj-social-element": frozenset({"icon-position", "sizes", "srcset"}),
    "mj-spacer": frozenset({"border", "border-bottom", "border-left", "border-right", "border-top"}),
    "mj-style": frozenset({"inline"}),
    "mj-table": frozenset({"font-weight", "role"}),
    "mj-text": frozenset({"background-color"}),
    "mj-wrapper": frozenset({"gap", "text-padding"}),
}
"""Attributes that MJML has and MRML takes without a word and without effect."""

_TEXT_ONLY = frozenset({"mj-accordion-title", "mj-preview", "mj-style", "mj-title"})
_WITHOUT_CONTENT = frozenset({"mj-breakpoint", "mj-carousel-image"})
_REFUSES_RAW = frozenset({"mjml", "mj-accordion", "mj-accordion-element", "mj-carousel", "mj-navbar", "mj-social"})
_UNSUPPORTED = frozenset({"mj-html-attributes"})

_KIND = re.compile(r"(?P<type>\w+)(?:\((?P<options>.*)\))?(?:\{\d,(?P<most>\d)\})?")
_ANYTHING, _NOTHING = re.compile(".*", re.DOTALL), re.compile("(?!)")
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_COLOR = r"#(?:[0-9a-fA-F]{3}){1,2}|rgba?\(\s*\d{1,3}\s*(?:,\s*[\d.]+%?\s*){2,3}\)"


class Content(Enum):
    """What a tag holds."""

    TAGS = "tags"
    """MJML tags, with nothing but space between them."""
    HTML = "html"
    TEXT = "text"
    """Text without any tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an attribute takes: values of one type."""

    type: str
    units: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    """Values that are taken as they are, among them the names of colours."""
    pattern: re.Pattern[str]
    """What any other value looks like."""
    most: int = 1
    """How many measures may follow each other."""

    @property
    def is_measure(self) -> bool:
        """Whether values are lengths."""
        return self.type == "unit"

    def fits(self, value: str) -> bool:
        """Return whether the attribute takes this value."""
        parts = value.split() if self.is_measure else [value]
        return 1 <= len(parts) <= self.most and all(
            part in self.words or self.pattern.fullmatch(part) for part in parts
        )

    def way_out(self, value: str) -> str:
        """Return what to write instead of a value that does not fit."""
        match self.type:
            case "enum":
                return did_you_mean(value, filter(None, self.words))
            case "color":
                return "Write #1a2b3c, rgb(26, 43, 60) or the name of a colour."
            case "boolean":
                return "Write true or false."
            case "integer":
                return "Write a whole number."
            case _:
                units = " or ".join(unit or "nothing" for unit in self.units)
                up_to = f", up to {self.most} of them" if self.most > 1 else ""
                return f"Write a number with its unit ({units}), as in 16px{up_to}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The grammar of one tag. An attribute's value must be of one of its kinds."""

    content: Content
    children: frozenset[str]
    attributes: Mapping[str, tuple[Kind, ...]]


@cache
def rules() -> Mapping[str, Rule]:
    """Return the grammar of each tag by its name."""
    tags: dict[str, dict[str, Any]] = _table()["tags"]
    in_head = {"mjml", "mj-head", *tags["mj-head"]["children"]}
    head = {name: _rule(name, tags[name], {}) for name in in_head - _UNSUPPORTED}
    classes = {"css-class": (_kind("string"),), "mj-class": (_kind("string"),)}
    body = {name: _rule(name, tag, classes) for name, tag in tags.items() if name not in in_head}
    every = _attributes_of_all(body.values())
    named = {**every, "name": (_kind("string"),)}
    defaults = frozenset({"mj-all", "mj-class", *body})
    return {
        **head,
        **body,
        "mj-attributes": Rule(content=Content.TAGS, children=defaults, attributes={}),
        "mj-all": Rule(content=Content.TAGS, children=frozenset(), attributes=every),
        "mj-class": Rule(content=Content.TAGS, children=frozenset(), attributes=named),
    }


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name("tags.json").read_text(encoding="utf-8"))
    return table


def _rule(name: str, tag: Mapping[str, Any], classes: Mapping[str, tuple[Kind, ...]]) -> Rule:
    refused = _UNSUPPORTED | ({"mj-raw"} if name in _REFUSES_RAW else set())
    attributes = {attribute: (_kind(kind),) for attribute, kind in tag["attributes"].items()}
    return Rule(
        content=_content(name, ending=tag["ending"]),
        children=frozenset(tag["children"]) - refused,
        attributes={**attributes, **classes},
    )


def _content(name: str, *, ending: bool) -> Content:
    if name in _TEXT_ONLY:
        return Content.TEXT
    return Content.HTML if ending and name not in _WITHOUT_CONTENT else Content.TAGS


def _attributes_of_all(grammar: Iterable[Rule]) -> Mapping[str, tuple[Kind, ...]]:
    kinds: dict[str, dict[Kind, None]] = {}
    for rule in grammar:
        for attribute, own in rule.attributes.items():
            kinds.setdefault(attribute, {}).update(dict.fromkeys(own))
    return {attribute: tuple(own) for attribute, own in kinds.items()}


@cache
def _kind(written: str) -> Kind:
    """Read a kind as npm mjml writes it: ``unit(px,%){1,4}``, ``enum(left,right)``, ``color``."""
    parts = _KIND.fullmatch(written)
    if not parts:
        msg = f"tags.json holds a kind of attribute that is none: {written}"
        raise ValueError(msg)
    options = frozenset((parts["options"] or "").split(","))
    match parts["type"]:
        case "unit" | "unitWithNegative":
            units = tuple(sorted(options - {"auto"}, reverse=True))
            sign = "-?" if parts["type"] == "unitWithNegative" else ""
            pattern = re.compile(f"{sign}{_NUMBER}(?:{'|'.join(map(re.escape, units))})")
            words = (options & {"auto"}) | {"0"}
            return Kind(type="unit", units=units, words=words, pattern=pattern, most=int(parts["most"] or 1))
        case "color":
            return Kind(type="color", words=frozenset(_table()["colors"]), pattern=re.compile(_COLOR))
        case "enum":
            return Kind(type="enum", words=options, pattern=_NOTHING)
        case "boolean":
            return Kind(type="boolean", words=frozenset({"true", "false"}), pattern=_NOTHING)
        case "integer":
            return Kind(type="integer", pattern=re.compile("[0-9]+"))
        case kind:
            return Kind(type=kind, pattern=_ANYTHING)
