"""A project with few rows and a small network, and ways to end its runs before their time."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import Finished, Project

NAME = "small"
ROWS = 1500
LIMIT = 600.0  # seconds after which a run that does not get anywhere counts as hung
PATIENCE = 60.0  # seconds in which what a run had started must end after it
CONFIG = """name: small
data: {path: rows.csv}
schema: schema.pbtxt
label: {name: y}
features: {a: numeric, b: numeric}
network: {hidden_units: [8]}
training: {max_epochs: 6, batch_size: 32, early_stopping_patience: 6}
evaluation: {thresholds: [{metric: auc, min: 0.6}]}
serving: {server: embedded, max_rows: 50, max_latency_ms: 10000}
mobile: {enabled: false}
"""
FEATURE = """feature {{
  name: "{}" type: {} presence {{ min_fraction: 1.0 min_count: 1 }} {}
}}
"""


class Small(Project):
    """A copy of the project with a use case that trains in seconds."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.data, self.config = root / "rows.csv", root / "small.yaml"
        self.data.write_text(_rows(), encoding="utf-8")
        self.config.write_text(
            CONFIG.replace("rows.csv", str(self.data)).replace(
                "schema.pbtxt", str(root / "schema.pbtxt")
            ),
            encoding="utf-8",
        )
        label = "int_domain { min: 0 max: 1 is_categorical: true }"
        features = [("a", "FLOAT", ""), ("b", "FLOAT", ""), ("y", "INT", label)]
        schema = "".join(FEATURE.format(*feature) for feature in features)
        (root / "schema.pbtxt").write_text(schema, encoding="utf-8")
        self.serving = self.outputs / "serving" / NAME
        self.checkpoints = self.outputs / "checkpoints" / NAME

    def run(self, *arguments: str) -> Finished:
        """Runs the pipeline to its end."""
        return self.command("run", "--json", "--config", str(self.config), *arguments)

    def start(self, *arguments: str) -> "Started":
        """Starts a run, as the leader of a process group, as a shell would."""
        (self.root / "streams").mkdir(exist_ok=True)
        path = self.root / "streams" / f"{time.monotonic_ns()}"
        with path.open("w") as streams:
            process = subprocess.Popen(
                [
                    *(sys.executable, "local_runner.py", "run", "--config", str(self.config)),
                    *arguments,
                ],
                cwd=self.root,
                stdout=streams,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Started(process, path, self.root)

    def last_run(self) -> Path:
        """The folder of the newest run."""
        return max((self.outputs / "runs").glob("*/"))

    def begun(self, *node_ids: str) -> set[Path]:
        """The folders of the executions of nodes; those whose results are reused have none."""
        artifacts = self.outputs / "artifacts" / NAME
        folders = [artifacts / node_id / ".system" / "executor_execution" for node_id in node_ids]
        return {each for folder in folders for each in folder.glob("*")}

    def runs(self) -> set[Path]:
        """The folders of all runs."""
        return set((self.outputs / "runs").glob("*/"))

    def pushed(self) -> list[int]:
        """The versions that have been pushed."""
        return sorted(int(p.name) for p in self.serving.glob("[0-9]*"))

    def has_checkpoint(self) -> bool:
        """Whether a training that is not done has left an epoch to go on from."""
        found = self.checkpoints.rglob("training_metadata.json")
        return any(path.read_text().endswith("}") for path in found)


class Started:
    """A run at work.

    Args:
        process: Its process.
        streams: The file that holds what it prints.
        root: The project's folder.
    """

    def __init__(self, process: subprocess.Popen[bytes], streams: Path, root: Path) -> None:
        self.process = process
        self._streams = streams
        self._root = root

    @property
    def output(self) -> str:
        """What it has printed."""
        return self._streams.read_text(encoding="utf-8")

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Waits until a run has got somewhere."""
        end = time.monotonic() + LIMIT
        while not reached():
            assert self.process.poll() is None, f"it ended before its time:\n{self.output}"
            assert time.monotonic() < end, f"it hangs:\n{self.output}"
            time.sleep(0.01)

    def kill(self) -> int:
        """Ends it at once, as nothing can be done against; returns its exit status."""
        self.process.kill()
        return self.process.wait(LIMIT)

    def interrupt(self) -> int:
        """Ends it as Ctrl-C in a terminal does, which reaches all that it started."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LIMIT)

    def left_behind(self) -> list[str]:
        """Returns the command lines of processes that it started and that do not end."""
        end = time.monotonic() + PATIENCE
        while (found := self._descendants()) and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def _descendants(self) -> list[str]:
        """Returns the command lines of its session, and of all that name the project's folder."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                session = folder.joinpath("stat").read_text().rpartition(")")[2].split()[3]
                command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if command and (int(session) == self.process.pid or f"{self._root}/" in command):
                found.append(command)
        return found


def _rows() -> str:
    """Returns rows whose label mostly follows from the sum of two numbers."""
    draw = random.Random(0)
    lines = ["a,b,y"]
    for _ in range(ROWS):
        a, b = draw.gauss(0, 1), draw.gauss(0, 1)
        lines.append(f"{a:.4f},{b:.4f},{int(a + b + draw.gauss(0, 0.5) > 0)}")
    return "\n".join(lines) + "\n"
