"""Rules about the bytes of a message."""

from __future__ import annotations
