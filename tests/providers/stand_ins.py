"""
Stand-ins for services: what each does with a request and what it answers, by its own documentation.

Each service has one in ``services/<name>.py``, called ``STAND_IN``, which the contract suite puts the provider of
that name through. Nothing in a stand-in comes from our adapters, so that a mistake is not made twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from digest.errors import DigestError
    from digest.model import Batch, Event, State
    from digest.wire import Fetch

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
"""The moment of every batch and every call in the contract suite."""

Outcome: TypeAlias = "Sequence[State] | type[DigestError]"

ANSWERS = (
    "all accepted",
    "one refused",
    "whole refused",
    "key refused",  # 401
    "sender not verified",  # 403, or what the service says instead
    "too large",  # 413
    "too fast",  # 429 without Retry-After
    "too fast, with seconds",
    "too fast, with a date",
    "quota used up",
    "server error",  # 500
    "gateway page",  # 502 with HTML
    "empty",  # a success without a body
    "cut short",  # a success whose body ends in the middle
    "fewer ids",
    "redirect",
)
"""The answers that every stand-in knows, or says why there can be none."""


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A message as it reaches a reader's mailbox: merged, decoded, and nothing left of the request."""

    email: str
    name: str = ""
    """The display name in To."""
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    """The further header fields that the service lets through, by the names that were asked for."""
    correlation_id: str = ""
    """What the service would put in its webhooks as our name of the message; blank where it keeps none."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A documented answer, and what is to become of a batch of three readers by it."""

    response: Callable[[Batch], httpx.Response]
    outcome: Outcome
    """A state for each of three readers, or what is raised."""
    words: str = ""
    """What of the service's own words must be in the reasons or in the error."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a webhook, signed as the service does at `NOW`, and what it tells."""

    title: str
    headers: Mapping[str, str]
    body: bytes
    events: Sequence[Event]


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A service, by its documentation."""

    options: Mapping[str, object] = field(default_factory=dict)
    environ: Mapping[str, str]
    """Secrets, made up; each at least 8 characters, so that a leak is found."""
    deliver: Callable[[httpx.Request], list[Arrived]]
    """Does to a request what the service does, and returns what reaches each mailbox."""
    accept: Callable[[httpx.Request], httpx.Response]
    """Answers a request of any size as the service does when it takes everything."""
    answers: Mapping[str, Answer | str]
    """One for each of `ANSWERS`, and further ones of the service's own; a text says why there is none."""
    calls: Sequence[Call] = ()
    fetch: Fetch | None = None
    """Answers what `read_webhook` asks for, such as a certificate."""
    withheld: frozenset[str] = frozenset()
    """Names of header fields that the service does not let through, as our limits' caveats say."""
    replaced_headers: frozenset[str] = frozenset()
    """Names of header fields that the service sets itself, whatever it is told."""
    canonical_lines: bool = False
    """Whether all line ends in texts become the same on the way, as in MIME; RFC 2046 section 4.1.1."""
    shown_name: Callable[[str], str] = str
    """What its documentation makes of a display name on one line."""
    covers_body: bool = True
    """Whether the proof of a call covers what its body says; not where it is a password or a token alone."""
    covers_moment: bool = True
    """Whether the proof of a call covers when it was made, so that an old one is told."""
    sign: Callable[[bytes], Mapping[str, str]] | None = None
    """Returns the header fields that prove any body at `NOW`; None where the proof stands in the body."""
