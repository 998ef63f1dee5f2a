"""Rules about what mail services and the law want."""

from __future__ import annotations
