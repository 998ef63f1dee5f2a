"""The nouns of a newsletter: frozen values without input or output, clock or randomness."""

from digest.model.content import Issue, Picture, Prose, Section, Story
from digest.model.dispatch import (
    Audience,
    Batch,
    Delivery,
    Edition,
    Event,
    EventKind,
    InlineImage,
    Message,
    Plan,
    Receipt,
    State,
    Tally,
)
from digest.model.pattern import MARKER, Context, Pattern, Slot
from digest.model.people import RESERVED_FIELDS, Address, Newcomer, Standing, Subscriber

__all__ = [
    "MARKER",
    "RESERVED_FIELDS",
    "Address",
    "Audience",
    "Batch",
    "Context",
    "Delivery",
    "Edition",
    "Event",
    "EventKind",
    "InlineImage",
    "Issue",
    "Message",
    "Newcomer",
    "Pattern",
    "Picture",
    "Plan",
    "Prose",
    "Receipt",
    "Section",
    "Slot",
    "Standing",
    "State",
    "Story",
    "Subscriber",
    "Tally",
]
