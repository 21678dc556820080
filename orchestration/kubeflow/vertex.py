"""The job that Vertex AI runs."""

import re
from collections.abc import Sequence
from typing import Any

from orchestration.kubeflow.parameters import RuntimeParameter

LABEL_LENGTH = 63  # Google's limit


def pipeline_job(
    spec: dict[str, Any], pipeline_root: str, parameters: Sequence[RuntimeParameter]
) -> dict[str, Any]:
    """Returns the `PipelineJob` as JSON has it.

    Args:
        spec: The pipeline spec.
        pipeline_root: Where artifacts go, under gs://.
        parameters: What a run may set; the job has the defaults.
    """
    name = spec["pipelineInfo"]["name"]
    return {
        "displayName": name,
        "labels": {"pipeline": _label(name)},
        "pipelineSpec": spec,
        "runtimeConfig": {
            "gcsOutputDirectory": pipeline_root,
            "parameterValues": {parameter.name: parameter.default for parameter in parameters},
        },
    }


def _label(name: str) -> str:
    """Returns a name as the value of a label: lower-case letters, digits, _ and -."""
    return re.sub(r"[^a-z0-9_-]", "-", name.lower())[:LABEL_LENGTH]
