"""An embedded server with TensorFlow Serving's API, for development, validation and tests."""
