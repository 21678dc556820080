"""The baseline of rows: the statistics of those that the last pushed model was made of."""

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleStatistics
from tfx.utils import io_utils

from components.baseline import (
    EMPTY_PROPERTY,
    LATEST,
    NO_VERSION,
    VERSION_PROPERTY,
    latest_version,
)
from components.kept_statistics import FOLDER, SPLIT_PREFIX


@component
def LatestPushedStatistics(  # noqa: N802, a component is a class to its users
    push_dir: Parameter[str],
    version: Parameter[int],
    statistics: OutputArtifact[ExampleStatistics],
) -> None:
    """Hands on the statistics that a pushed model holds.

    Where nothing was pushed yet, or the version is older than this record, the output carries the
    custom property `empty` = 1, and whoever takes it as a baseline goes without.

    Args:
        push_dir: The push destination, a folder here or under gs://.
        version: The version to take, which also is the cache key; 0 for none; -1 for the newest
            when the node runs, whose result must not be cached then.
        statistics: Output, in the layout of StatisticsGen's.
    """
    chosen = latest_version(push_dir) if version == LATEST else version
    if chosen != NO_VERSION:
        statistics.set_int_custom_property(VERSION_PROPERTY, chosen)
    source = f"{push_dir}/{chosen}/{FOLDER}"
    found = fileio.listdir(source) if chosen != NO_VERSION and fileio.isdir(source) else []
    names = [name.rstrip("/") for name in found]  # an object store ends folders in a slash
    splits = sorted(n.removeprefix(SPLIT_PREFIX) for n in names if n.startswith(SPLIT_PREFIX))
    if not splits:
        statistics.set_int_custom_property(EMPTY_PROPERTY, 1)
        return
    for split in splits:
        name = f"{SPLIT_PREFIX}{split}"
        io_utils.copy_dir(f"{source}/{name}", f"{statistics.uri}/{name}")
    statistics.split_names = artifact_utils.encode_split_names(splits)
