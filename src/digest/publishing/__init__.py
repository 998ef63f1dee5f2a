"""The use cases around an issue: start one, find it, build it, send it, and tell how it stands."""
