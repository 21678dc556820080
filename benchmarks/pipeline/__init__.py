"""Whole runs, beside TFX's own example on the same rows: `make bench`."""
