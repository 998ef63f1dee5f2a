"""What `digest ci` writes: the files by which a code host checks issues and sends them, and what is left for people."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zlib import crc32

from digest.branch.repository import Repository
from digest.config.document import FILE_NAME
from digest.errors import SettingsError, UsageError
from digest.files import repository_of, write_whole
from digest.keys import VARIABLE
from digest.providers.matrix import entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.config import Settings

_TEMPLATES = Path(__file__).parent.parent / "starter" / "ci"
_REQUIREMENTS = "requirements.txt"
_BRANCH = "git:origin/digest-ledger"
_LEDGER = f'url = "{_BRANCH}"'
_SOURCE, _TOKEN, _STORE = "DIGEST_SUBSCRIBERS_SOURCE", "DIGEST_SUBSCRIBERS_TOKEN", "DIGEST_STORE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A service that keeps repositories and runs jobs for them."""

    files: Mapping[str, str]
    """By where they go, from the repository's root on: the templates."""
    joined: Mapping[str, str] = field(default_factory=dict)
    """The same of files that a repository has one of; where it is there, people join the two."""
    secrets: str
    """Where people make them, by the names on the pages of the service."""
    steps: Sequence[str] = ()
    """What else is left for people, once."""


HOSTS: Mapping[str, Host] = {
    "github": Host(
        files={
            ".github/workflows/digest-check.yml": "github-check.yml",
            ".github/workflows/digest-send.yml": "github-send.yml",
        },
        secrets="Settings > Secrets and variables > Actions",
    ),
    "gitlab": Host(
        files={".gitlab/digest.yml": "gitlab.yml"},
        joined={".gitlab-ci.yml": "gitlab-ci.yml"},
        secrets="Settings > CI/CD > Variables, each masked and protected",
        steps=(
            "Under Settings > CI/CD > Job token permissions, allow Git push requests to the repository.",
            "Under Build > Pipeline schedules, make one for the default branch, with the interval: %minute * * * *",
        ),
    ),
    "forgejo": Host(
        files={
            ".forgejo/workflows/digest-check.yml": "forgejo-check.yml",
            ".forgejo/workflows/digest-send.yml": "forgejo-send.yml",
        },
        secrets="Settings > Actions > Secrets",
        steps=("Under Settings > Actions > Runners, see what your runners are called, where it is not docker.",),
    ),
}


class _Form(Template):
    """A template in which a dollar is a dollar, as in YAML and in shells."""

    delimiter = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was done, and what is left to do."""

    files: Sequence[Path]
    """Those that were written or changed."""
    secrets: Mapping[str, str]
    """By the names of the secrets that people make: what each of them is."""
    place: str
    """Where they make them."""
    steps: Sequence[str]
    """What else they do, in sentences."""


def automate(settings: Settings, host: Host, *, force: bool = False) -> Written:
    """
    Write the files of a code host into the repository that a newsletter lies in.

    Args:
        settings: the newsletter's.
        host: where the repository is kept.
        force: whether files that are there, and otherwise, are written over.

    Raises:
        UsageError: such files are there; nothing is written then.
    """
    root, secrets = repository_of(settings.root), _secrets(settings)
    facts = _facts(settings, root, secrets)
    wanted = {root / path: _fill(name, facts) for path, name in host.files.items()}
    if not force:
        _refuse_to_write_over(wanted)
    joined = {root / path: _fill(name, facts) for path, name in host.joined.items()}
    once = {settings.root / _REQUIREMENTS: _requirements(settings), **joined}
    missing = {file: text for file, text in once.items() if not file.exists()}
    written = {file: text for file, text in (wanted | missing | _with_ledger(settings)).items() if _differs(file, text)}
    for file, text in written.items():
        write_whole(file, text.encode())
    apart = {file: text for file, text in joined.items() if file not in missing}
    general = [_Form(step).substitute(facts) for step in host.steps]
    steps = [*general, *_steps_for_remote(settings), *_steps_for_files(settings, apart)]
    return Written(files=[*written], secrets=secrets, place=host.secrets, steps=steps)


def _facts(settings: Settings, root: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return what the templates leave open."""
    folder = settings.root.relative_to(root).as_posix()
    return {
        "folder": folder,
        "prefix": "" if folder == "." else f"{folder}/",
        "minute": str(_minute(settings.newsletter.name)),
        "secrets": "\n".join(f"          {name}: ${{{{ secrets.{name} }}}}" for name in secrets),
    }


def _fill(name: str, facts: Mapping[str, str]) -> str:
    return _Form((_TEMPLATES / name).read_text("utf-8")).substitute(facts)


def _minute(name: str) -> int:
    """Return a newsletter's own minute of the hour, never one of those in which everyone's jobs start."""
    return 5 + crc32(name.encode()) % 50


