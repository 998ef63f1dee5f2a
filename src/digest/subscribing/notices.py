"""
The mails that follow from what people do on the web: what they say, and how they leave.

They are an edition each, so they leave as issues do: by the engine, claimed before a byte leaves, and again under the
same key only where the provider takes that for one. They hold nothing that anybody wrote into a form, so that nobody
can have us write it to others, and no List-Unsubscribe, since they are no list's.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from digest.model import Batch, Edition, Pattern, Readers, Slot, State
from digest.rendering.lines import wrap
from digest.rendering.look import look_of
from digest.rendering.origins import forget
from digest.rendering.templates import Templates
from digest.sending import Engine
from digest.subscribing.preferring import OWN_FOR
from digest.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from digest.config import Settings
    from digest.model import Receipt
    from digest.providers import Provider
    from digest.sending import Report
    from digest.store import Store
    from digest.store.notices import Kind, Notice, Outcome
    from digest.tokens import Tokens
    from digest.wording import Wording

_LONGEST_LIFE = timedelta(days=1)
"""After so long, a mail that could not leave comes too late."""
_KEPT = timedelta(days=3)
"""How long it is known who was written to, so that nobody is too often."""
_STOP_AFTER = 3
"""After so many requests in a row that were of no use, a provider is left alone for a while."""
_NOBODYS_ID = 0
_LINK = Slot(name="link").marker
_FORGOTTEN = "forgotten"
_PATHS: Mapping[Kind, str] = {"confirm": "confirm", "already": "preferences", "move": "move", "own": "own"}
_PURPOSES: Mapping[Kind, Purpose] = {"confirm": Purpose.CONFIRM, "move": Purpose.MOVE, "own": Purpose.OWN}


class Writer:
    """
    Writes the mails of one newsletter.

    Raises:
        ContentError: a template is wrong.
    """

    def __init__(self, settings: Settings, wording: Wording, tokens: Tokens) -> None:
        self._settings = settings
        self._wording = wording
        self._tokens = tokens
        self.within = timedelta(hours=settings.web.confirm_within)
        self._templates = Templates(settings.root)
        self._editions = {kind: self._edition(kind) for kind in _PATHS}

    @cached_property
    def patience(self) -> timedelta:
        """How long a mail may wait for a provider that takes it."""
        return min(_LONGEST_LIFE, self.within)

    def write(self, notice: Notice, store: Store) -> Batch | None:
        """Return a claimed mail as the one message of a batch; None where its reader is gone."""
        link = self._token(notice, store)
        if link is None or notice.claimed_at is None:
            return None
        key = str(uuid5(NAMESPACE_URL, f"digest:{store.name}/notices/{notice.number}/{notice.attempt}"))
        return Batch(
            edition=self._editions[notice.kind],
            number=notice.number,
            key=key,
            readers=Readers(
                ids=[_NOBODYS_ID],
                columns={"email": [notice.email], "name": [""], "token": [key], "link": [link]},
            ),
            at=notice.claimed_at,
        )

    def _token(self, notice: Notice, store: Store) -> str | None:
        purpose = _PURPOSES.get(notice.kind)
        if purpose:
            end = notice.put_at + (OWN_FOR if notice.kind == "own" else self.within)
            return self._tokens.sign_until(purpose, end, store.name, *notice.facts)
        (number,) = notice.facts
        reader = store.subscribers.find_id(int(number))
        return reader.token if reader else None

    def _edition(self, kind: Kind) -> Edition:
        newsletter = self._settings.newsletter
        values = {
            **look_of(self._settings, self._wording.language),
            "newsletter": newsletter,
            "language": self._wording.language,
            "link": f"{self._settings.web_url}/{_PATHS[kind]}/{_LINK}",
            "wrap": lambda text: "\n".join(wrap(text)),
            **{part: self._say(kind, part) for part in ("subject", "text", "button", "otherwise")},
        }
        html = forget(self._templates.render("notice.html", values))
        text = forget(self._templates.render("notice.txt", values))
        return Edition(
            slug=kind,
            sender=newsletter.from_,
            reply_to=newsletter.reply_to,
            subject=Pattern.of_text(self._say(kind, "subject")),
            html=Pattern.of_html(html),
            text=Pattern.of_text(text.strip() + "\n"),
            headers={"Auto-Submitted": Pattern.of_text("auto-generated")},  # RFC 3834, section 5
        )

    def _say(self, kind: Kind, part: str) -> str:
        values = {"newsletter": self._settings.newsletter.name, "hours": self._settings.web.confirm_within}
        return self._wording.say(f"mail.{kind}_{part}", **values)


class _Outgoing:
    """The mails of a store as the engine claims and settles them, each a batch of its own."""

    def __init__(self, store: Store, writer: Writer, tell: Callable[[Kind, Outcome], None]) -> None:
        self._store = store
        self._writer = writer
        self._tell = tell
        self._begun: dict[int, Notice] = {}

    def together(self) -> AbstractContextManager[None]:
        return self._store.together()

    def adopt(self) -> Iterator[tuple[Batch, bool]]:
        for notice in self._store.notices.claimed():
            if notice.number not in self._begun and (batch := self._begin(notice)):
                yield batch, True

    def claim(self, *, now: datetime) -> Batch | None:
        while notice := self._store.notices.claim(now=now):
            if batch := self._begin(notice):
                return batch
        return None

    def _begin(self, notice: Notice) -> Batch | None:
        self._begun[notice.number] = notice
        batch = self._writer.write(notice, self._store)
        if batch is None:
            self._end(notice.number, "failed", _FORGOTTEN)
        return batch

    def _end(self, number: int, outcome: Outcome, reason: str = "") -> None:
        self._store.notices.settle(number, outcome, reason=reason)
        self._tell(self._begun.pop(number).kind, outcome)

    def settle(self, batch: Batch, receipts: Sequence[Receipt], *, now: datetime) -> int:
        del now
        (receipt,) = receipts
        self._end(batch.number, "sent" if receipt.state is State.SENT else "failed", receipt.reason)
        return 0

    def release(self, batch: Batch) -> None:
        del self._begun[batch.number]
        self._store.notices.release(batch.number)

    def halve(self, batch: Batch, *, reason: str, now: datetime) -> None:
        del reason, now
        self.release(batch)

    def doubt(self, batch: Batch, *, reason: str, now: datetime) -> None:
        del now
        self._end(batch.number, "failed", reason)


def deliver(
    store: Store,
    writer: Writer,
    provider: Provider,
    *,
    now: Callable[[], datetime],
    report: Report,
    tell: Callable[[Kind, Outcome], None],
    stopping: Event,
) -> None:
    """
    Have all mails leave that wait for it. Nobody else does so on this store meanwhile.

    Args:
        store: where they wait.
        writer: what they say.
        provider: who delivers.
        now: the clock.
        report: is told what goes wrong.
        tell: is told what became of each.
        stopping: once it is set, nothing new is begun.

    Raises:
        ProviderError: the provider takes none for now; they wait on.
        ContentError: one cannot be written.
    """
    claims = _Outgoing(store, writer, tell)
    engine = Engine(claims=claims, provider=provider, now=now, report=report, stop_after=_STOP_AFTER, stopping=stopping)
    engine.deliver()


def tidy(store: Store, writer: Writer, *, now: datetime) -> int:
    """Give up mails, and wishes, that wait for too long, forget what is over, and return how many were given up."""
    with store.together():
        too_late = now - writer.patience
        given_up = store.notices.give_up(before=too_late) + store.sign_ups.give_up(before=too_late)
        store.notices.forget_done(before=now - _KEPT)
        store.sign_ups.forget_old(now=now)
        store.proofs.forget_old(before=now - max(writer.within, OWN_FOR))
    return given_up
