"""The way to a running model: today the file for phones, read and asked without TensorFlow."""
