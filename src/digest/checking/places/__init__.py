"""The files that an issue was made of: where something stands in them, and what their comments say to the checker."""
