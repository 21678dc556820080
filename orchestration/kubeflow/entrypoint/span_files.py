"""Data in spans on a pod's volume: the newest span and the one before it become splits."""

import json

from orchestration.kubeflow.entrypoint.arguments import Arguments
from orchestration.kubeflow.entrypoint.executor_input import Tree, parameters, with_parameters
from orchestration.kubeflow.entrypoint.runtime_values import INPUT_BASE, INPUT_CONFIG
from usecase.data_files import is_remote
from usecase.span_paths import has_span
from usecase.spans import SpanFiles, find_window

CUSTOM_CONFIG = "custom_config"
ONE_SPAN = "components.arrow_examples.Executor"
WHOLE_SPANS = "components.span_examples.Executor"  # by name: it is the code of one node alone


def reading_spans(arguments: Arguments, told: Tree, span: int) -> tuple[Arguments, Tree]:
    """Returns what an ExampleGen is told, once it is to read the span before as well.

    Only here the spans can be looked for: where the pipeline was compiled, there is no volume.
    Other nodes, and data elsewhere, stay as they are.

    Args:
        arguments: What the container is told.
        told: Its ExecutorInput, `{SPAN}` still in the pattern of its files.
        span: The span that TFX's driver chose.

    Raises:
        ConfigError: If the span has no files.
    """
    given = parameters(told)
    (rows,) = json.loads(given[INPUT_CONFIG])["splits"]
    pattern = f"{given[INPUT_BASE]}/{rows['pattern']}"
    if arguments.executor != ONE_SPAN or not has_span(pattern) or is_remote(pattern):
        return arguments, told
    window = find_window(pattern, span, 1)
    files = SpanFiles(span, window.rows, window.splits)
    config = _with_spans(str(given[CUSTOM_CONFIG]), files)
    changed = with_parameters(told, {**given, CUSTOM_CONFIG: config})
    return arguments._replace(executor=WHOLE_SPANS), changed


def _with_spans(config: str, files: SpanFiles) -> str:
    from tfx.proto import example_gen_pb2
    from tfx.utils import proto_utils

    from components.span_config import with_spans

    parsed = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(config, parsed)
    return str(proto_utils.proto_to_json(with_spans(parsed, files)))
