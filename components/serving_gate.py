"""The serving gate: the model answers in a real model server as it does by itself."""

import shutil
import tempfile
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, ExampleStatistics, InfraBlessing, Model
from tfx.utils import path_utils

from components.artifacts import GateVerdict
from components.infra_blessing import bless, refuse
from components.kept_statistics import add_statistics
from components.serving_conditions import GATE
from components.settings import ServingGateSettings
from components.verdict import Verdict

VERSION = "1"  # of the candidate, while it is tried


@component
def ServingGate(  # noqa: N802, a component is a class to its users
    settings: Parameter[str],
    trained_model: InputArtifact[Model],
    examples: InputArtifact[Examples],
    statistics: InputArtifact[ExampleStatistics],
    blessing: OutputArtifact[InfraBlessing],
    verdict: OutputArtifact[GateVerdict],
) -> None:
    """Lets a model server load the model with warm-up records, and asks it rows of the data.

    It never raises for a bad model: the verdict says no.

    Args:
        settings: JSON of `ServingGateSettings`.
        trained_model: The Trainer's model.
        examples: The examples.
        statistics: Their statistics, with which later runs compare their rows.
        blessing: Output: a standard InfraBlessing, and as InfraValidator's with `make_warmup` it
            carries what is to be pushed: the model with its warm-up records and statistics.
        verdict: Output: `verdict.json`.
    """
    given = ServingGateSettings.model_validate_json(settings)
    saved_model = path_utils.serving_model_path(trained_model.uri)
    with tempfile.TemporaryDirectory() as folder:
        candidate = Path(folder) / given.name / VERSION
        said = _judge(given, saved_model, examples.uri, candidate)
        said.write(verdict.uri)
        if said.passed:
            add_statistics(candidate, statistics.uri)
            Path(blessing.uri).mkdir(parents=True, exist_ok=True)
            shutil.move(candidate, path_utils.stamped_model_path(blessing.uri))
            bless(blessing)
        else:
            refuse(blessing)


def _judge(
    settings: ServingGateSettings, saved_model: str, examples_uri: str, candidate: Path
) -> Verdict:
    # TensorFlow is needed here, not where the graph is built.
    from components.serving_checks import examine, without_answers
    from components.serving_trials import NoAnswerError, make_trials
    from components.warmup import add_warmup_records

    try:
        trials = make_trials(
            settings.declaration,
            saved_model,
            examples_uri,
            settings.split,
            settings.serving.max_rows,
        )
    except NoAnswerError as error:
        return Verdict(GATE, (without_answers(str(error)),))
    shutil.copytree(saved_model, candidate)
    add_warmup_records(candidate, settings.name, trials)
    return Verdict(GATE, *examine(settings, trials, candidate.parent))
