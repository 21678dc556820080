"""Components that wait for each other, for test_execute.py."""

import threading
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import InfraBlessing, Model, ModelBlessing

LIMIT = 20.0  # seconds after which a test has hung
SLOW_BEGUN = threading.Event()
FAST_DONE = threading.Event()
FAULTS: set[str] = set()
THREADS: dict[str, threading.Thread] = {}


@component
def First(model: OutputArtifact[Model]):  # noqa: N802
    _note("First")


@component
def Fast(given: InputArtifact[Model], model: OutputArtifact[Model]):  # noqa: N802
    _note("Fast")
    if not SLOW_BEGUN.wait(LIMIT):
        raise TimeoutError("the slow node did not begin")
    FAST_DONE.set()


@component
def Slow(given: InputArtifact[Model], model: OutputArtifact[Model]):  # noqa: N802
    SLOW_BEGUN.set()
    _note("Slow")
    if not FAST_DONE.wait(LIMIT):
        raise TimeoutError("the fast node did not end")


@component
def Last(given: InputArtifact[Model], model: OutputArtifact[Model]):  # noqa: N802
    _note("Last")


@component
def Blessed(  # noqa: N802
    blessing: OutputArtifact[ModelBlessing], infra_blessing: OutputArtifact[InfraBlessing]
):
    for artifact in (blessing, infra_blessing):
        artifact.set_int_custom_property("blessed", 1)
    infra_blessing.set_int_custom_property("has_model", 1)
    model = Path(infra_blessing.uri) / "stamped_model"
    model.mkdir()
    (model / "saved_model.pb").write_text("graph")


def _note(name):
    THREADS[name] = threading.current_thread()
    if name in FAULTS:
        raise RuntimeError(f"{name} is broken")
