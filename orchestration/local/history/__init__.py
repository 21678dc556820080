"""What is told of earlier runs, and what is kept of them."""
