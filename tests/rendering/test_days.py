"""Days as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from digest.rendering.days import day_of
from digest.wording import languages

DAY = date(2026, 3, 24)


@pytest.mark.parametrize(
    ("day", "language", "spelt"),
    [
        (DAY, "en", "24 March 2026"),
        (DAY, "en-GB", "24 March 2026"),
        (DAY, "de-AT", "24. März 2026"),
        (DAY, "ES", "24 de marzo de 2026"),
        (DAY, "fr", "24 mars 2026"),
        (date(2026, 12, 1), "fr", "1er décembre 2026"),
        (date(2026, 1, 1), "de", "1. Januar 2026"),
        (DAY, "ar", "2026-03-24"),
        (DAY, "fry", "2026-03-24"),
        (None, "en", ""),
    ],
)
def test_days(day: date | None, language: str, spelt: str) -> None:
    """They are spelt as the language does, and by number where it is not known."""
    assert day_of(day, language) == spelt


@pytest.mark.parametrize("language", languages())
def test_days_of_all_languages(language: str) -> None:
    """What pages and mails can say, they say with the day spelt, of each of twelve months."""
    months = {day_of(date(2026, month, 24), language) for month in range(1, 13)}
    assert len(months) == 12
    assert not any(day.startswith("2026") for day in months)
