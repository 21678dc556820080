"""Where a pushed model keeps the statistics of the rows that it was made of."""

import shutil
from pathlib import Path

FOLDER = "assets.extra/statistics"  # of a version; model servers look at nothing in there
SPLIT_PREFIX = "Split-"


def add_statistics(model: Path, statistics_uri: str) -> None:
    """Copies the statistics of every split into a SavedModel.

    Args:
        model: The SavedModel's folder.
        statistics_uri: Folder of an ExampleStatistics artifact.
    """
    for split in Path(statistics_uri).glob(f"{SPLIT_PREFIX}*"):
        shutil.copytree(split, model / FOLDER / split.name)
