"""What runs: the graph, one builder a stage, and the evaluation config."""
