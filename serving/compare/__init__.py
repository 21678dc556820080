"""Whether a canary may become stable: the same rows go to both labels, and answers are compared."""
