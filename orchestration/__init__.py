"""How the graph is executed."""
