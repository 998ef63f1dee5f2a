"""Measurements against peers and against floors; `benchmarks.run` prints them all."""
