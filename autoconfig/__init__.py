"""A configuration and a schema inferred from data: columns profiled, decided on, written down."""

from autoconfig.inference import Inferred, infer

__all__ = ["Inferred", "infer"]
