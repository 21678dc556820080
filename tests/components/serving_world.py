"""Models in model servers, for the tests of the serving gate."""

import shutil
from pathlib import Path
from types import SimpleNamespace

from tests.components.evaluations import make_artifact, run_function_component
from usecase.config import Serving

NAME = "toys"


def settings_of(phone, **serving):
    """Returns the gate's settings for a use case of `phone_world`."""
    from components.settings import ServingGateSettings

    given = {"server": "embedded", **serving}
    return ServingGateSettings(name=NAME, declaration=phone.declaration, serving=Serving(**given))


def trials_of(phone):
    """Returns the rows of a use case and the right answers to them."""
    from components.serving_trials import make_trials

    model = str(phone.trained_model / "Format-Serving")
    return make_trials(phone.declaration, model, str(phone.examples), "test", 2000)


def base_path_of(phone, folder, trials):
    """Copies the model with its warm-up records to a folder of versions; returns the folder."""
    from components.warmup import add_warmup_records

    version = Path(folder) / NAME / "1"
    shutil.copytree(phone.trained_model / "Format-Serving", version)
    add_warmup_records(version, NAME, trials)
    return version.parent


def judge(phone, folder, model=None, **serving):
    """Runs the gate; returns what it said and gave."""
    from tfx.types.standard_artifacts import Examples, ExampleStatistics, InfraBlessing, Model

    from components.artifacts import GateVerdict
    from components.serving_gate import ServingGate
    from components.verdict import Verdict

    outputs = {
        "blessing": make_artifact(InfraBlessing, folder / "blessing"),
        "verdict": make_artifact(GateVerdict, folder / "verdict"),
    }
    run_function_component(
        ServingGate,
        {
            "trained_model": make_artifact(Model, model or phone.trained_model),
            "examples": make_artifact(Examples, phone.examples),
            "statistics": make_artifact(ExampleStatistics, folder / "statistics"),
        },
        outputs,
        {"settings": settings_of(phone, **serving).model_dump_json()},
        folder / "tmp",
    )
    verdict = Verdict.read(outputs["verdict"].uri)
    return SimpleNamespace(
        verdict=verdict,
        results={result.metric: result for result in verdict.results},
        blessing=outputs["blessing"],
    )
