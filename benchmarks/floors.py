"""
What sending would cost if it were written by hand for this one list, this edition and these two services.

Each floor reads, builds, posts and writes in one thread over one raw socket, and does nothing else: it knows the fields
by name, checks nothing, and could not go on after a crash. It reads what the engine reads, and writes what it writes to
a ledger before and after each request, each time durably: exactly who was in it, and a digest of what they got.
"""

from __future__ import annotations

import html
import json
import sqlite3
import zlib
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, repeat
from json.encoder import encode_basestring
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import TYPE_CHECKING

import msgspec

from benchmarks.loopback_sink import HOST
from benchmarks.newsletter import edition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from socket import socket

    from digest.model import Pattern

MERGED_READERS = 1000
FULL_READERS = 500
_MOST_PIECES = 1024  # of one sendmsg: IOV_MAX of Linux and of macOS

_PREPARE = """
pragma journal_mode = wal;
pragma synchronous = full;
drop table if exists floor;
create table floor (last integer primary key, first, count, readers, digest, claimed_at, settled_at, ids);

"""
_CLAIM = "insert into floor (last, first, count, readers, digest, claimed_at) values (?, ?, ?, ?, ?, ?)"
_SETTLE = "update floor set settled_at = ?, ids = ? where last = ?"

_READERS = """
select id, email, token, fields from subscribers where id > ? and +standing = 'active' order by id limit ?
"""
# A column that comes as one text costs less than half of what it costs in rows. No address or token holds its joint.
_COLUMNS = """
select min(id), max(id), count(*), group_concat(id), group_concat(email, x'1f'), group_concat(name, x'1f'),
    group_concat(token, x'1f'), group_concat(fields)
from (select id, email, name, token, fields from subscribers where id > ? and +standing = 'active' order by id limit ?)
"""


class _Fields(msgspec.Struct):
    first_name: str = "Reader"
    city: str = "your city"


_read_fields = msgspec.json.Decoder(list[_Fields]).decode


def post_merged(list_path: Path, port: int) -> int:
    """Post to everyone, a thousand at a time, to a service that merges; return how many that were."""
    before, between, end = _merged_constants()
    fixed = len(before) + len(between) + len(end)
    done, last = 0, 0
    with _ledger(list_path) as database, _connection(port) as connection:
        while row := database.execute(_COLUMNS, (last, MERGED_READERS)).fetchone():
            first, last, count, ids, emails, names, tokens, fields = row
            if not count:
                break
            to, values = emails.replace("\x1f", ",").encode(), _merged_values(emails, tokens, fields)
            digest = sha256(f"{emails}\x1f{names}\x1f{tokens}\x1f{fields}".encode()).digest()
            database.execute(_CLAIM, (last, first, count, zlib.compress(ids.encode(), level=1), digest, _now()))
            head = _head("/one", "multipart/form-data; boundary=digest", fixed + len(to) + len(values))
            _send(connection, [head, before, to, between, values, end])
            answer = json.loads(_receive(connection))
            database.execute(_SETTLE, (_now(), answer["id"], last))
            done += count
    return done


def _merged_constants() -> tuple[bytes, bytes, bytes]:
    """Return what stands before the addresses, between them and the values, and after these."""
    made = edition("floor")
    name, name_html, city_html, token = (f"%recipient.v{number}%" for number in range(4))
    before = "\r\n".join(
        f'--digest\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}'
        for field, value in {
            "from": made.sender,
            "subject": _join(made.subject, name),
            "html": _join(made.html, name_html, city_html, name_html, token),
            "text": _join(made.text, name, token),
            "h:List-Unsubscribe": f"<https://example.org/unsubscribe/{token}>",
            "h:List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "to": "",
        }.items()
    )
    between = '\r\n--digest\r\nContent-Disposition: form-data; name="recipient-variables"\r\n\r\n{"'
    return before.encode(), between.encode(), b'"}}\r\n--digest--\r\n'


def _join(pattern: Pattern, *values: str) -> str:
    return "".join(part for pair in zip(pattern.texts, (*values, ""), strict=True) for part in pair)


def _merged_values(emails: str, tokens: str, fields: str) -> bytes:
    """Return ``recipient-variables`` without its first and last signs; a column is escaped in one piece."""
    people = _read_fields(f"[{fields}]")
    names = "\x1f".join([person.first_name for person in people])
    cities = "\x1f".join([person.city for person in people])
    table = zip(
        _json_column(emails),
        repeat(b'":{"v0":"'),
        _json_column(names),
        repeat(b'","v1":"'),
        _json_column(html.escape(names)),
        repeat(b'","v2":"'),
        _json_column(html.escape(cities)),
        repeat(b'","v3":"'),
        tokens.encode().split(b"\x1f"),
        repeat(b'"},"'),
    )
    return b"".join(chain.from_iterable(table)).removesuffix(b'"},"')


