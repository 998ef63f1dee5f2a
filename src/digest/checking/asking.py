"""
Links, asked whether they still lead somewhere: what ``--online`` adds.

What answers well is remembered for a day; what does not is asked again, since its owner may be mending it.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import httpx
import msgspec

from digest.checking.proof import Answer
from digest.files import write_whole
from digest.links import archive_url
from digest.wire import UNREADABLE
from digest.wire.introducing import open_client
from digest.wire.outside import OutsideTransport
from digest.wire.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from digest.checking.proof import Proof

_DAY = timedelta(days=1)
_TIMEOUT = httpx.Timeout(10)
_LONGEST = 30.0
"""Seconds after which nobody waits any more for one who answers, but never to the end."""
_SIDE_BY_SIDE = 16
_A_HOST = 2
_HOPS = 5
_WEB = re.compile("https?://", re.IGNORECASE)
_PARTS = re.compile(r"[/?&=#]")
_FOR_GOOD = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})


class _Remembered(msgspec.Struct, frozen=True):
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    answer: Answer


def links_to_ask(proof: Proof) -> list[str]:
    """
    Return the web addresses of an issue's links and images that can be asked, each once.

    Never those of the reader, which would unsubscribe whoever they are of, nor the issue's own pages in the archive,
    which need not be there before it is sent.
    """
    token = proof.message.reader.token
    own = archive_url(proof.settings.newsletter.url, proof.edition.slug)
    images = ((image.get("src") or "").strip() for image in proof.page.images)
    found = dict.fromkeys([*(link.href for link in proof.page.links), *images])
    return [url for url in found if _WEB.match(url) and not url.startswith(own) and token not in _PARTS.split(url)]


def ask_links(
    urls: Iterable[str],
    memory: Path,
    *,
    now: datetime,
    transport: httpx.BaseTransport | None = None,
    longest: float = _LONGEST,
) -> dict[str, Answer]:
    """
    Ask links whether they lead somewhere, at most two at a time of one host.

    Args:
        urls: what to ask.
        memory: the file in which answers of today are kept; where it cannot be written, they are not.
        now: the present moment.
        transport: how they are reached; without one, whatever belongs to the public internet.
        longest: the seconds that an answer may take.
    """
    known = _recall(memory, now)
    missing = [url for url in dict.fromkeys(urls) if url not in known]
    with open_client(timeout=_TIMEOUT, transport=transport or OutsideTransport()) as client:
        client.follow_redirects, client.max_redirects = True, _HOPS
        asked = _by_host(missing, lambda url: _ask(client, url, longest))
    good = {url: _Remembered(now, answer) for url, answer in asked.items() if answer.is_good}
    if good:
        with suppress(OSError):  # what was found out is worth more than what is remembered of it
            write_whole(memory, msgspec.json.encode(known | good))
    return {url: known[url].answer if url in known else asked[url] for url in dict.fromkeys(urls)}


def _recall(memory: Path, now: datetime) -> dict[str, _Remembered]:
    try:
        found = msgspec.json.decode(memory.read_bytes(), type=dict[str, _Remembered])
    except (OSError, *UNREADABLE):
        return {}
    return {url: remembered for url, remembered in found.items() if abs(now - remembered.at) < _DAY}


def _by_host(urls: Iterable[str], ask: Callable[[str], Answer]) -> dict[str, Answer]:
    queues: defaultdict[str, deque[str]] = defaultdict(deque)
    for url in urls:
        queues[url.split("/")[2].lower()].append(url)
    answers: dict[str, Answer] = {}

    def work(queue: deque[str]) -> None:
        while queue:
            try:
                url = queue.popleft()
            except IndexError:  # another one took the last
                return
            answers[url] = ask(url)

    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="ask") as pool:
        for future in [pool.submit(work, queue) for queue in queues.values() for _ in range(_A_HOST)]:
            future.result()
    return answers


def _ask(client: httpx.Client, url: str, longest: float) -> Answer:
    """Ask for the head alone; some servers refuse that, or are wrong about it, so a bad answer is asked for whole."""
    patience = Patience(longest)
    try:
        with patience:
            with suppress(httpx.ReadError, httpx.RemoteProtocolError):  # some hang up
                head = _answer_to(client, "HEAD", url, patience)
                if head.is_good:
                    return head
            return _answer_to(client, "GET", url, patience)
    except httpx.TooManyRedirects:
        return Answer(trouble=f"it is redirected more than {_HOPS} times")
    except httpx.TimeoutException:
        return Answer(trouble="it does not answer within ten seconds")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        endless = "it does not come to the end of its answer" if patience.is_at_its_end else ""
        return Answer(trouble=endless or str(error) or type(error).__name__)


def _answer_to(client: httpx.Client, method: str, url: str, patience: Patience) -> Answer:
    with client.stream(method, url, extensions={"trace": patience.watch}) as response:
        steps = response.history
        moved = bool(steps) and all(step.status_code in _FOR_GOOD for step in steps)
        size = response.headers.get("Content-Length", "")
        return Answer(
            status=response.status_code,
            location=str(response.url) if moved else "",
            size=int(size) if size.isdecimal() else None,
        )
