"""The plan of a mailing that is not yet begun: who gets it, how it compares with the last one, and what forbids it."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import ContentError, IncompleteError, ProviderError, SettingsError, UsageError
from digest.keys import VARIABLE, how_to_get_one, keys_of
from digest.model import Batch, Plan, Severity
from digest.providers import KeepsSuppressions
from digest.publishing.proofing import count
from digest.store import Course
from digest.store.syncs import account_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from digest.config import Send, Settings
    from digest.model import Edition, Finding, Issue, Tally
    from digest.providers import OwnsList, Provider
    from digest.publishing.choosing import Wishes
    from digest.segments import Segment
    from digest.store import Frozen, Store

_LATEST = 5
"""How many issues back we look for one that reads the same."""
_FULL = 0.9
"""How much of what a provider takes a request is planned to have, as other readers may have longer values."""
_SAMPLE_KEY = "00000000-0000-0000-0000-000000000000"
"""In place of the key of a request that is built to be measured, and never sent."""


def make_plan(
    issue: Issue,
    edition: Edition,
    *,
    store: Store,
    provider: Provider,
    segment: Segment | None,
    now: datetime,
    findings: Sequence[Finding] = (),
    allowed: tuple[str, ...] = (),
) -> Plan:
    """
    Return what sending an issue to a segment would do; None is everyone.

    Args:
        issue: what is sent.
        edition: the same, rendered.
        store: the newsletter's readers and its ledger.
        provider: who delivers.
        segment: who gets it.
        now: the present moment.
        findings: what the rules find in it.
        allowed: the rules that it is not held to, sorted.

    Raises:
        UsageError: there is nobody to write to.
        ContentError: a message cannot be written.
        ProviderError: not even one message fits into a request.
    """
    audience = store.audiences.measure(segment)
    if not audience.readers:
        msg = "there is nobody to write to"
        way_out = "Put readers on the list: digest subscribers import FILE"
        raise UsageError(msg, hint="Nobody is in the segment who may be written to." if segment else way_out)

    def bytes_of(size: int) -> int:
        sample = store.audiences.sample(segment, size, edition.fields)
        request = provider.build_request(Batch(edition=edition, number=1, key=_SAMPLE_KEY, readers=sample, at=now))
        return int(request.headers.get("Content-Length", 0))

    batch_size, request_bytes = _fit(provider, audience.readers, bytes_of)
    return Plan(
        edition=edition,
        provider=provider.name,
        segment=str(segment or ""),
        audience=audience,
        batch_size=batch_size,
        request_bytes=request_bytes,
        pace=provider.limits.pace,
        last=_readers_of_the_last(store, str(segment or "")),
        findings=(*_findings(issue, edition, now), *provider.limits.caveats),
        warnings=count(findings, Severity.WARNING),
        allowed=allowed,
    )


def refuse_what_cannot_be_carried(edition: Edition, provider: Provider | OwnsList) -> None:
    """
    See to it that the provider can carry all that is in an edition.

    Raises:
        ProviderError: it cannot.
    """
    if edition.images and not provider.limits.inline_images:
        msg = f"{provider.name} cannot carry images inside a message"
        raise ProviderError(msg, hint="Under [assets] in digest.toml, set `url` to where the images are published.")


def refuse_without_key(provider: Provider, settings: Settings) -> None:
    """
    See to it that readers who are really written to get links by which they can leave.

    Raises:
        SettingsError: there is no key that could sign them.
    """
    if provider.limits.delivers and not keys_of(settings.environ):
        msg = f"{VARIABLE} is not set, and it signs the links by which readers leave"
        why = "Take the one that the newsletter has elsewhere: links that another key signed lead nowhere. Has it none?"
        raise SettingsError(msg, hint=how_to_get_one(why))


def refuse_forgetful_store(service: Provider | OwnsList, settings: Settings) -> None:
    """
    See to it that what was sent is not forgotten together with the machine that sent it.

    Raises:
        SettingsError: this is a job of a code host, and a file in its copy of the newsletter would keep the ledger.
    """
    is_job = settings.environ.get("CI", "").lower() not in {"", "0", "false"}
    scheme, _, path = settings.store.url.partition(":///")
    goes_with_it = scheme.startswith("sqlite") and Path(settings.root, path).resolve().is_relative_to(settings.root)
    if is_job and goes_with_it and service.limits.delivers and settings.ledger.url is None:
        msg = "the ledger would be in a file of this job, and gone with it, so the next one would send it all again"
        hint = 'Keep it on a branch: in digest.toml, write url = "git:origin/digest-ledger" under [ledger].'
        raise SettingsError(msg, hint=hint)


def _fit(provider: Provider, readers: int, bytes_of: Callable[[int], int]) -> tuple[int, int]:
    """
    Return how many of `readers` go into a request, and about how many bytes it then has.

    To build the first request is the one way to know. One that comes out larger all the same is halved by the engine.

    Raises:
        ProviderError: not even one message fits.
    """
    size, limit = provider.limits.messages, provider.limits.bytes or math.inf
    measured = bytes_of(size)
    if measured > limit * _FULL:
        size = max(1, int(min(size, readers) * limit * _FULL / measured))
        measured = bytes_of(size)
    if measured > limit:
        msg = f"one message of it has {measured:,} bytes for {provider.name}, which takes {limit:,}"
        raise ProviderError(msg, hint="Make it smaller: shorter teasers, or images that are published under [assets].")
    return size, measured


def _readers_of_the_last(store: Store, segment: str) -> int | None:
    """Return how many readers the last issue to the same segment had; of the last issue, if there was none such."""
    sent = store.mailings.all()
    alike = [frozen for frozen in sent if frozen.segment == segment] or sent
    return store.deliveries.tally(alike[-1]).total if alike else None


def _findings(issue: Issue, edition: Edition, now: datetime) -> list[str]:
    found = []
    if not issue.ready:
        found.append("It is a draft; it is sent all the same when you confirm.")
    if edition.deliver_at:
        found.append(f"It is handed over now, to be delivered at {edition.deliver_at:%Y-%m-%d %H:%M %Z}.")
    elif issue.send_at and issue.send_at > now:
        found.append(f"It is meant for {issue.send_at:%Y-%m-%d %H:%M %Z}, and would leave now.")
    return found


def refuse_another_way(provider: Provider, frozen: Frozen, tally: Tally, wishes: Wishes) -> None:
    """
    See to it that a mailing goes on as it was begun, and that one that was ended stays so.

    Raises:
        UsageError: it was begun with another provider, or was cancelled.
    """
    if (tally.queued or wishes.to_new) and frozen.provider != provider.name:
        msg = f"the issue was begun with the provider {frozen.provider}, and now {provider.name} is set"
        raise UsageError(msg, hint=f"Finish it first: DIGEST_PROVIDER={frozen.provider} digest send {frozen.slug}")
    if frozen.course is Course.CANCELLED and (wishes.to_new or wishes.amend):
        msg = f"{frozen.slug} was cancelled, and nobody gets it any more"
        raise UsageError(msg, hint="What is to leave after all needs an issue of its own.")


def refuse_another_list(plan: Plan, limits: Send) -> None:
    """
    See to it that about as many readers get an issue as the last one; a wrong list is the dearest mistake there is.

    A segment may be as small as it likes.

    Raises:
        ContentError: they are more, or fewer, than the settings allow.
    """
    percent = (plan.growth or 0) * 100
    if percent > limits.max_growth:
        change, limit = "more", f"max_growth is {limits.max_growth}"
    elif -percent > limits.max_loss and not plan.segment:
        change, limit = "fewer", f"max_loss is {limits.max_loss}"
    else:
        return
    compared = f"{abs(percent):.0f}% {change} than the last issue's {plan.last:,}"
    readers = f"{plan.audience.readers:,} reader{'s' if plan.audience.readers > 1 else ''}"
    msg = f"{readers} would get it, {compared}; [send] {limit}"
    raise ContentError(msg, hint=f"If they are the right ones, say so by the key of this plan: --plan {plan.key}")


def refuse_many_newcomers(newcomers: int, readers: int, limits: Send) -> None:
    """
    See to it that an issue that was sent does not go to a wrong list after all.

    Raises:
        ContentError: they are more than the settings allow, beside those who were to get it before.
    """
    if newcomers * 100 > readers * limits.max_growth:
        msg = f"{newcomers:,} readers joined since it went to {readers:,}; [send] max_growth is {limits.max_growth}"
        raise ContentError(msg, hint="If they are the right ones, raise max_growth for this time.")


def refuse_short_list(frozen: Frozen, tally: Tally, store: Store) -> None:
    """
    See to it that an issue does not go on with a wrong list, by which whoever is not on it would count as having left.

    Raises:
        IncompleteError: the list has less than half of the readers for whom it was begun.
    """
    readers = sum(store.subscribers.count().values())
    if tally.queued and readers * 2 < tally.total:
        msg = f"{frozen.slug} was begun for {tally.total:,} readers, and the list here has {readers:,}"
        way = f"If the others have left: digest cancel {frozen.slug}"
        raise IncompleteError(msg, hint=f"Go on with the list that it was begun with, by [subscribers] source. {way}")


def refuse_stale_suppressions(
    provider: Provider, store: Store, frozen: Frozen | None, settings: Settings, now: datetime
) -> None:
    """
    See to it that nobody is written to who has long since left, complained or bounced at the provider.

    Args:
        provider: who delivers.
        store: knows when that was last taken over from it.
        frozen: the mailing, once it was frozen; the readers that are left wait for it, too.
        settings: what is allowed, and which lists are meant.
        now: the present moment.

    Raises:
        SettingsError: it has no lists that could be taken over.
        ProviderError: they never were, or too long ago; nothing was sent.
        IncompleteError: the same of an issue that some readers may have.
    """
    hours = settings.send.max_suppression_age
    if hours is None or not provider.limits.delivers:
        return
    if not isinstance(provider, KeepsSuppressions):
        msg = f"[send] max_suppression_age asks for a sync, and {provider.name} has no suppressions to take over"
        raise SettingsError(msg, hint="Remove max_suppression_age from [send] in digest.toml.")
    last = store.syncs.last(provider.name, account_of(settings))
    if last and now - last.at <= timedelta(hours=hours):
        return
    never = "were not yet taken over with these settings"
    when = f"were last taken over at {last.at:%Y-%m-%d %H:%M %Z}" if last else never
    msg = f"the suppressions of {provider.name} {when}; [send] max_suppression_age is {hours}"
    if frozen and store.deliveries.has_begun(frozen):
        raise IncompleteError(msg, hint="Take them over, then run this again, which goes on from here: digest sync")
    raise ProviderError(msg, hint="Nothing was sent. Take them over, then run this again: digest sync")


def refuse_repetition(plan: Plan, store: Store) -> None:
    """
    See to it that an issue is not sent again to everyone because its file was given another name.

    Raises:
        ContentError: one of the latest issues reads the same.
    """
    for frozen in store.mailings.all()[-_LATEST:]:
        another = frozen.slug != plan.edition.slug  # else a program began this very one a moment ago
        if another and _words(store.mailings.edition(frozen.edition_id)) == _words(plan.edition):
            msg = f"it reads the same as {frozen.slug}, which was sent before under that name"
            raise ContentError(msg, hint=f"If it is to be sent once more, say so by this plan's key: --plan {plan.key}")


def _words(edition: Edition) -> tuple[str, str]:
    """Return what an edition says, whatever its slug."""
    return edition.subject.marked, edition.text.marked.replace(edition.slug, "")
