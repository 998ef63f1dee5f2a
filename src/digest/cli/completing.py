"""What the shell offers when an issue, a provider or a rule is to be named; see docs/how-to/complete-commands.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def complete_issue(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the issues by the names of their files; reading their slugs would make the shell wait."""
    from click.shell_completion import CompletionItem

    del ctx, param
    names = sorted(
        {path.name.removesuffix(".md") for path in Path("issues").glob("*") if path.suffix == ".md" or path.is_dir()}
    )
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_provider(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the providers that are installed."""
    from click.shell_completion import CompletionItem

    from digest.providers.finding import provider_names

    del ctx, param
    return [CompletionItem(name) for name in provider_names() if name.startswith(incomplete)]


def complete_rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the rules that an issue is held to."""
    from click.shell_completion import CompletionItem

    from digest.checking.examination import NAMES

    del ctx, param
    return [CompletionItem(name) for name in sorted(NAMES) if name.startswith(incomplete)]
