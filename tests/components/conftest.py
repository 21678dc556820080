"""Artifacts and executors as TFX would hand them out, without a pipeline around them."""

import functools

import pytest

from tests.components.evaluations import (
    CITIES,
    NO_DROP,
    TOGETHER,
    Evaluations,
    make_artifact,
    run_function_component,
)
from tests.components.phone_world import Phone


@pytest.fixture
def artifact():
    return make_artifact


@pytest.fixture
def run_component(tmp_path):
    """Runs the executor of a component that was made of a function."""

    return functools.partial(run_function_component, tmp_dir=tmp_path / "tmp")


@pytest.fixture(scope="session")
def evaluations(tmp_path_factory):
    """Three runs of a binary task: the first model, a worse one, and an equal one."""
    made = Evaluations(tmp_path_factory.mktemp("evaluations"))
    made.first = made.run("good", None, (CITIES, *NO_DROP))
    made.worse = made.run("bad", "good", ({"metric": "auc", "min": 0.9}, *NO_DROP))
    made.equal = made.run("good", "good", (TOGETHER, *NO_DROP))
    return made


@pytest.fixture(scope="session")
def phone(tmp_path_factory):
    """A binary model as Trainer and Transform would leave it, and what can be made of it."""
    return Phone(tmp_path_factory.mktemp("phone"))
