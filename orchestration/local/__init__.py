"""The local runner and its console."""
