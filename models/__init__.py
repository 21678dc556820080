"""How a model is made: the functions that TFX calls."""
