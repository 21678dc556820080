"""The baseline that a new model is held against: the last pushed model."""

import shutil
from pathlib import Path

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model
from tfx.utils import path_utils

EMPTY_PROPERTY = "empty"
VERSION_PROPERTY = "pushed_version"
NO_VERSION = 0


@component
def LatestPushedModel(  # noqa: N802, a component is a class to its users
    push_dir: Parameter[str],
    version: Parameter[int],
    model: OutputArtifact[Model],
) -> None:
    """Hands on a pushed model.

    Where there is none yet, the output carries the custom property `empty` = 1, and whoever takes
    it as a baseline goes without.

    Args:
        push_dir: The push destination.
        version: The version to take, which also is the cache key; 0 for none.
        model: Output, in the layout of a Trainer's model.
    """
    source = Path(push_dir) / str(version)
    if version == NO_VERSION:
        model.set_int_custom_property(EMPTY_PROPERTY, 1)
        return
    shutil.copytree(source, path_utils.serving_model_dir(model.uri))
    model.set_int_custom_property(VERSION_PROPERTY, version)


def is_empty(model: Model) -> bool:
    """Returns whether a `LatestPushedModel` output stands for "no model yet"."""
    return model.get_int_custom_property(EMPTY_PROPERTY) == 1
