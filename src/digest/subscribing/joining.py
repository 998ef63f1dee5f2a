"""
Somebody asks for the newsletter, on the web; whoever then confirms it by a link in a mail is a reader.

What is done while they wait for an answer is the same for all, so that neither its words nor its time tell who is on
the list: their wish is written down. What it means is decided afterwards.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.model import Consent, Newcomer, Standing
from digest.store.signups import Stage, Wish
from digest.store.standing import may_return
from digest.subscribing.addresses import normal_email
from digest.subscribing.newcomers import read_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from digest.model import Subscriber
    from digest.store import Store
    from digest.store.erasing import Seal
    from digest.store.signups import SignUp

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_OF_NETWORK = 10
"""Sign-ups an hour from one network."""
HOW = "confirmed by mail"
_BLOCK = 100
"""Sign-ups that are decided in one durable write."""
_PREFIX_OF_6 = 64
"""Whoever has one IPv6 address has a whole /64 of them."""
_UNNAMED = "a form without a name"


def make_wish(email: str, *, tags: Collection[str], offered: Collection[str], form: str, asked_from: str) -> Wish:
    """
    Return what somebody asks for, checked.

    Args:
        email: as they wrote it.
        tags: what they chose; what is not offered is left out, since a form elsewhere may be older than the settings.
        offered: what there is to choose from.
        form: its name or address, if it is known.
        asked_from: the IP address, if it is known.

    Raises:
        ValueError: no mail can be sent to the address; the reason does not repeat it.
    """
    return Wish(
        email=normal_email(email.strip()),
        tags=tuple(sorted({*tags}.intersection(offered))),
        source=_name_of(form),
        asked_from=asked_from,
        network=network_of(asked_from),
    )


def _name_of(form: str) -> str:
    try:
        return read_line(form, "form") or _UNNAMED
    except ValueError:
        return _UNNAMED


def network_of(address: str) -> str:
    """
    Return what limits count by: an IPv4 address, or the /64 of an IPv6 one.

    It is blank for what is no address of the internet: that is a proxy of ours, behind which everyone can stand.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        mapped = ip.ipv4_mapped
        network = ipaddress.ip_network((int(ip), _PREFIX_OF_6), strict=False)
        return network_of(str(mapped)) if mapped else str(network) if ip.is_global else ""
    return str(ip) if ip.is_global else ""


def ask(store: Store, *, wish: Wish, now: datetime) -> bool:
    """Write a wish down, and say so; not where its network has asked too often. It is the same for every address."""
    count = store.sign_ups.count_of_network(wish.network, since=now - HOUR)
    if wish.network and count >= MOST_OF_NETWORK:
        return False
    store.sign_ups.add(wish, now=now)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How sign-ups are dealt with."""

    most_an_hour: int
    """How many people are written to; others wait."""
    within: timedelta
    """How long somebody has to confirm."""


def room_for(store: Store, rules: Rules, *, now: datetime) -> int:
    """Return how many people may still be written to in this hour."""
    return rules.most_an_hour - store.sign_ups.count_written_to(since=now - HOUR)


def decide(store: Store, rules: Rules, *, now: datetime) -> Mapping[Stage, int]:
    """Decide what became of sign-ups, put the mails that follow, and return how many came to what."""
    counts: Counter[Stage] = Counter()
    while (room := room_for(store, rules, now=now)) > 0 and store.sign_ups.new(1):
        with store.together(alone=True):  # else somebody could be erased in between, and mailed all the same
            for sign_up in store.sign_ups.new(min(room, _BLOCK)):
                stage = _answer(store, sign_up, now)
                end = now + (rules.within if stage is Stage.ASKED else HOUR)
                store.sign_ups.decide(sign_up.number, stage, now=now, forget_at=end)
                counts[stage] += 1
    return counts


def _answer(store: Store, sign_up: SignUp, now: datetime) -> Stage:
    """
    Put the mail that answers a sign-up, if one does.

    It goes to the address as the list has it: two spellings that are one to us may be two to a mail server. Nobody gets
    two within a day, as anyone can write any address into a form. Who complained or cannot be reached gets none at all.
    """
    reader = store.subscribers.find(sign_up.wish.email)
    email = reader.email if reader else sign_up.wish.email
    if reader and not (reader.standing is Standing.ACTIVE or may_return(reader.standing)):
        return Stage.SILENT
    last = [store.notices.latest(email, kind) for kind in ("confirm", "already")]
    if any(moment and now - moment < DAY for moment in last):
        return Stage.SILENT
    if reader and reader.standing is Standing.ACTIVE:
        store.notices.put("already", email, [reader.id], now=now)
        return Stage.TOLD
    store.notices.put("confirm", email, [sign_up.number], now=now)
    return Stage.ASKED


def waits(store: Store, number: int) -> SignUp | None:
    """Return the sign-up of a link, which waits to be confirmed, or is confirmed; None: it is over."""
    sign_up = store.sign_ups.find(number)
    return sign_up if sign_up and sign_up.stage in {Stage.ASKED, Stage.CONFIRMED} else None


def confirm(
    store: Store, *, number: int, words: str, confirmed_from: str, seal: Seal | None, now: datetime
) -> Subscriber | None:
    """
    Make a reader of whoever confirms a sign-up, and return them; None: it is over.

    Their standing says whether they may be written to now: not after a complaint, or where mail came back. To confirm
    twice is to confirm once, also where they have left in between.

    Args:
        store: where the sign-up is.
        number: which one; its link proves that they read mail to its address.
        words: what they agree to, as they read it.
        confirmed_from: the IP address, if it is known.
        seal: recognises those who were erased.
        now: this moment.

    Raises:
        SettingsError: readers were erased, and not with this seal.
    """
    sign_up = waits(store, number)
    if sign_up is None:
        return None
    if sign_up.stage is Stage.ASKED:
        consent = Consent(
            at=now,
            how=HOW,
            source=sign_up.wish.source,
            words=words,
            asked_at=sign_up.asked_at,
            asked_from=sign_up.wish.asked_from,
            confirmed_from=confirmed_from,
        )
        newcomer = Newcomer(email=sign_up.wish.email, tags=sign_up.wish.tags, consent=consent)
        store.subscribers.welcome(newcomer, reason=HOW, seal=seal, now=now)
        store.sign_ups.confirm(number)
        store.notices.forget_of(sign_up.wish.email, "confirm")
    return store.subscribers.find(sign_up.wish.email)
