"""A test send from the preview: the real message, its subject marked, to one address, as the reader looked at."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from digest.publishing.rehearsing import perform, prepare_test
from digest.store import open_store
from digest.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import Readers
    from digest.publishing.newsroom import Newsroom


def send_test(newsroom: Newsroom, slug: str, address: str, values: Mapping[str, str]) -> str:
    """
    Send an issue to an address, and return what became of it, in a sentence.

    Args:
        newsroom: the newsletter.
        slug: the issue's.
        address: where it goes, and nowhere else.
        values: the fields with which it is filled, in place of those of the reader at that address.

    Raises:
        ContentError: the issue or a template has something to mend.
        ProviderError: the provider cannot carry it, or did not take it.
        SettingsError: there is no such provider, or its settings are wrong.
        UsageError: the address is none.
    """
    with open_store(newsroom.settings.store.url, tokens=tokens_of(newsroom.settings.environ)) as store:
        trial = prepare_test(newsroom, store, slug, [address], sandbox=False)
    trial = replace(trial, batches=[_filled(batch, values) for batch in trial.batches])
    trial = perform(trial, stop_after=newsroom.settings.send.stop_after, report=lambda _step: None, stopping=Event())
    trial.raise_unless_complete()
    return f"sent to {address} through {trial.provider.name} ({trial.provider.destination})"


def _filled(batch: Readers, values: Mapping[str, str]) -> Readers:
    own = {name: [value] * len(batch) for name, value in values.items()}
    return replace(batch, columns={**batch.columns, **own})
