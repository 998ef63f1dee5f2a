"""How many recipients a second others reach who can run here, with the same words and to the same kind of sink."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.loopback_sink import HOST, running_sink
from benchmarks.newsletter import edition

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.loopback_sink import Sink
    from digest.model import Pattern

MAILMERGE = str(Path(sys.executable).with_name("mailmerge"))
_SENDER = "Past the Plateau <editor@example.org>"
_REQUEST = 1000  # readers


def measure() -> list[tuple[str, float, str]]:
    """Return the recipients a second of each."""
    peers: tuple[tuple[str, str, Callable[[Sink, int], None], int], ...] = (
        ("django-anymail, merging for Mailgun", "anymail", _send_by_anymail, 20_000),
        ("Django's own mail, SMTP", "django", _send_by_django, 400),
        ("mailmerge, SMTP", "mailmerge", _send_by_mailmerge, 200),
    )
    with running_sink() as sink:
        return [(f"{name}: recipients", *_rate(sink, package, send, count)) for name, package, send, count in peers]


def _rate(sink: Sink, package: str, send: Callable[[Sink, int], None], readers: int) -> tuple[float, str]:
    if find_spec(package) is None:
        return math.nan, f"only where {package} is installed"
    start = perf_counter()
    send(sink, readers)
    return readers / (perf_counter() - start), "for comparison, in 1/s"


def _send_by_anymail(sink: Sink, readers: int) -> None:
    _set_up_django(sink)
    from anymail.backends.mailgun import EmailBackend  # noqa: PLC0415  # may be missing
    from django.core.mail import EmailMultiAlternatives  # noqa: PLC0415

    made = edition("peer")
    with EmailBackend() as backend:
        for start in range(0, readers, _REQUEST):
            people = [_person(number) for number in range(start, start + _REQUEST)]
            message = EmailMultiAlternatives(
                subject=_spelled(made.subject, "%recipient.{}%"),
                body=_spelled(made.text, "%recipient.{}%"),
                from_email=_SENDER,
                to=[person["email"] for person in people],
            )
            message.attach_alternative(_spelled(made.html, "%recipient.{}%"), "text/html")
            message.merge_data = {person["email"]: person for person in people}
            backend.send_messages([message])


def _send_by_django(sink: Sink, readers: int) -> None:
    _set_up_django(sink)
    from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: PLC0415

    made = edition("peer")
    subject, text, html = (_spelled(pattern, "{{{}}}") for pattern in (made.subject, made.text, made.html))
    messages = []
    for person in map(_person, range(readers)):
        message = EmailMultiAlternatives(subject.format(**person), text.format(**person), _SENDER, [person["email"]])
        message.attach_alternative(html.format(**person), "text/html")
        messages.append(message)
    get_connection("django.core.mail.backends.smtp.EmailBackend").send_messages(messages)


def _set_up_django(sink: Sink) -> None:
    from django.conf import settings  # noqa: PLC0415

    if not settings.configured:
        anymail = {
            "MAILGUN_API_KEY": "key",
            "MAILGUN_API_URL": f"http://{HOST}:{sink.http_port}/v3",
            "MAILGUN_SENDER_DOMAIN": "example.org",
        }
        settings.configure(ANYMAIL=anymail, EMAIL_HOST=HOST, EMAIL_PORT=sink.smtp_port)


def _send_by_mailmerge(sink: Sink, readers: int) -> None:
    made = edition("peer")
    head = f"TO: {{{{ email }}}}\nFROM: {_SENDER}\nSUBJECT: {_spelled(made.subject, '{{{{ {} }}}}')}\n"
    with TemporaryDirectory() as folder:
        root = Path(folder)
        template = f"{head}Content-Type: text/html\n\n{_spelled(made.html, '{{{{ {} }}}}')}"
        (root / "mailmerge_template.txt").write_text(template, encoding="utf-8")
        server = f"[smtp_server]\nhost = {HOST}\nport = {sink.smtp_port}\n"
        (root / "mailmerge_server.conf").write_text(server, encoding="utf-8")
        with (root / "mailmerge_database.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _person(0))
            writer.writeheader()
            writer.writerows(map(_person, range(readers)))
        command = [MAILMERGE, "--no-dry-run", "--no-limit", "--output-format", "raw"]
        subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=True)


def _person(number: int) -> dict[str, str]:
    return {
        "email": f"reader.{number:08}@example.org",
        "first_name": "Grace",
        "city": "Zürich",
        "token": f"{number:032x}",
    }


def _spelled(pattern: Pattern, spelling: str) -> str:
    slots = (spelling.format(slot.name) for slot in pattern.slots)
    return "".join(part for pair in zip_longest(pattern.texts, slots, fillvalue="") for part in pair)


if __name__ == "__main__":
    for row, rate, bar in measure():
        print(f"{row:60} {rate:10,.0f}   {bar}")
