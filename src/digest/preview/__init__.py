"""
The preview: an issue in the browser as its readers will see it, anew whenever a file is saved.

The desk holds what is shown; the watcher tells it what was saved; the application answers the page, whose files lie
in `page`, and the guard stands before all of it.
"""
