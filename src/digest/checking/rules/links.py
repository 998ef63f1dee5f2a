"""Rules about where links lead."""

from __future__ import annotations
