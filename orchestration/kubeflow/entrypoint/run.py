"""Runs one node in a pod."""

import json
import tempfile
from argparse import Namespace
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from components.push_destination import RUN_VARIABLE
from orchestration.kubeflow.entrypoint import executor_input as inputs
from orchestration.kubeflow.entrypoint.arguments import Arguments
from orchestration.kubeflow.entrypoint.folders import make_folders, write
from orchestration.kubeflow.entrypoint.mounts import Mounts
from orchestration.kubeflow.entrypoint.outcome import noted, notes
from orchestration.kubeflow.entrypoint.readable import readable
from orchestration.kubeflow.entrypoint.runtime_values import reads_files, with_runtime_values
from orchestration.kubeflow.entrypoint.span_files import reading_spans
from orchestration.kubeflow.outcome_lines import marked

Tree = dict[str, Any]


def run(arguments: Arguments, environ: MutableMapping[str, str]) -> None:
    """Runs a node's executor, and tells Kubeflow of its outputs.

    The file that tells of them appears once all went well, and with it nothing but addresses that
    Kubeflow knows.

    Args:
        arguments: What the container is told.
        environ: The environment, which gets the run's id.

    Raises:
        UserError: If the node cannot do what it is told.
        Exception: Whatever its executor raised.
    """
    mounts = Mounts(environ, native=arguments.native_uris)
    told = readable(arguments.executor_input, arguments.inputs_spec)
    target = mounts.file(told["outputs"]["outputFile"])
    # TFX tells executors nothing of the run, and the Pusher notes which one made a version.
    environ[RUN_VARIABLE] = inputs.run_id(told)
    told = inputs.with_uris(told, mounts.local)
    told = inputs.with_parameters(
        told, with_runtime_values(inputs.parameters(told), arguments.places)
    )
    make_folders(told)
    # TFX keeps temporary files beside its output file, which may lie in a bucket.
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "node" / "output_metadata.json"
        result = _executed(inputs.with_output_file(told, str(file)), arguments, file)
    for note in notes(told, result):
        print(marked(note.line), flush=True)
        result = noted(result, note)
    write(Path(target), _checked(mounts.remote(result)))


def _executed(told: Tree, arguments: Arguments, file: Path) -> Tree:
    """Runs TFX's driver, if it is an ExampleGen, and its executor; returns what they wrote."""
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

    driven: Tree = {}
    if reads_files(inputs.parameters(told)):
        driven = _driven(told, arguments, file)
        told = inputs.with_output_metadata(told, driven)
        arguments, told = reading_spans(arguments, told, int(driven["parameterValues"]["span"]))
    kubeflow_v2_run_executor.main((_namespace(told, arguments), arguments.beam))
    result: Tree = json.loads(file.read_text(encoding="utf-8"))
    known = {**driven.get("parameterValues", {}), **result.get("parameterValues", {})}
    return {**result, "parameterValues": known} if known else result


def _driven(told: Tree, arguments: Arguments, file: Path) -> Tree:
    """Runs the driver, which Kubeflow does not: it finds the span and a digest of the files.

    Its file stays, since the executor reads what it says of parameters from there.
    """
    from tfx.orchestration.kubeflow.v2.file_based_example_gen import driver

    driver.main(_namespace(told, arguments))
    driven: Tree = json.loads(file.read_text(encoding="utf-8"))
    return driven


def _namespace(told: Tree, arguments: Arguments) -> Namespace:
    return Namespace(
        executor_class_path=arguments.executor,
        json_serialized_invocation_args=json.dumps(told),
        json_serialized_inputs_spec_args=json.dumps(arguments.inputs_spec),
    )


def _checked(result: Tree) -> Tree:
    """Returns what Kubeflow can read: it refuses a file with anything else in it.

    Raises:
        google.protobuf.json_format.ParseError: If it could not.
    """
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    json_format.ParseDict(result, pipeline_spec_pb2.ExecutorOutput())
    return result
