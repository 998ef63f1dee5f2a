"""Rules about who can read it: screen readers, weak eyes, dark screens."""

from __future__ import annotations
