"""The TFLite gate: what a phone gets answers as what is served, and is small and quick enough."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model
from tfx.utils import path_utils

from components.artifacts import GateVerdict
from components.infra_blessing import bless, refuse
from components.settings import TFLiteGateSettings
from components.tflite_checks import FULL, GATE, Tried, try_file, variants_in
from components.tflite_exporter import ERROR_FILE
from components.verdict import GateResult, Verdict, judge
from serving.phone.metadata import METADATA_FILE, MODEL_FILES


@component
def TFLiteGate(  # noqa: N802, a component is a class to its users
    settings: Parameter[str],
    model: InputArtifact[Model],
    trained_model: InputArtifact[Model],
    examples: InputArtifact[Examples],
    blessing: OutputArtifact[InfraBlessing],
    verdict: OutputArtifact[GateVerdict],
) -> None:
    """Tries every file on rows of the data and on rows made to hurt, without TensorFlow.

    It never raises for a bad file: the verdict says no. A quantised file that fails is left out
    and does no harm to the others; without float32 nothing is delivered.

    Args:
        settings: JSON of `TFLiteGateSettings`.
        model: The exporter's files.
        trained_model: The Trainer's model, which is what is served.
        examples: The examples.
        blessing: Output: a standard InfraBlessing, and as InfraValidator's with `make_warmup` it
            carries what is to be pushed.
        verdict: Output: `verdict.json`.
    """
    given = TFLiteGateSettings.model_validate_json(settings)
    folder = Path(path_utils.serving_model_dir(model.uri))
    if (folder / ERROR_FILE).exists():
        results, tried = [_not_converted(folder / ERROR_FILE)], []
    else:
        saved_model = path_utils.serving_model_path(trained_model.uri)
        tried = _try_all(given, folder, saved_model, examples.uri)
        results = [result for one in tried for result in one.results]
        if given.eval_config and not tried[0].why_not:
            model_file = folder / MODEL_FILES[FULL]
            results += _evaluated(given, given.eval_config, model_file, saved_model, examples.uri)
    metrics = {f"{t.variant}/{k}": v for t in tried for k, v in t.metrics.items()}
    said = Verdict(GATE, tuple(results), metrics)
    said.write(verdict.uri)
    if said.passed:
        _deliver(folder, tried, Path(path_utils.stamped_model_path(blessing.uri)))
        bless(blessing)
    else:
        refuse(blessing)


def _not_converted(error: Path) -> GateResult:
    why = (error.read_text(encoding="utf-8").splitlines() or [""])[0]
    detail = f"the model could not be converted: {why}"
    return judge(GATE, f"{FULL} answers", None, "max", 0.0, detail=detail)


def _try_all(
    settings: TFLiteGateSettings, folder: Path, saved_model: str, examples_uri: str
) -> list[Tried]:
    # TensorFlow is needed here, not where the graph is built.
    from components.tflite_trials import write_trials

    with tempfile.TemporaryDirectory() as rows:
        expected = write_trials(
            settings.declaration, saved_model, examples_uri, settings.split, Path(rows)
        )
        return [try_file(settings, v, folder, Path(rows), expected) for v in variants_in(folder)]


def _evaluated(
    settings: TFLiteGateSettings,
    eval_config: str,
    model: Path,
    saved_model: str,
    examples_uri: str,
) -> list[GateResult]:
    from components.tflite_evaluation import evaluate

    return evaluate(
        GATE,
        settings.declaration,
        eval_config=eval_config,
        saved_model=saved_model,
        model=model,
        examples=str(Path(examples_uri) / f"Split-{settings.split}" / "*.gz"),
    )


def _deliver(folder: Path, tried: Sequence[Tried], target: Path) -> None:
    """Copies the files that passed, and says in `metadata.json` what was measured of them."""
    described = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    described["files"], described["left_out"] = {}, {}
    target.mkdir(parents=True)
    for one in tried:
        name = MODEL_FILES[one.variant]
        if one.why_not:
            described["left_out"][name] = one.why_not
            continue
        content = (folder / name).read_bytes()
        (target / name).write_bytes(content)
        described["files"][name] = _described(one, content)
    text = json.dumps(described, indent=1) + "\n"
    (target / METADATA_FILE).write_text(text, encoding="utf-8")


def _described(one: Tried, content: bytes) -> dict[str, Any]:
    return {
        "variant": one.variant,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "max_difference": one.max_difference,
        "metrics": one.metrics,
    }
