"""
The one who sees to it that mails leave which follow from what people do on the web: a thread with a store of its own.

It looks once a second for what there is to do, be it from another process. Of several servers on one store, one at a
time delivers; whatever one leaves behind that dies, the next one takes on.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from digest.config.settings import Tracking
from digest.errors import ContentError, DigestError, IncompleteError, ProviderError
from digest.providers import OwnsList
from digest.publishing.choosing import service_of
from digest.store.notices import MAILING
from digest.subscribing.joining import Rules, decide, room_for
from digest.subscribing.notices import Writer, deliver, tidy
from digest.web.counting import count

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.config import Settings
    from digest.providers import Provider
    from digest.sending import Step
    from digest.store import Store
    from digest.store.notices import Kind, Outcome
    from digest.tokens import Tokens
    from digest.wording import Wording

_LOG = logging.getLogger(__name__)
_PAUSE = 1.0
"""Seconds between two looks, and until a store that failed is opened again."""
_BETWEEN_TIDYING = 3600.0
_FIRST_REST, _LONGEST_REST = 5.0, 900.0
"""Seconds that a provider which took nothing is left alone: the first time, and at most."""
_LONGEST_END = 15.0
"""Seconds that the end of the server waits for what is in flight."""


class Mailer:
    """
    Decides what became of sign-ups, and has mails delivered.

    Args:
        open_list: opens the store, in the mailer's own thread.
        provider: who delivers.
        writer: what the mails say.
        rules: how sign-ups are dealt with.
        now: the clock.
    """

    def __init__(
        self,
        open_list: Callable[[], AbstractContextManager[Store]],
        provider: Provider,
        writer: Writer,
        rules: Rules,
        now: Callable[[], datetime],
    ) -> None:
        self._open_list = open_list
        self._provider = provider
        self._writer = writer
        self._rules = rules
        self._now = now
        self._stopping = Event()
        self._thread = Thread(target=self._serve, name="mailer", daemon=True)
        self._rest = 0.0
        self._resume = 0.0
        """The moment from which the provider is asked again, of a monotonic clock."""
        self._tidy_from = 0.0

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in flight, then end; what waits is left to the next one."""
        self._stopping.set()
        self._thread.join(_LONGEST_END)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._open_list() as store:
                    while not self._stopping.wait(_PAUSE):
                        self.work(store)
            except Exception as fault:  # noqa: BLE001  # what waits goes on waiting, and nobody else would see to it
                said = fault.sentence if isinstance(fault, DigestError) else type(fault).__name__
                _LOG.error("mails wait, as the store failed: %s", said)  # words could hold an address
                self._stopping.wait(_PAUSE)

    def work(self, store: Store) -> None:
        """Do what there is to do now."""
        if self._tidy_from <= time.monotonic():
            self._tidy(store)
        if not self._has_work(store):
            return
        try:
            with store.hold(MAILING):
                for stage, number in decide(store, self._rules, now=self._now()).items():
                    count("sign_ups", number, outcome=stage.value)
                self._deliver(store)
        except IncompleteError:
            return  # another server is at it

    def _has_work(self, store: Store) -> bool:
        if self._resume <= time.monotonic() and store.notices.count():
            return True
        return bool(store.sign_ups.new(1)) and room_for(store, self._rules, now=self._now()) > 0

    def _deliver(self, store: Store) -> None:
        if self._resume > time.monotonic() or not store.notices.count():
            return
        try:
            deliver(
                store,
                self._writer,
                self._provider,
                now=self._now,
                report=_report,
                tell=_tell,
                stopping=self._stopping,
            )
        except (ProviderError, ContentError) as fault:
            self._rest = min(max(2 * self._rest, _FIRST_REST), _LONGEST_REST)
            self._resume = time.monotonic() + self._rest
            _LOG.warning("mails wait for %.0f seconds: %s", self._rest, fault.sentence)
        else:
            self._rest = 0.0

    def _tidy(self, store: Store) -> None:
        self._tidy_from = time.monotonic() + _BETWEEN_TIDYING
        if store.sign_ups.new(1) and room_for(store, self._rules, now=self._now()) <= 0:
            _LOG.warning("people wait to be asked to confirm: more came than [web] max_sign_ups allows in an hour")
        given_up = tidy(store, self._writer, now=self._now())
        if given_up:
            _LOG.warning("%d mails were given up, as they could not leave in time", given_up)


def _report(step: Step) -> None:
    if step.trouble:
        _LOG.warning("%s", step.trouble)


def _tell(kind: Kind, outcome: Outcome) -> None:
    count("mails", kind=kind, outcome=outcome)


def make_mailer(
    settings: Settings,
    wording: Wording,
    tokens: Tokens,
    open_list: Callable[[], AbstractContextManager[Store]],
    now: Callable[[], datetime],
) -> Mailer | None:
    """
    Return who mails for a newsletter; None where its provider owns its list, and writes to nobody else.

    What these mails lead to is nobody else's business, so nothing in them is watched.

    Raises:
        SettingsError: the provider's settings are wrong.
        ContentError: a template of the mails is wrong.
    """
    provider = service_of(replace(settings, tracking=Tracking()))
    if isinstance(provider, OwnsList):
        return None
    writer = Writer(settings, wording, tokens)
    rules = Rules(most_an_hour=settings.web.max_sign_ups, within=timedelta(hours=settings.web.confirm_within))
    return Mailer(open_list, provider, writer, rules, now)
