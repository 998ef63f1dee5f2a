"""Rules about what mail programs make of HTML and CSS."""

from __future__ import annotations
