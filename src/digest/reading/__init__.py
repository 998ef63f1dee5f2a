"""Reading: from the editor's Markdown files to an `Issue`, with every fault at its place."""

from digest.reading.issue import INDEX, ISSUE_KEYS, STORY_KEYS, IssueReader

__all__ = ["INDEX", "ISSUE_KEYS", "STORY_KEYS", "IssueReader"]
