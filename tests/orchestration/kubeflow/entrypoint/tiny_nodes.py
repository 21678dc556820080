"""A gate as small as can be, for test_run.py."""

from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model, String

from components.artifacts import GateVerdict
from components.verdict import Verdict, judge
from usecase.config import DataGate
from usecase.errors import DataError


@component
def Gate(  # noqa: N802
    most: Parameter[int],
    share: Parameter[float],
    label: Parameter[str],
    model: InputArtifact[Model],
    verdict: OutputArtifact[GateVerdict],
    text: OutputArtifact[String],
):
    if label == "broken":
        raise DataError("the label is broken", fix="mend it")
    if label == "unchecked":
        DataGate.model_validate_json(f'{{"min_rows": 5, "min_label_share": {share * 4}}}')
    files = len(list(Path(model.uri).iterdir()))
    Verdict("tiny", (judge("tiny", "files", files, "max", most),)).write(verdict.uri)
    verdict.set_string_custom_property("kinds", f"{most!r} {share!r} {label!r}")
    verdict.set_string_custom_property("looked_at", f"files of {model.uri}, and no others")
    text.value = label


@component
def Where(model: InputArtifact[Model], found: OutputArtifact[Model]):  # noqa: N802
    for name, artifact in (("model", model), ("found", found)):
        is_folder = artifact.uri.startswith("/")
        found.set_string_custom_property(name, "a folder" if is_folder else "a bucket")
        found.set_string_custom_property(f"{name}_uri", artifact.uri)
