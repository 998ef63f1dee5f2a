"""What services that own their list have in common: how they know an issue again, and how it is written for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TypeVar

from digest.errors import ContentError, ProviderError
from digest.links import preferences_url, unsubscribe_url
from digest.wire.answers import UnclearError, decoded
from digest.wire.doing import done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from digest.model import Edition, Pattern, Slot
    from digest.wire import Fetch

_Answer = TypeVar("_Answer")
_IN_BRACKETS = re.compile(r"<([^<>]+)>")
_GOES_ON = re.compile(r"[\w/?#&=%~+-]")
"""What makes a longer address of the one that it stands behind."""


def issue_name(edition: Edition) -> str:
    """Return the name by which a service knows an issue again: its slug, and the id of the newsletter's list."""
    list_id = edition.headers.get("List-Id")
    match = _IN_BRACKETS.search(list_id.texts[0]) if list_id else None
    return f"{edition.slug} ({match[1] if match else edition.sender.email})"


def ask(fetch: Fetch, request: httpx.Request, kind: type[_Answer]) -> _Answer:
    """
    Return the JSON that a service answers with.

    Raises:
        UnclearError: it may have done what it was asked for.
        ProviderError: it surely has not, or nothing was to be done.
    """
    return _read(request, done(fetch, request), kind)


def _read(request: httpx.Request, response: httpx.Response, kind: type[_Answer]) -> _Answer:
    try:
        return decoded(response, kind)
    except UnclearError as error:
        if request.method == "GET":
            raise ProviderError(error.sentence) from error
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a text is put in a service's template language."""

    text: Callable[[str], str]
    """Writes a text so that it arrives as it is."""
    field: Callable[[Slot], str]
    """Spells a field of the reader."""
    unsubscribe_url: str
    """Stands for the reader's way out, as the service knows it."""
    preferences_url: str
    """Stands for the reader's own page over there."""


def write(pattern: Pattern, edition: Edition, language: Language) -> str:
    """
    Return a text of an edition in a service's language, with the service's own addresses in place of ours.

    Raises:
        ContentError: a reader's token stands elsewhere than in those addresses.
    """
    texts = [*pattern.texts]
    spelled = []
    for number, slot in enumerate(pattern.slots):
        if slot.name != "token":
            spelled.append(language.field(slot))
            continue
        ours, theirs = _address_before(texts[number], edition, language)
        if not ours or _GOES_ON.match(texts[number + 1]):
            msg = "the reader's token stands elsewhere than in the addresses for leaving and for preferences"
            raise ContentError(msg, hint="Readers of a list over there have no token of ours; take it out.")
        texts[number] = texts[number].removesuffix(ours)
        spelled.append(theirs)
    return "".join(chain.from_iterable(zip_longest(map(language.text, texts), spelled, fillvalue="")))


def _address_before(text: str, edition: Edition, language: Language) -> tuple[str, str]:
    """Return which of our addresses ends the text, as it stands there, and the service's for it; blanks for none."""
    pairs = _addresses(edition, language)
    return next(((ours, theirs) for ours, theirs in pairs if text.endswith(ours)), ("", ""))


def _addresses(edition: Edition, language: Language) -> Iterator[tuple[str, str]]:
    field = edition.headers.get("List-Unsubscribe")
    ending = unsubscribe_url("", "")
    if field is None or not field.texts[0].endswith(ending):
        return
    home = field.texts[0].lstrip("<").removesuffix(ending)
    for ours, theirs in (
        (unsubscribe_url(home, ""), language.unsubscribe_url),
        (preferences_url(home, ""), language.preferences_url),
    ):
        yield ours, theirs
        yield escape(ours), theirs


def refuse_blank(slot: Slot, service: str) -> None:
    """
    See to it that no reader gets a blank: who the readers over there are, and what is known of them, we cannot know.

    Raises:
        ContentError: a field has no fallback.
    """
    if slot.fallback is None and slot.name != "email":
        msg = f"the field {slot.name} has no fallback, and not every reader on the list of {service} may have a value"
        raise ContentError(msg, hint=f'Write what stands there instead: {{{{ {slot.name} or "there" }}}}')
