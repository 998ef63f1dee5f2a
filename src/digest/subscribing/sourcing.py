"""
The list of a machine that forgets: all of it, brought into an empty store before each send.

    readers.csv                         a private file
    env:DIGEST_LIST                     a variable, such as an encrypted secret: CSV, or that packed by gzip, in base64
    https://list.example.org/all.csv    with DIGEST_SUBSCRIBERS_TOKEN, where it is set
    command: ssh list.example.org …     what a program writes; no shell has a hand in it
    postgresql://…, sqlite:///…         the store of another digest, which is only read

A list that cannot be had whole is no list: nothing is taken of it, and nothing is sent.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from digest.errors import ContentError, IncompleteError, Place, ProviderError, SettingsError, SourceError, raise_all
from digest.providers import KeepsSuppressions
from digest.store import MissingStoreError
from digest.subscribing.drawing import LARGEST, download, run, unpack
from digest.subscribing.importing import ImportRules, import_readers
from digest.subscribing.leaving import seal_of
from digest.subscribing.syncing import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.config import Settings
    from digest.providers import Provider
    from digest.store import Store

TOKEN = "DIGEST_SUBSCRIBERS_TOKEN"  # noqa: S105  # the name of a variable
"""The environment variable with what opens an address of the web."""

_DATABASE = re.compile(r"(sqlite|postgres(ql)?)://")
_SHOWN = "[subscribers] source"
"""In place of an address or a command, which may hold secrets."""
_MOST_FAULTS = 20
_EMPTY = "From an empty list nobody could be told from one that was lost; nothing was sent."
_NAME_ONE = "Where this machine keeps no list, set DIGEST_SUBSCRIBERS_SOURCE to one that it can have."
_GO_ON = "Run this again when that is mended: it goes on from here."


def fill(store: Store, settings: Settings) -> int:
    """
    Bring the whole list into an empty store that numbers readers by their addresses; return how many they are.

    Without `[subscribers] source`, it is the one of `[store]`.

    Raises:
        SettingsError: the settings lead to no list, or two addresses have one number.
        SourceError: the list cannot be had now, or not whole, or nobody is on it.
        ContentError: it cannot be read, at its line; every fault at once.
    """
    source = settings.subscribers.source or settings.store.url
    shown, way = (_SHOWN, "") if settings.subscribers.source else ("[store] url", f" {_NAME_ONE}")
    try:
        readers = store.take_readers(source) if _DATABASE.match(source) else _import(store, source, settings)
    except MissingStoreError as error:
        raise SettingsError(error.sentence, hint=f"{shown} leads there.{way}") from error
    if not readers:
        msg = f"nobody is on the list to which {shown} leads"
        raise SourceError(msg, hint=f"{_EMPTY}{way}")
    return readers


def fill_for_sending(
    store: Store, settings: Settings, provider: Provider, *, report: Callable[[str], None], begun: bool
) -> int:
    """
    Do what `fill` does, then take off whom the provider no longer writes to: nothing else here remembers them.

    The provider is asked for all of them each time, since what it told an earlier run is forgotten.

    Args:
        store: as of `fill`.
        settings: the newsletter's.
        provider: who delivers.
        report: is told why it takes longer.
        begun: whether some readers may have the issue.

    Raises:
        DigestError: as of `fill` and `sync`; as IncompleteError where it was begun, and may be done later.
    """
    try:
        readers = fill(store, settings)
        if provider.limits.delivers and isinstance(provider, KeepsSuppressions):
            sync(store, provider, settings, report=report, seal=seal_of(settings.environ), whole=True)
    except (SourceError, ProviderError) as error:
        if not begun:
            raise
        raise IncompleteError(error.sentence, hint=_GO_ON, place=error.place) from error
    return readers


def _import(store: Store, source: str, settings: Settings) -> int:
    with _opened(source, settings) as (file, shown):
        rules = ImportRules(fields=settings.fields)
        report = import_readers(store, file, rules, source=shown, seal=seal_of(settings.environ))
    faults = [ContentError(reason, place=Place(shown, line)) for line, reason in report.refused[:_MOST_FAULTS]]
    if len(report.refused) > _MOST_FAULTS:
        faults.append(ContentError(f"{len(report.refused):,} rows cannot be taken", place=Place(shown)))
    if len(report.lists) > 1:
        msg = "the tokens are of several lists, so that links in mail would lead to readers of another one"
        faults.append(ContentError(msg, hint="Take what one list exports.", place=Place(shown)))
    raise_all(faults)
    return report.counts.total()


@contextmanager
def _opened(source: str, settings: Settings) -> Iterator[tuple[IO[bytes], str]]:
    """Open what holds the list, once all of it is there, with what it is called in sentences."""
    form, colon, rest = source.partition(":")
    match form if colon else "":
        case "env":
            yield BytesIO(_variable(rest.strip(), settings)), rest.strip()
        case "https" | "http":
            with TemporaryFile() as file:  # without a name, so that nothing stays when we are killed
                download(source, settings.environ.get(TOKEN, ""), into=file)
                yield _rewound(file), _SHOWN
        case "command":
            with TemporaryFile() as file:
                run(rest, settings, into=file)
                yield _rewound(file), _SHOWN
        case _ if source[len(form) :].startswith("://"):
            msg = f"[subscribers] source leads to no list by {form}://"
            raise SettingsError(
                msg, hint="The manual lists its forms: a path, env:, https://, command:, or a database."
            )
        case _:
            with _file(source, settings) as file:
                yield file, source


def _rewound(file: IO[bytes]) -> IO[bytes]:
    if file.tell() > LARGEST:
        msg = f"the list is larger than {LARGEST // 1_000_000:,} MB"
        raise SourceError(msg, hint="Let [subscribers] source name the database that it comes from.")
    file.seek(0)
    return file


def _variable(name: str, settings: Settings) -> bytes:
    text = settings.environ.get(name, "").strip()
    if not name:
        msg = "[subscribers] source names no variable after env:"
        raise SettingsError(msg, hint="Write it as env:DIGEST_LIST")
    if not text:
        msg = f"the variable {name} that [subscribers] source names is not set"
        raise SettingsError(
            msg, hint="Where an encrypted secret holds it, the job has to hand it on, as digest ci writes it."
        )
    try:
        return unpack(text)
    except ValueError as error:
        msg = f"what {name} holds cannot be unpacked: {error}"
        raise SettingsError(
            msg, hint=f"Make it with: gzip -9 < readers.csv | base64 -w 0, then store it as {name}."
        ) from error


def _file(path: str, settings: Settings) -> IO[bytes]:
    try:
        return (settings.root / path).open("rb")
    except OSError as error:
        msg = f"the list {path} cannot be read ({error.strerror})"
        raise SettingsError(msg, hint="[subscribers] source is relative to the folder of digest.toml.") from error
