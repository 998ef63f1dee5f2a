"""How much mail programs show: of subject and preheader in the inbox, and of a long message."""

from __future__ import annotations

from typing import NamedTuple

GMAIL_CLIP = 102_400
"""
At how many bytes of the encoded HTML part Gmail cuts a message off.

https://github.com/hteumeuleu/email-bugs/issues/41, read 2026-11; Google says nothing of it.
"""


class Inbox(NamedTuple):
    """What one mail program shows in its inbox, in characters."""

    client: str
    subject: int
    preheader: int


# No standard: observed on usual screens, as a table of the package @emailens/engine has them (read 2026-11). A wide
# window, a large type or an unread mail in bold show more or less.
INBOXES = (
    Inbox("Gmail web", 70, 90),
    Inbox("Gmail mobile", 40, 45),
    Inbox("Outlook web", 60, 90),
    Inbox("Outlook desktop", 55, 35),
    Inbox("Apple Mail macOS", 78, 140),
    Inbox("Apple Mail iOS", 41, 90),
    Inbox("Yahoo", 46, 100),
    Inbox("Samsung", 40, 70),
)