def _differs(file: Path, text: str) -> bool:
    return not file.exists() or file.read_bytes() != text.encode()


def _refuse_to_write_over(wanted: Mapping[Path, str]) -> None:
    others = [file.name for file, text in wanted.items() if file.exists() and _differs(file, text)]
    if others:
        msg = f"{' and '.join(others)} {'are' if len(others) > 1 else 'is'} there already, with other content"
        raise UsageError(msg, hint="Nothing was written. To have it as digest writes it: --force")


def _secrets(settings: Settings) -> dict[str, str]:
    """Return what a job that sends needs from the environment."""
    entry = entry_of(settings.provider.name)
    needed = {name: secret for name, secret in entry.secrets.items() if secret.required} or entry.secrets
    return {
        VARIABLE: "the newsletter's own key, as in .env",
        **{name: f"{secret.meaning} of {entry.name}" for name, secret in needed.items()},
        **({} if entry.owns_list else dict(_secrets_of_list(settings))),
    }


def _secrets_of_list(settings: Settings) -> Iterator[tuple[str, str]]:
    source = settings.subscribers.source or ""
    if not _forgets(settings):
        yield _STORE, "the address of the database, password and all"
    elif not source:
        yield _SOURCE, "where the list of readers comes from, as under [subscribers] in digest.toml"
    if source.startswith("env:"):
        yield source.removeprefix("env:"), "the list of readers"
    if _forgets(settings) and (not source or source.startswith("https:")):
        yield _TOKEN, "the token that opens the list, where it is at an https:// address"


def _forgets(settings: Settings) -> bool:
    """Tell whether a runner begins with nothing, since the newsletter's database is a file of another machine."""
    return bool(settings.ledger.url) or settings.store.url.startswith("sqlite:")


def _with_ledger(settings: Settings) -> dict[Path, str]:
    """Return the settings with a ledger that runners can reach; nothing where they have one."""
    file = settings.root / FILE_NAME
    if settings.ledger.url or not _forgets(settings):
        return {}
    text = file.read_bytes().decode()
    section = re.search(r"(?m)^[ \t]*\[[ \t]*ledger[ \t]*\].*\n?", text)
    if section:
        return {file: f"{text[: section.end()].rstrip()}\n{_LEDGER}\n{text[section.end() :]}"}
    why = "# Who got which issue is written on a branch of the repository, for machines that forget."
    return {file: f"{text.rstrip()}\n\n{why}\n[ledger]\n{_LEDGER}\n"}


def _requirements(settings: Settings) -> str:
    extras = {"shots"}
    extras |= {"smtp"} if settings.provider.name == "smtp" else set()
    sources = (settings.store.url, settings.subscribers.source or "")
    extras |= {"postgres"} if any(source.startswith("postgres") for source in sources) else set()
    name, origin = f"digest[{','.join(sorted(extras))}]", origin_of(_direct_url())
    line = f"{name} @ {origin}" if origin else f"# {name} @ git+https://git.example.org/tools/digest@v1.0"
    return f"{_fill(_REQUIREMENTS, {})}{line}\n"


def _direct_url() -> dict[str, Any]:
    """Return what pip has noted of where the digest that runs came from; it is nothing of a package index."""
    try:
        noted: dict[str, Any] = json.loads(distribution("digest").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return {}
    return noted


def origin_of(noted: Mapping[str, Any]) -> str:
    """
    Return where a package came from, as pip takes it; blank where that is no address for other machines.

    It is read as https://packaging.python.org/en/latest/specifications/direct-url/ has it, 2026-11.
    """
    url, versioned = str(noted.get("url", "")), noted.get("vcs_info")
    if urlsplit(url).scheme != "https" or "@" in urlsplit(url).netloc:
        return ""
    return f"{versioned['vcs']}+{url}@{versioned['commit_id']}" if versioned else url


def _steps_for_remote(settings: Settings) -> Iterator[str]:
    if not _forgets(settings):
        return
    url = settings.ledger.url or _BRANCH
    try:
        Repository.find(settings.root, url)
    except SettingsError:
        remote = url.removeprefix("git:").partition("/")[0]
        yield f"Push the newsletter to a git remote called {remote}: it keeps the ledger, and nothing is sent before."


def _steps_for_files(settings: Settings, there: Mapping[Path, str]) -> Iterator[str]:
    for file, text in there.items():
        if text.strip() not in file.read_text("utf-8"):
            yield f"Add to {file.name}:\n{text}".rstrip()
    requirements = (settings.root / _REQUIREMENTS).read_text("utf-8").splitlines()
    if not any("digest" in line for line in requirements if not line.startswith("#")):
        yield f"Say in {_REQUIREMENTS} where digest comes from, for runners to install it."
    if not entry_of(settings.provider.name).limits.delivers:
        yield f"Choose who delivers, under [provider] in digest.toml: {settings.provider.name} reaches nobody."
