"""What people call the types of a schema."""

TYPE_WORDS = {"INT": "int", "FLOAT": "float", "BYTES": "string"}
