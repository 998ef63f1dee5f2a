"""Newsletter as code: Markdown files become emails, each reader gets each issue once."""
