"""The commands about services: which there are, and whether the one that was chosen would deliver."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_provider
from digest.cli.opening import open_settings
from digest.cli.printing import json_option, print_json, print_table, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.domains.lookup import NameServers
    from digest.providers.matrix import Broken, Entry, Option
    from digest.publishing.doctor import Report

HEADINGS = ("provider", "batch", "bytes", "ids", "again", "one-click", "ahead", "sandbox", "log", "webhooks")
_WIDEST = 80
_WHOSE = {"undocumented": "unknown"}
_IDS = {"MESSAGE": "each", "REQUEST": "one"}
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@click.command(short_help="Compare the services that can deliver.")
@click.argument("name", required=False, shell_complete=complete_provider)
@json_option
def providers(name: str | None, as_json: bool) -> None:  # noqa: FBT001  # Click passes options by name
    """
    Compare the services that can deliver, by the names that [provider] in digest.toml takes.

    With NAME, tell all of one: what it can carry, its options, its variables, and what does not reach the reader.

    \b
    Examples:
      digest providers
      digest providers resend
    """
    from digest.providers.matrix import entries, entry_of

    if as_json:
        print_json(entry_of(name).facts() if name else {"providers": [entry.facts() for entry in entries()]})
    elif name:
        for label, value in _lines(entry_of(name)):
            click.echo(_flow(f"{label:{_LABEL}}", value))
    else:
        _print_matrix(entries())


def _print_matrix(found: list[Entry | Broken]) -> None:
    from digest.providers.matrix import Entry

    rows = [HEADINGS, *(cells(entry) for entry in found if isinstance(entry, Entry))]
    print_table(rows, [max(map(len, column)) for column in zip(*rows, strict=True)])
    for entry in found:
        if not isinstance(entry, Entry):
            click.echo(f"\n{entry.fault}")


def cells(entry: Entry) -> tuple[str, ...]:
    """Return a row of the matrix, which the manual has as well."""
    limits = entry.limits
    return (
        entry.name,
        "whole" if entry.owns_list else f"{limits.messages:,}",
        "-" if limits.bytes is None else size(limits.bytes),
        _IDS.get(limits.ids.name, "none"),
        _span(limits.key_lifetime),
        _WHOSE.get(limits.one_click.value, limits.one_click.value),
        _span(limits.horizon),
        "yes" if limits.sandbox else "no",
        "yes" if entry.keeps_log else "no",
        re.split(r"\W", limits.signature or "unsigned")[0] if entry.calls_back else "none",
    )


def _span(span: timedelta | None) -> str:
    """Return a time in the largest unit that says it whole."""
    if span is None:
        return "no"
    if span == timedelta.max:
        return "always"
    unit, name = next(
        ((unit, name) for unit, name in ((_DAY, "d"), (_HOUR, "h")) if span > unit and not span % unit),
        (timedelta(minutes=1), "min"),
    )
    return f"{span / unit:.0f} {name}"


def _lines(entry: Entry) -> Iterator[tuple[str, str]]:
    """Return all that is known of a provider, in two columns."""
    limits = entry.limits
    row = cells(entry)[1:]
    yield "provider", entry.name
    yield from zip(_LABELS, (f"{row[0]}{_OWN}" if entry.owns_list else row[0], *row[1:-1]), strict=True)
    yield "webhooks", limits.signature or row[-1]
    yield "digest cancel", "takes back what was handed over ahead" if entry.takes_back else "takes nothing back"
    yield "requests", f"{limits.concurrency} side by side{f', {limits.pace:g} a second' if limits.pace else ''}"
    yield "images inside", "yes" if limits.inline_images else "no"
    yield "digest doctor", "asks it" if entry.examines else "cannot ask it"
    yield "digest sync", "takes over whom it suppresses" if entry.keeps_suppressions else "has nothing to take over"
    for option in entry.options:
        yield "option", f"{option.name}: {option.wanted.replace('`', '')} ({_usual(option)})"
    for variable, secret in entry.secrets.items():
        yield "variable", f"{variable}: {secret.meaning}{'' if secret.required else ' (not always needed)'}"
    for caveat in limits.caveats:
        yield "mind", caveat


def _usual(option: Option) -> str:
    import json

    if option.required:
        return "needed"
    return "may be left out" if option.default is None else f"else {json.dumps(option.default)}"


_LABEL = 18
_OWN = ", to a list of its own"
_LABELS = (
    "readers a request",
    "bytes a request",
    "message ids",
    "safe to repeat",
    "one-click header",
    "handed over ahead",
    "sandbox",
    "log can be asked",
)


def _flow(head: str, words: str) -> str:
    """Put words behind a head, and go on below them; what is to be copied, in quotes or a command, stays whole."""
    from textwrap import wrap

    whole = _TO_COPY.sub(lambda found: found[0].replace(" ", _BLANK), words)
    blank = " " * len(head)
    lines = wrap(
        whole, _WIDEST, initial_indent=head, subsequent_indent=blank, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace(_BLANK, " ")


_TO_COPY = re.compile(r'"[^"]*"|digest [a-z]+(?: --[a-z-]+)?(?: [A-Z]+\b)?')
_BLANK = "\ufffc"
"""Stands for a space at which no line ends."""


@click.command(short_help="See whether key, sender and domain are good.")
@click.option("--selector", default="", metavar="NAME", help="The name of the DKIM key, before ._domainkey.")
@click.option("--dns-server", metavar="ADDRESS[:PORT]", help="Ask this name server instead of the machine's own.")
@json_option
def doctor(selector: str, dns_server: str | None, as_json: bool) -> None:  # noqa: FBT001  # Click passes by name
    """
    See whether the service takes the key and the sender, and whether receivers will believe the sender's domain.

    Nothing is sent and nothing is changed.

    \b
    Examples:
      digest doctor
      digest doctor --selector 20260101pm
    """
    from datetime import UTC, datetime

    from digest.publishing.doctor import examine

    settings = open_settings()
    report = examine(settings, _name_servers(dns_server), now=datetime.now(UTC), selector=selector)
    if as_json:
        print_json(report.facts())
    else:
        _print_report(report)
    report.raise_if_bad()


def _name_servers(address: str | None) -> NameServers:
    from digest.domains.lookup import NameServers
    from digest.errors import UsageError

    try:
        return NameServers.of(address) if address else NameServers()
    except ValueError as error:
        msg = (
            "the address of a name server is an IP address, such as 192.0.2.53, with :PORT behind it where it is not 53"
        )
        raise UsageError(msg) from error


def _print_report(report: Report) -> None:
    from digest.domains import Grade

    click.echo(f"{report.provider}, for mail from {report.domain}")
    for seen in report.observations:
        click.echo(_flow(f"  {seen.grade.value:8} ", _sentence(seen.sentence)))
        if seen.hint:
            click.echo(_flow(f"  {'':8} ", seen.hint))
    counts = Counter(seen.grade for seen in report.observations)
    click.echo(" · ".join(f"{grade.value} {counts[grade]}" for grade in Grade if counts[grade]))


def _sentence(words: str) -> str:
    """Begin with a capital letter, unless a domain stands there, and end with a full stop."""
    first, _, _ = words.partition(" ")
    return f"{words if '.' in first else words[:1].upper() + words[1:]}."
