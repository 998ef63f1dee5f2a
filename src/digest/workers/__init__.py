"""Sending by many processes on many machines, by a queue in PostgreSQL."""