def _json_column(texts: str) -> list[bytes]:
    return _json(texts).split(b"\\u001f")


def post_full(list_path: Path, port: int) -> int:
    """Post to everyone, five hundred whole messages at a time in a JSON array; return how many that were."""
    constants = _full_constants()
    done, last = 0, 0
    with _ledger(list_path) as database, _connection(port) as connection:
        while rows := database.execute(_READERS, (last, FULL_READERS)).fetchall():
            first, last = rows[0][0], rows[-1][0]
            pieces = _full_pieces(rows, *constants)
            ids = zlib.compress(",".join([str(row[0]) for row in rows]).encode(), level=1)
            digest = sha256("\x1f".join(chain.from_iterable(row[1:] for row in rows)).encode()).digest()
            database.execute(_CLAIM, (last, first, len(rows), ids, digest, _now()))
            head = _head(f"/many/{len(rows)}", "application/json", sum(map(len, pieces)))
            _send(connection, [head, *pieces])
            results = json.loads(_receive(connection))
            names = ",".join([result["MessageID"] for result in results if result["ErrorCode"] == 0])
            database.execute(_SETTLE, (_now(), names, last))
            done += len(rows)
    return done


def _full_constants() -> tuple[bytes, ...]:
    """Return what is the same in all messages, in JSON: what stands between a reader's values."""
    made = edition("floor")
    before_name, after_name = map(_json, made.subject.texts)
    before_html_name, before_city, middle, rest, after_html = map(_json, made.html.texts)
    before_text_name, text, after_text = map(_json, made.text.texts)
    return (
        f',{{"From":"{made.sender}","To":"'.encode(),
        b'","Subject":"' + before_name,
        after_name + b'","HtmlBody":"' + before_html_name,
        before_city,
        middle,
        rest,
        after_html + b'","TextBody":"' + before_text_name,
        text,
        after_text + b'","Headers":[{"Name":"List-Unsubscribe","Value":"<https://example.org/unsubscribe/',
        b'>"},{"Name":"List-Unsubscribe-Post","Value":"List-Unsubscribe=One-Click"}]}',
    )


def _full_pieces(rows: Sequence[tuple[int, str, str, str]], *constants: bytes) -> list[bytes]:
    """Return a body in pieces: what is long is never copied, and what is short is joined."""
    before_to, subject, html_name, html_city, middle, rest, text_name, text, header, end = constants
    people = _read_fields(f"[{','.join([fields for _, _, _, fields in rows])}]")
    join, escape = b"".join, html.escape
    pieces: list[bytes] = []
    for (_, email, token, _), person in zip(rows, people, strict=True):
        key, name = token.encode(), _json(person.first_name)
        escaped_name, escaped_city = _json(escape(person.first_name)), _json(escape(person.city))
        pieces += (
            join((before_to, email.encode(), subject, name, html_name, escaped_name, html_city, escaped_city)),
            middle,
            escaped_name,
            rest,
            join((key, text_name, name)),
            text,
            join((key, header, key, end)),
        )
    return [b"[", pieces[0][1:], *pieces[1:], b"]"]


def _json(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode()


@contextmanager
def _ledger(list_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(list_path, isolation_level=None)) as database:
        database.executescript(_PREPARE)
        yield database


@contextmanager
def _connection(port: int) -> Iterator[socket]:
    with create_connection((HOST, port)) as connection:
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        yield connection


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _head(target: str, media_type: str, size: int) -> bytes:
    return (
        f"POST {target} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Basic YXBpOmtleQ==\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {size}\r\n\r\n"
    ).encode()


def _send(connection: socket, pieces: Sequence[bytes]) -> None:
    for start in range(0, len(pieces), _MOST_PIECES):
        some = pieces[start : start + _MOST_PIECES]
        sent = connection.sendmsg(some)
        if sent < sum(map(len, some)):  # a signal came between
            connection.sendall(b"".join(some)[sent:])


def _receive(connection: socket) -> bytes:
    """Return the body of an answer, which says how long it is."""
    answer = connection.recv(1 << 16)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(head)
    length = int(head.rpartition(b"Content-Length: ")[2])
    while len(body) < length:
        body += connection.recv(1 << 16)
    return body
