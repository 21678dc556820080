"""`backtest`: train on the first spans of the data, and see how quality ages in the later ones."""
