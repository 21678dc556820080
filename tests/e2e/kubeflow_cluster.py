"""The taxi pipeline, compiled for an emulated cluster with one shared volume."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.kubeflow.compile import compile_pipeline
from orchestration.plan import make_plan
from tests.orchestration.kubeflow.emulator.cluster import Cluster
from usecase.paths import PROJECT_ROOT

CONFIG = PROJECT_ROOT / "configs" / "taxi.yaml"
CLAIM = "pipeline-storage"
MOUNT_PATH = "/mnt/pipeline"  # in the configuration
UPSTREAM = (
    *("CsvExampleGen", "StatisticsGen", "ImportSchemaGen", "ExampleValidator"),
    *("LatestPushedStatistics", "DistributionValidator", "DataGate"),
)


class TaxiCluster:
    """A cluster, and what is to run there.

    Args:
        folder: For all of it.
    """

    def __init__(self, folder: Path) -> None:
        self.mount = folder / "mnt" / "pipeline"
        self.volume = folder / "volume"
        self.volume.mkdir(parents=True)
        workdir = folder / "workdir"  # as the image has it
        for room in ("schema", "configs"):
            shutil.copytree(PROJECT_ROOT / room, workdir / room)
        self.cluster = Cluster(folder / "cluster", workdir=workdir, claims={CLAIM: self.volume})

    def compiled(self, data: str | None = None) -> str:
        """Returns the compiled file, with the volume's folder here in place of that in a pod.

        Args:
            data: A path below the volume's folder in a pod; None for what the configuration says.
        """
        text = compile_pipeline(make_plan(str(CONFIG), data, elsewhere=True), "kfp").text()
        assert MOUNT_PATH in text
        return text.replace(MOUNT_PATH, str(self.mount))

    def versions(self, destination: str) -> list[int]:
        """The versions that have been pushed to "serving" or "mobile"."""
        return sorted(int(p.name) for p in (self.volume / destination / "taxi").glob("[0-9]*"))


def mounting(platform: Mapping[str, Any]) -> set[str]:
    """Returns the executors that see the volume, by a platform document's entries."""
    return {label for label, entry in platform.items() if entry.get("pvcMount")}


def property_of(artifact: Mapping[str, Any], name: str) -> Any:
    """Returns a property as whoever takes an artifact gets it."""
    return artifact["metadata"][name]


def splits(artifact: Mapping[str, Any]) -> list[str]:
    """Returns the names of an artifact's splits."""
    return json.loads(property_of(artifact, "split_names"))
