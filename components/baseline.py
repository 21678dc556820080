"""The baseline that a new model is held against: the last pushed model."""

import re

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import Artifact
from tfx.types.standard_artifacts import Model
from tfx.utils import io_utils, path_utils

EMPTY_PROPERTY = "empty"
VERSION_PROPERTY = "pushed_version"
NO_VERSION = 0
LATEST = -1
GRAPH_FILE = "saved_model.pb"


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
        push_dir: The push destination, a folder here or under gs://.
        version: The version to take, which also is the cache key; 0 for none; -1 for the newest
            when the node runs, whose result must not be cached then.
        model: Output, in the layout of a Trainer's model.
    """
    chosen = latest_version(push_dir) if version == LATEST else version
    if chosen == NO_VERSION:
        model.set_int_custom_property(EMPTY_PROPERTY, 1)
        return
    source = f"{push_dir}/{chosen}"
    if not fileio.isdir(source):  # which `copy_dir` would take for an empty one
        raise FileNotFoundError(f"version {chosen} is not in {push_dir}")
    io_utils.copy_dir(source, path_utils.serving_model_dir(model.uri))
    model.set_int_custom_property(VERSION_PROPERTY, chosen)


def latest_version(push_dir: str) -> int:
    """Returns the newest version of a push destination, here or under gs://; 0 if there is none.

    A version without its graph does not count: TFX's Pusher, which pushes to a bucket, copies that
    last, and may have been interrupted before.

    Args:
        push_dir: The push destination, which need not exist.
    """
    names = fileio.listdir(push_dir) if fileio.isdir(push_dir) else []
    found = [name.rstrip("/") for name in names]  # an object store ends folders in a slash
    numbers = sorted((int(n) for n in found if re.fullmatch(r"[1-9][0-9]*", n)), reverse=True)
    whole = (number for number in numbers if fileio.exists(f"{push_dir}/{number}/{GRAPH_FILE}"))
    return next(whole, NO_VERSION)


def is_empty(baseline: Artifact) -> bool:
    """Returns whether an output of a baseline's node stands for "none yet"."""
    return baseline.get_int_custom_property(EMPTY_PROPERTY) == 1
