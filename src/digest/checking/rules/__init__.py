"""All rules, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.checking.rule import Rule
from digest.checking.rules import (
    accessibility,
    compatibility,
    consent,
    content,
    deliverability,
    encoding,
    links,
    personalisation,
    size,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPS = (content, links, size, compatibility, accessibility, deliverability, personalisation, encoding, consent)

RULES: Mapping[str, Rule] = {
    rule.id: rule for group in _GROUPS for rule in vars(group).values() if isinstance(rule, Rule)
}
