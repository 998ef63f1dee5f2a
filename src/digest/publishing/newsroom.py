"""A newsletter at work: its issues, and how they are rendered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from digest.publishing.issues import Issues
from digest.rendering import EditionRenderer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.model import Edition, Issue
    from digest.rendering import Traced


@dataclass(frozen=True, kw_only=True)
class Newsroom(Issues):
    """The issues of one newsletter, which it renders."""

    @cached_property
    def _renderer(self) -> EditionRenderer:
        return EditionRenderer(self.settings)

    def render(self, issue: Issue) -> Edition:
        """
        Render an issue, once for everyone.

        Raises:
            ContentError: its editor, or that of a template, has something to mend.
        """
        return self._renderer.render(issue)

    def trace(self, issue: Issue) -> Traced:
        """
        Render an issue, and tell where its HTML was written.

        Raises:
            ContentError: its editor, or that of a template, has something to mend.
        """
        return self._renderer.trace(issue)

    def images(self, issue: Issue) -> Mapping[str, Callable[[], bytes]]:
        """
        Return the images of ours that an issue shows: what makes the bytes of each, by its address in the mail.

        Raises:
            ContentError: its editor, or that of a template, has something to mend.
        """
        return self._renderer.images(issue)
