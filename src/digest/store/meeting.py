"""What becomes of newcomers who meet the list: decided here, written by `digest.store.subscribers`."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from digest.model import Consent, Standing
from digest.store.database import from_json, to_json, to_stamp
from digest.store.standing import AWAY, may_follow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from digest.model import Newcomer

_AWAY = frozenset(standing.value for standing in AWAY)


class Put(Enum):
    """What putting a newcomer on the list came to."""

    ADDED = "added"
    UPDATED = "updated"
    TAKEN_OFF = "taken_off"
    """They were written to so far; where they come from they left, complained, or their address is dead."""
    UNCHANGED = "unchanged"
    KEPT_AWAY = "kept_away"
    """
    They are not written to, and that stays so.

    Here or where they come from they left, complained, or their address is dead; or they asked to be forgotten.
    """

    @property
    def label(self) -> str:
        """The outcome in words."""
        return self.value.replace("_", " ")


class Entry(NamedTuple):
    """What an import can see and change of a reader, as the store keeps it."""

    email: str
    name: str
    fields: str
    tags: str
    standing: str
    consent: str

    def row(self, key: str, stamp: str) -> dict[str, str]:
        """Return it as the values of a query."""
        return {
            "key": key,
            "email": self.email,
            "name": self.name,
            "fields": self.fields,
            "tags": self.tags,
            "standing": self.standing,
            "consent": self.consent,
            "now": stamp,
        }


class Meeting:
    """Newcomers, one after the other, and the part of the list that knows them; both by the keys of addresses."""

    def __init__(self, known: Mapping[str, Entry], erased: Collection[str]) -> None:
        self._before = known
        self._after = dict(known)
        self._erased = erased
        self._first: dict[str, Newcomer] = {}
        self._reasons: dict[str, str] = {}

    def meet(self, key: str, newcomer: Newcomer) -> Put:
        """Decide what the next newcomer comes to."""
        before = self._after.get(key)
        if before is not None:
            outcome, after = _meet(before, newcomer)
            if after.standing != before.standing:
                self._reasons[key] = newcomer.reason
            self._after[key] = after
            return outcome
        if key in self._erased:
            return Put.KEPT_AWAY
        self._first[key] = newcomer
        self._after[key] = _enter(newcomer)
        return Put.KEPT_AWAY if _is_away(newcomer) else Put.ADDED

    def added(self) -> Iterator[tuple[str, Entry, Newcomer]]:
        """Return those whom the list did not know, each with what was first said of them."""
        return ((key, self._after[key], newcomer) for key, newcomer in self._first.items())

    def changed(self) -> list[tuple[str, Entry, Entry]]:
        """Return those of whom something else is known now, before and after."""
        return [(key, entry, self._after[key]) for key, entry in self._before.items() if entry != self._after[key]]

    def reason(self, key: str) -> str:
        """Return why somebody stands otherwise now; blank where nothing was said of them alone."""
        return self._reasons.get(key, "")


def _is_away(newcomer: Newcomer) -> bool:
    """Almost all are active: to be told so by identity is ten times as fast as to look into a set of an Enum."""
    return newcomer.standing is not Standing.ACTIVE and newcomer.standing in AWAY


def _enter(newcomer: Newcomer) -> Entry:
    fields = to_json({name: value for name, value in newcomer.fields.items() if value})
    tags = _unite("[]", newcomer.tags)
    return Entry(newcomer.email, newcomer.name, fields, tags, newcomer.standing.value, spell_consent(newcomer.consent))


def _meet(before: Entry, newcomer: Newcomer) -> tuple[Put, Entry]:
    if _is_away(newcomer) and may_follow(Standing(before.standing), newcomer.standing):
        outcome = Put.KEPT_AWAY if before.standing in _AWAY else Put.TAKEN_OFF
        return outcome, before._replace(standing=newcomer.standing.value)
    if before.standing in _AWAY:
        return Put.KEPT_AWAY, before
    after = _merge(before, newcomer)
    return (Put.UNCHANGED if after == before else Put.UPDATED), after


def _merge(entry: Entry, newcomer: Newcomer) -> Entry:
    """Add to what is known, and never wipe it: a blank changes nothing, and tags are united."""
    fields = entry.fields
    news = {name: value for name, value in newcomer.fields.items() if value}
    if news:
        fields = to_json({**from_json(fields), **news})
    tags = _unite(entry.tags, newcomer.tags)
    consent = _better_consent(entry.consent, newcomer.consent)
    return Entry(entry.email, newcomer.name or entry.name, fields, tags, entry.standing, consent)


@lru_cache
def _unite(tags: str, more: tuple[str, ...]) -> str:
    """Cached, because most newcomers of a list bear the same tags."""
    return to_json([*dict.fromkeys([*from_json(tags), *more])])


def _better_consent(known: str, news: Consent) -> str:
    """Consent is given once: the first record that says more than where an address was found is kept."""
    if not (news.at or news.how or news.words) or from_json(known).keys() - {"source"}:
        return known
    return spell_consent(news)


@lru_cache
def spell_consent(consent: Consent) -> str:
    """Spell a consent as the store keeps it, without what is not known."""
    facts = {
        "at": to_stamp(consent.at) if consent.at else "",
        "how": consent.how,
        "source": consent.source,
        "words": consent.words,
        "asked_at": to_stamp(consent.asked_at) if consent.asked_at else "",
        "asked_from": consent.asked_from,
        "confirmed_from": consent.confirmed_from,
    }
    return to_json({name: fact for name, fact in facts.items() if fact})
