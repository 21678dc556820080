"""TFX components of our own: the gates, the baseline, the safe push."""
