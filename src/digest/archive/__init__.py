"""The public archive: the pages, feeds and files that `digest site` writes."""
