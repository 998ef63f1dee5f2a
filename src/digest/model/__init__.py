"""The nouns of a newsletter: frozen values without input or output, clock or randomness."""

from digest.model.content import Issue, Picture, Prose, Section, Story
from digest.model.dispatch import Audience, Delivery, Event, EventKind, Plan, Receipt, State, Tally
from digest.model.edition import Batch, Edition, InlineImage, Message, message_id
from digest.model.findings import Finding, Severity
from digest.model.merging import Merge, Spelling, merge
from digest.model.pattern import MARKER, Context, Pattern, Slot, one_line
from digest.model.people import (
    FURTHER_FACTS,
    RESERVED_FIELDS,
    Address,
    Change,
    Consent,
    Newcomer,
    Readers,
    Standing,
    Subscriber,
)

__all__ = [
    "FURTHER_FACTS",
    "MARKER",
    "RESERVED_FIELDS",
    "Address",
    "Audience",
    "Batch",
    "Change",
    "Consent",
    "Context",
    "Delivery",
    "Edition",
    "Event",
    "EventKind",
    "Finding",
    "InlineImage",
    "Issue",
    "Merge",
    "Message",
    "Newcomer",
    "Pattern",
    "Picture",
    "Plan",
    "Prose",
    "Readers",
    "Receipt",
    "Section",
    "Severity",
    "Slot",
    "Spelling",
    "Standing",
    "State",
    "Story",
    "Subscriber",
    "Tally",
    "merge",
    "message_id",
    "one_line",
]
