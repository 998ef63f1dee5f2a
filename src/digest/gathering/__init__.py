"""
What others publish, cut out for an issue: pages and feeds are fetched, understood, and put into Markdown.

Whatever comes from outside is text of strangers. It leaves this room only as an editor would have written it, and reads
in the issue as it read over there: no field of a reader, no heading, no HTML can be smuggled in.
"""
