"""Artifacts and executors as TFX would hand them out, without a pipeline around them."""

import pytest

from tests.components.evaluations import CITIES, NO_DROP, TOGETHER, Evaluations, make_artifact


@pytest.fixture
def artifact():
    return make_artifact


@pytest.fixture
def run_component(tmp_path):
    """Runs the executor of a component that was made of a function."""

    def run(component, inputs, outputs, properties):
        executor = component.EXECUTOR_SPEC.executor_class
        context = executor.Context(tmp_dir=str(tmp_path / "tmp"), unique_id="1")
        as_lists = [{k: [v] for k, v in group.items()} for group in (inputs, outputs)]
        executor(context).Do(*as_lists, properties)

    return run


@pytest.fixture(scope="session")
def evaluations(tmp_path_factory):
    """Three runs of a binary task: the first model, a worse one, and an equal one."""
    made = Evaluations(tmp_path_factory.mktemp("evaluations"))
    made.first = made.run("good", None, (CITIES, *NO_DROP))
    made.worse = made.run("bad", "good", ({"metric": "auc", "min": 0.9}, *NO_DROP))
    made.equal = made.run("good", "good", (TOGETHER, *NO_DROP))
    return made
