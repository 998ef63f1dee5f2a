"""The use cases around an issue: start one, find it, build it, send it, publish it, and tell how it stands."""
