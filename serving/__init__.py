"""The way to a running model: on a server, over gRPC or REST, or in a file for phones."""
