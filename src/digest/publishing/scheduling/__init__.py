"""Issues and time: when each leaves, what is due, and how others are told."""
