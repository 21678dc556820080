"""TFX's own Chicago taxi example as its wheel ships it, in a process of its own.

`python -m benchmarks.pipeline.peer FOLDER` runs it once; again in the same folder, its second run.
With `--without-transform-statistics` its Transform leaves out what ours leaves out.
"""

import shutil
import sys
from pathlib import Path

MODULE = "taxi_utils_native_keras.py"
NAME = "chicago_taxi_native_keras"
LESS = "--without-transform-statistics"


def main(folder: Path, *, less: bool) -> None:
    """Runs the example, everything that it writes in one folder."""
    from tfx.examples.chicago_taxi_pipeline import taxi_pipeline_native_keras as example
    from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner

    package = Path(example.__file__).parent
    module = folder / MODULE
    if not module.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(package / MODULE, module)
    pipeline = example._create_pipeline(  # noqa: SLF001, the example's own
        pipeline_name=NAME,
        pipeline_root=str(folder / "root"),
        data_root=str(package / "data" / "simple"),
        module_file=str(module),
        serving_model_dir=str(folder / "serving"),
        metadata_path=str(database(folder)),
        beam_pipeline_args=example._beam_pipeline_args,  # noqa: SLF001
    )
    if less:
        (transform,) = (c for c in pipeline.components if c.id == "Transform")
        transform.exec_properties["disable_statistics"] = 1
    BeamDagRunner().run(pipeline)


def database(folder: Path) -> Path:
    """Returns the metadata of the example's runs in a folder."""
    return folder / "metadata.db"


if __name__ == "__main__":
    main(Path(sys.argv[1]), less=LESS in sys.argv[2:])
