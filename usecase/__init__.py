"""What a use case is: its configuration, feature roles, metrics and missing values."""
