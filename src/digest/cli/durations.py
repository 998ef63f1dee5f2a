"""Spans of time, as options take them: ``90s``, ``30m``, ``2h``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from typing import Any

_SPELLED = re.compile(r"(?:(?P<hours>\d{1,3})h)?(?:(?P<minutes>\d{1,4})m)?(?:(?P<seconds>\d{1,5})s)?", re.ASCII)
_LONGEST = timedelta(days=1)


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic since Click 8.4
    """A span of time of up to a day."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read a span as it is written."""
        if isinstance(value, timedelta):
            return value
        match = _SPELLED.fullmatch(value)
        parts = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
        span = timedelta(**parts)
        if not parts or span > _LONGEST:
            self.fail(f"{value!r} is no span of time up to a day; write it as 90s, 30m, 2h or 1h30m", param, ctx)
        return span
