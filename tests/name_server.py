"""A name server on loopback, for tests: a few names, aliases that it follows as resolvers do, and its bad moods."""

from __future__ import annotations

import socketserver
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dns.message import Message

TTL = 60


@dataclass(frozen=True, kw_only=True)
class Zone:
    """What a name server knows: records as zone files write them, by name and type."""

    records: Mapping[tuple[str, str], Sequence[str]]
    failing: frozenset[str] = frozenset()
    """Names for which it answers SERVFAIL."""
    silent: bool = False
    """Whether it never answers."""
    asked: list[str] = field(default_factory=list)
    """The names that it was asked for, in order."""

    def answer(self, question: Message) -> Message:
        """Return what it knows, aliases followed."""
        name, kind = question.question[0].name, question.question[0].rdtype
        text = name.to_text(omit_final_dot=True).lower()
        self.asked.append(text)
        response = dns.message.make_response(question, recursion_available=True)
        if text in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        while alias := self.records.get((text, "CNAME")):
            response.answer.append(dns.rrset.from_text(f"{text}.", TTL, "IN", "CNAME", *alias))
            text = alias[0].removesuffix(".")
        rows = self.records.get((text, dns.rdatatype.to_text(kind)))
        if rows:
            response.answer.append(dns.rrset.from_text(f"{text}.", TTL, "IN", kind, *rows))
        elif not any(known == text or known.endswith(f".{text}") for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


@contextmanager
def serving(zone: Zone) -> Iterator[str]:
    """Answer questions about a zone, at an address ``127.0.0.1:PORT``."""

    class Handler(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            if not zone.silent:
                self.wfile.write(zone.answer(dns.message.from_wire(self.rfile.read())).to_wire())

        def finish(self) -> None:
            if not zone.silent:
                super().finish()

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
