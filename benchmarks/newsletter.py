"""An edition of a usual size, and a long list of readers for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from digest.model import Address, Edition, Pattern, Slot
from digest.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

_ROW = '<tr><td style="padding:0 24px;font-size:16px;line-height:24px">Staff engineers who – grow</td></tr>\n'
_LINE = "Influence grows when you stop closing tickets.\n"

# One reader in eighty has left, here and there, as on a list that has lived. Every third name is beyond ASCII.
_MAKE_READERS = """
insert into subscribers (key, email, name, fields, tags, standing, token, source, added_at, changed_at)
with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < :readers)
select
    printf('reader.%08d@example.org', n),
    printf('reader.%08d@example.org', n),
    printf('Reader %d', n),
    json_object(
        'city', 'Zürich', 'first_name', case n % 3 when 0 then '李明' when 1 then 'Ada O''Neil' else 'Grace' end
    ),
    '["staff"]',
    case abs(random()) % 80 when 0 then 'left' else 'active' end,
    lower(hex(randomblob(16))),
    'benchmark',
    '2026-11-24T09:00:00.000000+00:00',
    '2026-11-24T09:00:00.000000+00:00'
from numbers;
"""


def edition(slug: str) -> Edition:
    """Return 60 KB of HTML and 8 KB of text, with slots of three fields."""
    first_name = Slot(name="first_name", fallback="Reader").marker
    city, token = Slot(name="city", fallback="your city").marker, Slot(name="token").marker
    table = f"<table>{_ROW * (30_000 // len(_ROW))}</table>"
    leave = f"https://example.org/unsubscribe/{token}"
    return Edition(
        slug=slug,
        sender=Address(email="editor@example.org", name="Past the Plateau"),
        reply_to=None,
        subject=Pattern.of_text(f"{first_name}, past the senior plateau"),
        html=Pattern.of_html(
            f"<!doctype html><html><body><p>Hello {first_name} in {city},</p>{table}"
            f'<h1>For {first_name}</h1>{table}<p><a href="{leave}">Unsubscribe</a></p></body></html>'
        ),
        text=Pattern.of_text(f"Hello {first_name},\n\n{_LINE * (8_000 // len(_LINE))}\nUnsubscribe: {leave}\n"),
        headers={
            "List-Unsubscribe": Pattern.of_text(f"<{leave}>"),
            "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
        },
    )


def make_list(path: Path, readers: int) -> None:
    """Write a list into a new store by SQL alone: an import is measured elsewhere."""
    with open_store(f"sqlite:///{path}"):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma cache_size = -262144")
        with database:
            database.execute(_MAKE_READERS, {"readers": readers})
        database.execute("pragma wal_checkpoint(truncate)")
