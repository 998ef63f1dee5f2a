"""Rules about what is filled in for each reader."""

from __future__ import annotations
