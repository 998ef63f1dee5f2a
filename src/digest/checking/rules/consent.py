"""Rules about whether readers want it, and can end it."""

from __future__ import annotations
