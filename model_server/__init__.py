"""An embedded server that speaks TensorFlow Serving's API, for development, validation and tests."""
