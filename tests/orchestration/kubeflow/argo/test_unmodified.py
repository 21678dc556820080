"""The lint refuses what TFX compiles by itself, line by line."""

import pytest
import yaml

from orchestration.kubeflow.lint import lint

pytestmark = pytest.mark.slow

IN_BOTH = [
    "executor Baseline-model-blessing-resolver_executor: Kubeflow Pipelines has no executor of the "
    "kind resolver; fix: replace the node by one that runs in a container",
    "executor Baseline-model-resolver_executor: Kubeflow Pipelines has no executor of the kind "
    "resolver; fix: replace the node by one that runs in a container",
    "executor CsvExampleGen_executor: its hook `lifecycle` is never run; "
    "fix: do in the container what the hook does, and take it out",
]
# Where a constant is given as nobody reads it, no one looks for a path in it.
NO_SUCH_PATH = (
    'task CsvExampleGen, input "input_base": no container of "CsvExampleGen_executor" can see '
    "/data; fix: a path in /tmp, or a URI of an object store"
)
OLD_CONSTANT = (
    'task CsvExampleGen: its input "{}" is given as constantValue, which no driver resolves; '
    "fix: give it as `constant`"
)
INPUTS = ["input_base", "input_config", "output_config", "output_data_format", "output_file_format"]


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        (
            "2.0",
            [
                'schemaVersion: it is "2.0.0"; Kubeflow Pipelines accepts 2.1.0 alone; '
                "fix: compile with use_pipeline_spec_2_1=True",
                *map(OLD_CONSTANT.format, INPUTS),
                *IN_BOTH,
            ],
        ),
        ("2.1", [*IN_BOTH, NO_SUCH_PATH]),
    ],
)
def test_unmodified_output_of_tfx(unmodified, version, lines):
    spec = yaml.safe_load(unmodified[version].read_text())
    assert [fault.line() for fault in lint(spec, None, "kfp")] == lines
