"""The preview as a server: on a port of this machine, watching the newsletter's folder, until it is told to end."""

from __future__ import annotations

import logging
import os
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn

from digest.listening import Server
from digest.preview.announcing import Announcer
from digest.preview.application import make_application
from digest.preview.desk import Desk
from digest.preview.register import stamp_of
from digest.preview.watching import watch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from digest.listening import Listener
    from digest.preview.application import Deeds
    from digest.publishing.newsroom import Newsroom

_LOG = logging.getLogger(__name__)

_SWITCH = 0.0005
"""Seconds that a busy thread keeps the interpreter: with Python's 0.005, each step of an answer waits for the rules."""


def make_server(
    newsroom: Newsroom, deeds: Deeds, environ: Mapping[str, str], *, ready: Callable[[], None]
) -> uvicorn.Server:
    """Return the server of a newsletter's preview; `ready` is called once it answers."""
    desk, announcer, stopping = Desk(newsroom, environ), Announcer(), Event()
    watcher = Thread(target=_watch, args=(desk, announcer, stopping, stamp_of(newsroom.settings)), daemon=True)

    def leave() -> None:
        stopping.set()
        announcer.close()

    def begin() -> None:
        watcher.start()
        ready()

    config = uvicorn.Config(
        make_application(desk, announcer, deeds, environ),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,  # addresses of readers are asked for by number, but what is searched for would be in it
        proxy_headers=False,  # whoever claims to ask for somebody else is not believed
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    return Server(config, ready=begin, leaving=leave)


def serve(
    newsroom: Newsroom, deeds: Deeds, environ: Mapping[str, str], listener: Listener, *, ready: Callable[[], None]
) -> None:
    """Serve a newsletter's preview until Ctrl-C or SIGTERM."""
    sys.setswitchinterval(_SWITCH)
    make_server(newsroom, deeds, environ, ready=ready).run(sockets=[listener.socket])


def _watch(desk: Desk, announcer: Announcer, stopping: Event, stamp: tuple[object, ...]) -> None:
    """Tell the pages what was saved, and when the database was written to."""

    def saved(paths: set[Path]) -> None:
        try:
            news = desk.refresh(paths)
        except OSError:  # a file that is going just now; its going is told next
            return
        except Exception:  # noqa: BLE001  # whatever it was, what is saved next has to be told
            _LOG.exception("what was saved could not be read")
            return
        for sheet in news.changed:
            announcer.tell("issue", {"slug": sheet.slug, "revision": sheet.revision})
        if news.listed:
            announcer.tell("newsletter", {})

    def looked_up() -> None:
        nonlocal stamp
        before, stamp = stamp, stamp_of(desk.newsroom.settings)
        if stamp != before:
            announcer.tell("newsletter", {})

    watch_folder(desk.newsroom.settings.root, saved=saved, looked_up=looked_up, stopping=stopping)


def has_screen(environ: Mapping[str, str]) -> bool:
    """Say whether a browser that is opened here is seen by whoever works here."""
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "CI"))
    windows = os.name == "nt" or sys.platform == "darwin"
    return not remote and (windows or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")))
