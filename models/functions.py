"""Dotted paths to functions, as configurations name them."""

import importlib
from collections.abc import Callable
from typing import Any


def load_function(dotted_path: str) -> Callable[..., Any]:
    """Imports the function that `PACKAGE.MODULE.FUNCTION` names."""
    module, _, name = dotted_path.rpartition(".")
    return getattr(importlib.import_module(module), name)
