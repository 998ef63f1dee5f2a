"""Code in colours that survive mail: each on its own tag, since mail programs drop stylesheets."""

from __future__ import annotations

from functools import cache
from html import escape

from pygments import highlight as write
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from digest.errors import SettingsError


def highlight(code: str, language: str, style: str) -> str:
    """
    Return the HTML of lines of `code`, in colours where Pygments knows the language.

    Raises:
        SettingsError: Pygments has no such style.
    """
    formatter = _formatter(style)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return str(write(code, lexer, formatter))


@cache
def _formatter(style: str) -> HtmlFormatter[str]:
    try:
        return HtmlFormatter(style=style, noclasses=True, nowrap=True)
    except ClassNotFound as error:
        msg = f'there is no style of code called "{style}"'
        hint = "`code_style` under [theme] takes a style of Pygments, such as github-dark."
        raise SettingsError(msg, hint=hint) from error
