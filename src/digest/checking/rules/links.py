"""Rules about where links lead."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from digest.checking.addresses import (
    each_once,
    has_public_ending,
    host_of,
    is_reserved,
    is_unpublished,
    shortened,
    site_of,
    split,
)
from digest.checking.rule import Remark, few, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.addresses import Reference
    from digest.checking.proof import Proof

_OTHER_SCHEMES = frozenset(
    {"mailto", "tel", "sms", "webcal", "geo", "xmpp", "sip", "sips", "ftp", "ftps", "magnet", "irc", "ircs", "matrix"}
)
"""What mail programs or the device open besides the web."""


@rule(Severity.ERROR)
def link_unusable(proof: Proof) -> Iterator[Remark]:
    """
    Every link and every image has a whole address that mail programs can use.

    A message lies in a mailbox and has no address of its own, so nothing completes `about.html` or `//example.org`; and
    mail programs take away what runs a script or opens a file. A jump within the message is fine where its target
    exists, though Gmail's and Samsung's apps ignore it (caniemail.com, html-anchor-links, 2026-05).
    """
    for link in proof.page.links:
        anchors = link.element.get("id") or link.element.get("name")
        if link.element.get("href") is None and link.text and not anchors:
            yield Remark(sentence=f'the link "{link.name}" has no address', fix=_GIVE, element=link.element)
    for reference in each_once(proof.references):
        fault = _fault_of(reference, proof)
        if fault:
            what = "link" if reference.leads_on else "image"
            shown = f'"{shortened(reference.name)}" ' if reference.name not in {"", reference.url} else ""
            yield Remark(
                sentence=f"the {what} {shown}{fault}",
                fix=_fix_of(reference),
                element=reference.element,
                needle=reference.url,
                severity=Severity.WARNING if _is_jump(reference.url) else None,
            )


_GIVE = "Give it an address that begins with https://, or make it plain text."
_GIVE_PICTURE = "Give it an address that begins with https://, or write ![words](file.png)."


def _fix_of(reference: Reference) -> str:
    if reference.url.startswith(("www.", "//")):
        return f"Write https://{reference.url.lstrip('/')}"
    if _is_jump(reference.url):
        return "Mark the target by an id of that name, or take the link away."
    return _GIVE if reference.leads_on else _GIVE_PICTURE


def _is_jump(url: str) -> bool:
    return url.startswith("#") and url not in {"#", "#!"}


def _fault_of(reference: Reference, proof: Proof) -> str:
    """Say what is wrong with an address; nothing where it can be used."""
    url, scheme = reference.url, reference.scheme
    if not url or url in {"#", "#!"}:
        return "leads nowhere: its address is empty" if not url else f"leads nowhere: its address is {url}"
    if _is_jump(url):
        return "" if _has_target(unquote(url[1:]), proof) else f"jumps to {url}, which is not in the message"
    if reference.is_web:
        return _fault_of_web(url)
    if not reference.leads_on:
        return _fault_of_picture(url, proof)
    if scheme in _OTHER_SCHEMES:
        return "" if _names_somebody(url) else f"has an address that names nobody: {url}"
    return _fault_of_scheme(url)


_MAILBOX = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")


def _names_somebody(url: str) -> bool:
    """Say whether there is a mailbox, a number or the like; mail to nobody yet, but with a subject, is fine."""
    scheme, _, rest = url.partition(":")
    mailboxes = unquote(rest.partition("?")[0]) if scheme.lower() == "mailto" else ""
    return bool(rest.strip("/")) and all(_MAILBOX.fullmatch(one.strip()) for one in mailboxes.split(",") if mailboxes)


def _has_target(name: str, proof: Proof) -> bool:
    return any(name in {element.get("id"), element.get("name")} for element in proof.page.elements())


_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|[0-9a-f:.]+(?:%\w+)?")


def _fault_of_web(url: str) -> str:
    if not _HOST.fullmatch(host_of(url)) or not url.partition(":")[2].startswith("//"):
        return f"has an address that cannot be read: {shortened(url)}"
    return f"has a space in its address: {shortened(url)}" if re.search(r"\s", url) else ""


def _fault_of_picture(url: str, proof: Proof) -> str:
    kind, _, rest = url.partition(":")
    if kind.lower() == "data":
        return ""
    if kind.lower() == "cid":
        known = {image.cid for image in proof.edition.images}
        return "" if rest in known else f"does not travel with the message: {shortened(url)}"
    return _fault_of_scheme(url)


def _fault_of_scheme(url: str) -> str:
    scheme = split(url).scheme
    if len(scheme) > 1 and url.lower().startswith(f"{scheme}:") and "." not in scheme:
        return f"has an address that mail programs do not open: {shortened(url)}"
    return f"has an address that is not whole: {shortened(url)}"


@rule(Severity.ERROR)
def link_localhost(proof: Proof) -> Iterator[Remark]:
    """
    No link and no image leads to a machine that readers cannot reach.

    The address of a preview, of a machine in the office or of a test system works for whoever wrote it, and for nobody
    else. Such names and numbers are set apart for local use (RFC 1918, 4193, 6761 and 6762). What a tunnel leads to is
    gone as soon as that machine sleeps. An address that stands there as its own text is a warning: an article may say
    where a program answers, and then it is code.
    """
    home = host_of(proof.settings.newsletter.url)
    for reference in each_once(proof.references):
        host = reference.host
        if not reference.is_web or not host or not _is_out_of_reach(host) or _is_trial(host, home):
            continue
        yield Remark(
            sentence=f"readers cannot reach {host}, where {reference.called} leads",
            fix="Put the `address` in code, if readers are to type it." if reference.is_shown_as_it_is else _PUBLIC,
            element=reference.element,
            needle=reference.url,
            severity=Severity.WARNING if reference.is_shown_as_it_is else None,
        )


_PUBLIC = "Write the public address."
# As of 2026-11.
_TUNNELS = (
    ".app.github.dev",
    ".lhr.life",
    ".loca.lt",
    ".localhost.run",
    ".ngrok-free.app",
    ".ngrok-free.dev",
    ".ngrok.app",
    ".ngrok.dev",
    ".ngrok.io",
    ".serveo.net",
    ".trycloudflare.com",
    ".webcontainer.io",
)


def _is_out_of_reach(host: str) -> bool:
    return is_unpublished(host) or host.endswith(_TUNNELS)


def _is_trial(host: str, home: str) -> bool:
    """Say whether a name stands for tests, and the newsletter itself does so, too."""
    return is_reserved(host) and is_reserved(home)


@rule(Severity.WARNING)
def link_insecure(proof: Proof) -> Iterator[Remark]:
    """
    Links and images are fetched over `https`.

    What is fetched in the clear can be read and changed on its way, and some mail programs do not show such images.
    Rspamd gives half a point for it (HTTP_TO_HTTPS, measured 2026-11).
    """
    yield from few(
        Remark(
            sentence=f"{reference.called} is fetched in the clear: {shortened(reference.url)}",
            fix="Write https:// instead.",
            element=reference.element,
            needle=reference.url,
        )
        for reference in each_once(proof.references)
        if reference.scheme == "http" and reference.element is not None and not is_unpublished(reference.host)
    )


_AS_ADDRESS = re.compile(
    r"(?P<sure>https?://|www\.)?(?P<host>[\w-]+(?:\.[\w-]+)+)\.?(?::\d+)?(?P<path>[/?#]\S*)?", re.IGNORECASE
)
_FILE_ENDINGS = frozenset({"md", "py", "rs", "sh", "pl", "ps", "so", "zip", "mov", "cc", "ml", "net", "st", "tf", "ai"})
"""Top-level domains by which files and products are called as well: `setup.py`, `asp.net`."""


@rule(Severity.ERROR)
def link_text_mismatch(proof: Proof) -> Iterator[Remark]:
    """
    A link whose text is an address leads there.

    To show one site and lead to another is how fraud works, so mail programs warn of it, and filters count it. Two
    addresses of one site are the same here: what somebody registered under a public suffix. A bare name, which may
    be that of a brand, is a warning.
    """
    for reference in each_once(proof.references):
        shown = _AS_ADDRESS.fullmatch(reference.text)
        if not shown or not reference.is_web or not _is_host(shown):
            continue
        host = host_of(f"https://{shown['host']}")
        if host != reference.host and site_of(host) != site_of(reference.host):
            yield Remark(
                sentence=f'the link says "{shortened(reference.text)}" and leads to {reference.host}',
                fix="Let it lead to the address that it shows, or use words as its text.",
                element=reference.element,
                needle=reference.text,
                severity=None if shown["sure"] else Severity.WARNING,
            )


def _is_host(shown: re.Match[str]) -> bool:
    """Say whether a text is meant as an address: by its beginning, or since it is no file's, brand's or product's."""
    host = shown["host"]
    if shown["sure"]:
        return True
    return host.islower() and host.rpartition(".")[2] not in _FILE_ENDINGS and has_public_ending(host)


@cache
def _shorteners() -> frozenset[str]:
    lines = Path(__file__).with_name("shorteners.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@rule(Severity.WARNING)
def link_shortener(proof: Proof) -> Iterator[Remark]:
    """
    Links show where they lead, and not a shortener's address.

    Senders of spam hide behind shorteners, so that block lists carry them; and whoever follows such a link cannot know
    where it ends, nor can you know how long it will lead there. The same goes for what mail filters and search engines
    put around a link that is copied from them; some even carry the address of whoever copied it.
    """
    yield from few(
        Remark(
            sentence=f"{reference.called} hides where it leads, behind {reference.host}",
            fix="Write the address that it ends at.",
            element=reference.element,
            needle=reference.url,
        )
        for reference in each_once(proof.references)
        if reference.leads_on and _is_shortener(reference)
    )


def _is_shortener(reference: Reference) -> bool:
    labels = reference.host.split(".")
    return f"{reference.host}{split(reference.url).path}" in _shorteners() or any(
        ".".join(labels[at:]) in _shorteners() for at in range(len(labels) - 1)
    )
