"""Measurements that nothing depends on: run by hand, read by people."""
