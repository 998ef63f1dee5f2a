"""What lies on the desk: the newsletter, its issues, and the last good proof of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING

from digest.config import FILE_NAME, load_settings
from digest.errors import CombinedError, DigestError, UsageError
from digest.links import slugify
from digest.publishing.issues import ISSUES
from digest.publishing.newsroom import Newsroom
from digest.reading import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from digest.model import Issue
    from digest.rendering import Traced

_TEMPLATES = "templates"
_SETTINGS = frozenset({FILE_NAME, ".env"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})
_MOST_WATCHED = 8
"""How many issues are rendered as soon as something is saved: those that were last looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An issue, as far as it was read and rendered."""

    path: Path
    slug: str
    revision: int = 0
    """Another one whenever something that can be looked at has changed."""
    newsroom: Newsroom
    """That which read it."""
    issue: Issue | None = None
    """As it last could be read."""
    traced: Traced | None = None
    """As it last could be rendered."""
    faults: tuple[DigestError, ...] = ()
    """What has to be mended before it can be read or rendered again."""
    unread: bool = True
    """Whether its text was saved since it was read."""
    unrendered: bool = True
    """Whether anything was saved since that could change how it looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came of a save: which issues that somebody looks at changed, and whether the list of issues did."""

    changed: tuple[Sheet, ...] = ()
    listed: bool = False


class Desk:
    """The newsletter at work. Any thread may ask it; one at a time reads or renders."""

    def __init__(self, newsroom: Newsroom, environ: Mapping[str, str]) -> None:
        self._newsroom = newsroom
        self._environ = environ
        self._faults: tuple[DigestError, ...] = ()
        self._sheets: dict[Path, Sheet] = {}
        self._looked_at: dict[str, None] = {}
        self._revisions = count(1)
        self._lock = RLock()

    @property
    def newsroom(self) -> Newsroom:
        """The newsletter, with the last good settings."""
        return self._newsroom

    @property
    def faults(self) -> tuple[DigestError, ...]:
        """What is wrong with the settings, which were better before."""
        return self._faults

    def sheets(self) -> Iterator[Sheet]:
        """Yield all issues, read; each waits only for itself."""
        for path in self._lay_out():
            with self._lock:
                sheet = self._read(self._sheets[path]) if path in self._sheets else None
            if sheet:
                yield sheet

    def sheet(self, slug: str) -> Sheet:
        """
        Return an issue, rendered as it reads now, and take it for one that is looked at from now on.

        Raises:
            UsageError: there is none of that slug.
        """
        with self._lock:
            sheet = self._find(slug)
            self._looked_at.pop(slug, None)
            self._looked_at[slug] = None
            for forgotten in [*self._looked_at][:-_MOST_WATCHED]:
                del self._looked_at[forgotten]
            return self._render(sheet)

    def refresh(self, saved: Iterable[Path]) -> News:
        """Take notice of what was saved: read and render what is looked at anew, and leave the rest for later."""
        paths = [path.relative_to(self._root) for path in saved if path.is_relative_to(self._root)]
        heads = {path.parts[0] for path in paths if path.parts}
        with self._lock:
            before = {slug: self._by_slug(slug) for slug in self._looked_at}
            names = {sheet.path: _row(sheet) for sheet in self._sheets.values()}
            reset = bool(heads & _SETTINGS) and self._load()
            if _TEMPLATES in heads and not reset:
                self._newsroom = Newsroom(settings=self._newsroom.settings)
            self._spoil(paths, everything=reset, looks=_TEMPLATES in heads)
            self._lay_out()
            after = [(one, self._render(one)) for slug in before if (one := self._by_slug(slug))]
            return News(
                changed=tuple(now for then, now in after if now.revision != _revision(before[then.slug])),
                listed=bool(heads & _SETTINGS) or self._listing(names),
            )

    @property
    def _root(self) -> Path:
        return self._newsroom.settings.root

    def _load(self) -> bool:
        """Read the settings again, and say whether they are good; if not, the last good ones stay."""
        try:
            self._newsroom = Newsroom(settings=load_settings(self._root, self._environ))
        except DigestError as fault:
            self._faults = _each(fault)
            return False
        self._faults = ()
        return True

    def _spoil(self, paths: list[Path], *, everything: bool, looks: bool) -> None:
        """Mark what has to be read or rendered again."""
        looks = looks or everything or any(path.suffix.lower() in _PICTURES for path in paths)
        for sheet in [*self._sheets.values()]:
            own = sheet.path.relative_to(self._root)
            texts = (path for path in paths if path.is_relative_to(own) and (path == own or path.suffix == ".md"))
            unread = everything or any(texts) or (looks and bool(sheet.faults))
            self._sheets[sheet.path] = replace(
                sheet,
                newsroom=self._newsroom,
                unread=sheet.unread or unread,
                unrendered=sheet.unrendered or unread or looks,
                revision=next(self._revisions) if everything else sheet.revision,
            )

    def _lay_out(self) -> list[Path]:
        """Have a sheet for each issue that there is, and none for others."""
        with self._lock:
            paths = self._newsroom.paths()
            gone = self._sheets.keys() - {*paths}
            for path in gone:
                del self._sheets[path]
            for path in paths:
                if path not in self._sheets:
                    self._sheets[path] = Sheet(path=path, slug=slugify(name_of(path)), newsroom=self._newsroom)
            return paths

    def _find(self, slug: str) -> Sheet:
        self._lay_out()
        named = [sheet for sheet in self._sheets.values() if sheet.slug == slug]
        for sheet in (*named, *self._sheets.values()):  # first the one that is called so, as most are
            if self._read(sheet).slug == slug:
                return self._sheets[sheet.path]
        msg = f'there is no issue "{slug}"'
        raise UsageError(msg, hint=f"It may have been renamed, or removed from {ISSUES}/.")

    def _by_slug(self, slug: str) -> Sheet | None:
        return next((sheet for sheet in self._sheets.values() if sheet.slug == slug), None)

    def _read(self, sheet: Sheet) -> Sheet:
        if sheet.unread:
            sheet = replace(sheet, unread=False, revision=sheet.revision or next(self._revisions))
            try:
                issue = sheet.newsroom.read(sheet.path)
            except (DigestError, OSError) as fault:
                sheet = self._broken(sheet, fault)
            else:
                sheet = replace(sheet, slug=issue.slug, issue=issue, faults=(), unrendered=True)
            self._sheets[sheet.path] = sheet
        return sheet

    def _render(self, sheet: Sheet) -> Sheet:
        before, sheet = sheet, self._read(sheet)
        if sheet.unrendered and not sheet.unread and sheet.issue and not sheet.faults:
            try:
                traced = sheet.newsroom.trace(sheet.issue)
            except (DigestError, OSError) as fault:
                sheet = self._broken(sheet, fault)
            else:
                sheet = replace(sheet, traced=traced, unrendered=False, faults=())
        if _appearance(before) != _appearance(sheet):
            sheet = replace(sheet, revision=next(self._revisions))
        self._sheets[sheet.path] = sheet
        return sheet

    def _broken(self, sheet: Sheet, fault: DigestError | OSError) -> Sheet:
        """Return an issue with what stands in its way; the last good view of it stays."""
        known = fault if isinstance(fault, DigestError) else DigestError(f"a file cannot be read: {fault.strerror}")
        return replace(sheet, faults=_each(known), unrendered=False)

    def _listing(self, before: dict[Path, object]) -> bool:
        """Say whether the list of issues is another one now; of issues that nobody looks at, any save counts."""
        return before != {sheet.path: _row(sheet) for sheet in self._sheets.values()}


def _each(fault: DigestError) -> tuple[DigestError, ...]:
    return tuple(fault.faults) if isinstance(fault, CombinedError) else (fault,)


def _revision(sheet: Sheet | None) -> int | None:
    return sheet.revision if sheet else None


def _row(sheet: Sheet) -> object:
    """Return what the list shows of an issue, or that it has to be read for that."""
    issue = sheet.issue
    facts = issue and (issue.slug, issue.subject, issue.title, issue.number, issue.date, issue.send_at, issue.ready)
    return sheet.unread, bool(sheet.faults), facts


def _appearance(sheet: Sheet) -> object:
    """Return what of an issue can be looked at, with the lines that findings are shown at."""
    traced = sheet.traced
    seen = traced and (traced.edition.fingerprint, traced.mjml, traced.named)
    return seen, [fault.lines() for fault in sheet.faults]
