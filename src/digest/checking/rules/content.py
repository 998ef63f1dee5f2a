"""Rules about what an issue says: its subject, its preheader, its words."""

from __future__ import annotations
