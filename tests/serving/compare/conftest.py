"""One server of all models that are compared, the crashing one excepted."""

import pytest

from tests.model_server.world import launched
from tests.serving.compare import compare_models
from tests.serving.compare.compare_world import write_rows

LABELLED = (
    "--allow_version_labels_for_unavailable_models",
    "--model_config_file_poll_wait_seconds=1",
)


@pytest.fixture(scope="session")
def compared(tmp_path_factory):
    """A running server; `config` is the file that says which versions the labels are."""
    folder = tmp_path_factory.mktemp("compared")
    config = folder / "models.config"
    config.write_text(compare_models.write_shared(folder / "models"))
    with launched(f"--model_config_file={config}", *LABELLED) as running:
        running.config = config
        yield running


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """1000 rows with labels of every kind."""
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.csv", 1000)
