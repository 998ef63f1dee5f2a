"""Rules about how large a message and its images are."""

from __future__ import annotations
