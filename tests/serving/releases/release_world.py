"""Releases for tests: folders of versions, and one server that follows a config file of many."""

import shutil
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.releases.options import By
from serving.releases.survey import survey
from tests.model_server.world import free_port, launch

ANN = By("ann@office", "a test")
FLAGS = (
    "--model_config_file_poll_wait_seconds=1",
    "--file_system_poll_wait_seconds=1",
    "--allow_version_labels_for_unavailable_models",
    "--max_num_load_retries=0",
)


def hollow(folder, *versions):
    """Makes versions that no server could load, for what only looks whether they are there."""
    for version in versions:
        (folder / str(version)).mkdir(parents=True)
        (folder / str(version) / "saved_model.pb").write_bytes(b"\xff" * 40)
    return folder


def toy(folder: Path) -> Path:
    """Makes one version that servers load; its answers are x / 2 + 2."""
    from tests.model_server.toy_models import write_half_plus_two

    write_half_plus_two(folder, 1)
    return folder / f"{1:08d}"


def copies(made: Path, folder: Path, *versions: int) -> Path:
    """Makes versions that are all alike."""
    for version in versions:
        shutil.copytree(made, folder / str(version))
    return folder


def look(folder: Path):
    """Surveys a release of which no server is up, not even one of another test's."""
    return survey(folder, (f"http://127.0.0.1:{free_port()}",))


def config_of(path: Path):
    """Returns the ModelServerConfig of a file, by a parser of its own."""
    text = path.read_text(encoding="utf-8")
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def models_of(path: Path):
    """Returns each model of a config file as (versions, labels)."""
    return {
        model.name: (
            sorted(model.model_version_policy.specific.versions),
            dict(model.version_labels),
        )
        for model in config_of(path).model_config_list.config
    }


def start(config: Path, *flags: str):
    """Starts a server that follows a config file."""
    return launch(f"--model_config_file={config}", *FLAGS, *flags)
