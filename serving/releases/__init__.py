"""Releases: which pushed version is stable, which is the canary, and how servers follow."""
