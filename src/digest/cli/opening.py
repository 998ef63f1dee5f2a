"""What commands open before they do anything: the settings, the newsroom, the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from digest.config import Settings
    from digest.providers import OwnsList, Provider
    from digest.publishing.newsroom import Newsroom
    from digest.store import Store


def open_settings(folder: Path | None = None) -> Settings:
    """Return the settings of the newsletter that `folder`, or the working folder, lies in."""
    from digest.config import find_root, load_settings

    return load_settings(find_root(folder or Path.cwd()), os.environ)


def open_newsroom() -> Newsroom:
    """Return the newsletter that the working folder lies in."""
    from digest.publishing.newsroom import Newsroom

    return Newsroom(settings=open_settings())


def open_list(settings: Settings) -> AbstractContextManager[Store]:
    """Open the store of a newsletter; it is made where it is missing."""
    from digest.store import open_store
    from digest.tokens import tokens_of

    return open_store(settings.store.url, tokens=tokens_of(settings.environ))


def open_ledger(
    settings: Settings, *, take_over: bool = False, needs_key: bool = False
) -> AbstractContextManager[Store]:
    """
    Open what keeps the ledger: the store, or a branch of a git remote, where readers come by `bring_readers`.

    Args:
        settings: the newsletter's.
        take_over: whether whoever else is at a mailing is held for dead.
        needs_key: whether readers are to come.
    """
    if settings.ledger.url is None:
        return open_list(settings)
    from digest.branch import Terms, open_branch_store

    return open_branch_store(settings, Terms(take_over=take_over), needs_key=needs_key)


def bring_readers(store: Store, settings: Settings, service: Provider | OwnsList | None = None) -> None:
    """
    Bring the list into a store whose ledger is on a branch, unless it is there; any other store has it.

    Args:
        store: as of `open_ledger`.
        settings: the newsletter's.
        service: who is to deliver, if anybody is: then nobody comes whom it no longer writes to.
    """
    from digest.providers import OwnsList

    if settings.ledger.url is None or isinstance(service, OwnsList) or any(store.subscribers.count().values()):
        return
    from digest.subscribing.sourcing import fill, fill_for_sending

    if service is None:
        fill(store, settings)
        return
    begun = any(map(store.deliveries.has_begun, store.mailings.unfinished()))
    fill_for_sending(store, settings, service, report=lambda words: click.echo(f"  {words}", err=True), begun=begun)


def unsent_issues(newsroom: Newsroom, store: Store) -> list[Path]:
    """
    Return the issues that are not yet sent to all of their readers.

    Args:
        newsroom: the newsletter.
        store: what `open_list` opens; it is asked where no branch keeps the ledger.
    """
    from digest.publishing.building import unsent

    if newsroom.settings.ledger.url is None:
        return unsent(newsroom, store)
    with open_ledger(newsroom.settings) as ledger:
        return unsent(newsroom, ledger)
