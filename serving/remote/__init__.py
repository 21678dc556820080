"""How a server is asked: connections, the model's metadata, rows to requests and back."""
