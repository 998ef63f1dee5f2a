"""
HTML that must reach the reader as it is, kept out of the MJML engine's hands.

MRML glues words together, drops the line ends of code and mangles attributes (mjml-python 1.4.2, 2026-11).
So a template prints a word in place of such HTML, and the HTML takes the word's place after the compile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from css_inline import CSSInliner
from markupsafe import Markup

from digest.errors import ContentError

_WORD = re.compile(r"zinsert([0-9a-f]+)xz")


@dataclass(kw_only=True)
class Inserts:
    """The HTML of one document, by the words that stand for it."""

    stylesheet: str
    """CSS whose rules are written onto the tags that they match, where no mail program drops them."""
    _htmls: list[str] = field(default_factory=list)

    def hold(self, html: str) -> Markup:
        """Return the word for `html`, which may hold such words itself."""
        self._htmls.append(self._expand(html))
        return Markup(f"zinsert{len(self._htmls) - 1:x}xz")  # noqa: S704  # letters and digits, all our own

    def place(self, document: str, compiled: str) -> str:
        """
        Return `compiled` with the HTML, styled, in place of each word.

        Raises:
            ContentError: `document` printed a word that `compiled`, which was made from it, has lost.
        """
        if set(_WORD.findall(document)) != set(_WORD.findall(compiled)):
            msg = "MJML dropped a part of the issue where the template prints it"
            raise ContentError(msg, hint="Print parts of the issue inside mj-text, mj-table or mj-raw only.")
        inliner = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)
        styled: dict[str, str] = {}

        def style(match: re.Match[str]) -> str:
            if match[1] not in styled:
                styled[match[1]] = inliner.inline_fragment(self._htmls[int(match[1], 16)], self.stylesheet)
            return styled[match[1]]

        return _WORD.sub(style, compiled)

    def _expand(self, html: str) -> str:
        return _WORD.sub(lambda match: self._htmls[int(match[1], 16)], html)
