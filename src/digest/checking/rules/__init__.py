"""All rules, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.checking.rule import Rule
from digest.checking.rules import (
    accessibility,
    colour,
    compatibility,
    consent,
    content,
    deliverability,
    destinations,
    encoding,
    images,
    inbox,
    links,
    names,
    personalisation,
    sender,
    size,
    typography,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPS = (
    inbox,
    content,
    links,
    destinations,
    images,
    size,
    compatibility,
    accessibility,
    names,
    colour,
    typography,
    deliverability,
    sender,
    personalisation,
    encoding,
    consent,
)

RULES: Mapping[str, Rule] = {
    rule.id: rule for group in _GROUPS for rule in vars(group).values() if isinstance(rule, Rule)
}
