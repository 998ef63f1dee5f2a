"""Newsletter as code: Markdown files become emails, and each reader gets each issue once."""

__version__ = "0.1.0"
