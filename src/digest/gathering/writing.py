"""A clipping as a story: a section of an issue's file, or a file of its own in an issue's folder."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from digest.gathering.texts import EMPHASIS, IMAGE, TITLE, escaped, for_front_matter
from digest.links import slugify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.gathering.clipping import Clipping

_NUMBER = re.compile(r"(\d+)[-_ ]")
_STEP = 10


def section_of(clipping: Clipping) -> str:
    """Return a clipping as the story that it is in an issue of one file; who wrote it stands below."""
    image = clipping.image
    minutes = f"{clipping.minutes} min" if clipping.minutes else ""
    byline = " · ".join(filter(None, (clipping.author, minutes)))
    parts = (
        f"## [{escaped(clipping.title, TITLE)}]({clipping.link})",
        f"![{escaped(image.alt, IMAGE)}]({image.url})" if image else "",
        clipping.teaser,
        f"*{escaped(byline, EMPHASIS)}*" if byline else "",
    )
    return "\n\n".join(filter(None, parts)) + "\n"


def file_of(clipping: Clipping) -> str:
    """Return a clipping as the file of a story."""
    image = clipping.image
    facts = {
        "title": for_front_matter(clipping.title),
        "link": clipping.link,
        "image": image.url if image else None,
        "image_alt": for_front_matter(image.alt) if image else None,
        "author": for_front_matter(clipping.author) or None,
        "minutes": clipping.minutes,
    }
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items() if value is not None)
    return "\n".join(["---", *lines, "---", clipping.teaser]).rstrip() + "\n"


def name_behind(names: Sequence[str], title: str) -> str:
    """Return the name of a story's file that stands behind those of these names, in their order."""
    numbers = [match[1] for name in sorted(names) if (match := _NUMBER.match(name))]
    return f"{_number_behind(numbers[-1]) if numbers else _STEP}-{slugify(title)}.md"


def _number_behind(digits: str) -> str:
    """Return the next ten, else the next number; where both have a digit more, one that sorts behind all the same."""
    for step in (_STEP - int(digits) % _STEP, 1):
        number = str(int(digits) + step).zfill(len(digits))
        if len(number) == len(digits):
            return number
    return f"{digits}0"
