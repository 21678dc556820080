"""What comes with a model for phones: its file, its metadata, and code for apps."""
