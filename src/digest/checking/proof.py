"""A proof: an issue as one reader gets it, with all that a rule may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from digest.checking.addresses import references
from digest.checking.clients.usage import uses_of
from digest.checking.colour_pairs import pairs_of
from digest.checking.page import Page
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from email.message import EmailMessage

    from lxml.html import HtmlElement

    from digest.checking.addresses import Reference
    from digest.checking.clients.usage import Use
    from digest.checking.colour_pairs import Pair
    from digest.checking.places.sources import Sources
    from digest.checking.survey import Survey
    from digest.config import Settings
    from digest.errors import Place
    from digest.model import Edition, InlineImage, Issue, Message, Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An issue that was sent before."""

    slug: str
    edition: Edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a link that was asked."""

    status: int | None = None
    """The status of the last answer; None when there was none."""
    location: str = ""
    """Where it leads now, if all that it was redirected by is meant for good."""
    size: int | None = None
    """How many bytes it has, where the answer says so."""
    trouble: str = ""
    """Why there was no answer."""

    @property
    def is_good(self) -> bool:
        """Whether there was an answer, and it was none of an error."""
        return self.status is not None and self.status < HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An issue as one reader gets it."""

    issue: Issue
    edition: Edition
    traced: Pattern
    """The edition's HTML in which tags tell where they were written, by the attribute ``data-origin``."""
    message: Message
    """The edition for the reader whom it is shown to; ``at`` is now."""
    settings: Settings
    sources: Sources
    """The files that it was made of."""
    images: Mapping[str, InlineImage] = field(default_factory=dict)
    """The images that are files of ours, by the address under which the HTML shows each."""
    past: Sequence[Past] = ()
    """Issues that were sent before, the latest first."""
    survey: Survey | None = None
    """What was found out about all readers of the audience; None where nobody asked."""
    carries_images: bool = True
    """Whether the provider can carry images inside a message."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """What became of the links that were asked, by address; empty unless somebody asked."""

    @cached_property
    def page(self) -> Page:
        """The HTML part, filled and parsed."""
        return Page(self.traced.fill(self.message.reader.values))

    @property
    def subject_place(self) -> Place | None:
        """Where the subject is written: in the front matter, or in the heading that stands in for it."""
        subject, sources = self.message.subject, self.sources
        return sources.key("subject") or sources.key("title") or sources.locate(subject)

    @cached_property
    def references(self) -> list[Reference]:
        """The addresses in its two parts: those of the page, then those that only the text part has."""
        return references(self.page, self.text)

    @cached_property
    def uses(self) -> Sequence[Use]:
        """The features of HTML and CSS that its page uses."""
        return uses_of(self.page)

    @cached_property
    def colour_pairs(self) -> Mapping[Pair, Sequence[tuple[HtmlElement, str]]]:
        """The pairs of colours that meet on its page, each with the texts that have it."""
        return pairs_of(self.page)

    @property
    def html(self) -> str:
        """The HTML part, filled, as it leaves."""
        return self.message.html

    @property
    def text(self) -> str:
        """The plain-text part, filled."""
        return self.message.text

    @cached_property
    def raw(self) -> bytes:
        """The whole message as it goes over the wire."""
        return MimeWriter.of(self.edition).write(self.message)

    @cached_property
    def mime(self) -> EmailMessage:
        """The whole message, read back by the standard library."""
        return message_from_bytes(self.raw, policy=policy.default)
