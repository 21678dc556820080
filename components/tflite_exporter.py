"""The exporter: from a trained model to files for phones."""

import logging
import signal
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model, TransformGraph
from tfx.utils import path_utils

from components import push_destination
from components.settings import ExporterSettings
from models import lite_export
from models.processes import last_words, run_module
from models.settings import ExportRequest

LOGGER = logging.getLogger(__name__)
ERROR_FILE = "conversion_error.txt"
TIMEOUT_SECONDS = 1800


@component
def TFLiteExporter(  # noqa: N802, a component is a class to its users
    settings: Parameter[str],
    trained_model: InputArtifact[Model],
    transform_graph: InputArtifact[TransformGraph],
    model: OutputArtifact[Model],
) -> None:
    """Converts the model in a process of its own: TFLite's converter may abort it.

    A model that cannot be converted is no failure of the pipeline, and trying again would not
    help: why it could not is published in its place, and the gate refuses it.

    Args:
        settings: JSON of `ExporterSettings`.
        trained_model: The Trainer's model, which also holds the network alone.
        transform_graph: Transform's graph, for its numbers and vocabularies.
        model: Output: the files and `metadata.json`, or `conversion_error.txt`.

    Raises:
        RuntimeError: If the process was killed from outside.
    """
    given = ExporterSettings.model_validate_json(settings)
    folder = Path(path_utils.serving_model_dir(model.uri))
    request = ExportRequest(
        name=given.name,
        declaration=given.declaration,
        model=trained_model.uri,
        transform_graph=transform_graph.uri,
        saved_model_sha256=push_destination.digest(
            path_utils.serving_model_path(trained_model.uri)
        ),
        folder=str(folder),
    )
    done = run_module(
        lite_export.__name__,
        request.model_dump_json(),
        timeout=TIMEOUT_SECONDS,
        CUDA_VISIBLE_DEVICES="-1",  # a GPU may be full of training
    )
    LOGGER.info("%s", done.stderr)
    if done.returncode in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT):
        raise RuntimeError(
            f"the conversion was ended by signal {-done.returncode}; if nobody did it on purpose, "
            "the machine had too little memory"
        )
    if done.returncode:
        folder.mkdir(parents=True, exist_ok=True)
        why = last_words(done.stderr, done.returncode)
        (folder / ERROR_FILE).write_text(f"{why}\n\n{done.stderr}", encoding="utf-8")
