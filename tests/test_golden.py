"""The sample issues, rendered: a change of look is seen in review, and `make golden` accepts it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from digest.addressing import example_reader
from digest.config import load_settings
from digest.reading import IssueReader
from digest.rendering import EditionRenderer

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
SAMPLES = ("2026-11-24-past-the-plateau.md", "2026-12-01-first-snow")


@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_looks_as_reviewed(sample: str) -> None:
    """Each sample issue gives the HTML and the text that were last looked at and approved."""
    settings = load_settings(ROOT, {})
    reader = IssueReader(root=ROOT, fields=settings.fields, timezone=ZoneInfo(settings.newsletter.timezone))
    edition = EditionRenderer(settings).render(reader.read(ROOT / "issues" / sample))
    values = example_reader(edition, settings.fields).values
    # A line a tag, so that a diff can be read.
    html = re.sub(r">(?=<)", ">\n", edition.html.fill(values))
    for suffix, rendered in ((".html", html), (".txt", edition.text.fill(values))):
        golden = GOLDEN / f"{edition.slug}{suffix}"
        if os.environ.get("DIGEST_UPDATE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            golden.write_text(rendered, encoding="utf-8")
        assert rendered == golden.read_text(encoding="utf-8"), "look at it, then run `make golden` to accept it"
