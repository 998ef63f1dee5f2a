"""Reading: from the editor's Markdown files to an `Issue`, with every fault at its place."""

from digest.reading.issue import ISSUE_KEYS, IssueReader
from digest.reading.naming import name_of
from digest.reading.stories import INDEX, STORY_KEYS

__all__ = ["INDEX", "ISSUE_KEYS", "STORY_KEYS", "IssueReader", "name_of"]
