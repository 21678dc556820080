"""A copy of the project that tests may edit, and ways to run it as a user does."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from usecase.paths import PROJECT_ROOT, resolve

ROOMS = (
    *("usecase", "pipeline", "models", "components", "orchestration", "serving"),
    *("model_server", "ingestion", "autoconfig"),
)
BUNDLED = "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"


class Finished(NamedTuple):
    """One finished command."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The object that `--json` prints last."""
        return json.loads(self.stdout.splitlines()[-1])


class Project:
    """A copy of the project, with its data beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for room in (*ROOMS, "configs", "schema", "requirements"):
            shutil.copytree(
                PROJECT_ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(PROJECT_ROOT / "local_runner.py", root)
        self.data = root / "trips.csv"
        shutil.copyfile(resolve(BUNDLED, "data"), self.data)
        self.config = root / "configs" / "taxi.yaml"
        self.edit(self.config, BUNDLED, str(self.data))
        self.outputs = root / "outputs"

    def edit(self, path: Path | str, old: str, new: str) -> None:
        """Replaces one piece of text, which must be there."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def command(self, *arguments: str) -> Finished:
        """Runs local_runner.py in the copy."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "local_runner.py", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def versions(self) -> list[int]:
        """The versions that have been pushed."""
        return sorted(int(p.name) for p in (self.outputs / "serving" / "taxi").glob("[0-9]*"))

    def model(self) -> Path:
        """The model that serves."""
        return self.outputs / "serving" / "taxi" / str(self.versions()[-1])

    def artifact(self, pattern: str) -> Path:
        """The newest artifact folder that fits a pattern below the use case's artifacts."""
        found = (self.outputs / "artifacts" / "taxi").glob(pattern)
        return max(found, key=lambda path: int(path.name))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The copy in which the story of tests/e2e/test_story.py happens."""
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def first_run(project: Project) -> Finished:
    """The first run, on the bundled rows, with its output as a user without a terminal sees it."""
    return project.command("run")


@pytest.fixture
def states() -> Callable[[Finished], dict[str, str]]:
    """Returns a function from a finished `run --json` to {node: state}."""
    return lambda done: {node["id"]: node["state"] for node in done.json["nodes"]}


@pytest.fixture
def reasons() -> Callable[[Finished], dict[str, str]]:
    """Returns a function from a finished `run --json` to {node: reason}."""
    return lambda done: {node["id"]: node["reason"] for node in done.json["nodes"]}
