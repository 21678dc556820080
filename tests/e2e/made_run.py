"""One run of the pipeline on made data, and what it left."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e import edge
from tests.e2e.made import Made
from usecase.paths import PROJECT_ROOT


class MadeRun(NamedTuple):
    """A finished run.

    Attributes:
        made: The data.
        outputs: The output folder.
        result: What `--json` printed.
    """

    made: Made
    outputs: Path
    result: dict[str, Any]

    @property
    def version(self) -> Path:
        """The folder for phones."""
        return Path(self.result["mobile_model"]).parent

    @property
    def metadata(self) -> dict[str, Any]:
        """What lies in it of the files."""
        return json.loads((self.version / "metadata.json").read_text(encoding="utf-8"))

    @property
    def gate(self) -> dict[str, dict[str, Any]]:
        """What the gate demanded of the files, by metric."""
        return {g["metric"]: g for g in self.result["gates"] if g["name"] == "tflite"}

    def artifact(self, pattern: str) -> Path:
        """Returns the one artifact folder that fits a pattern."""
        (found,) = (self.outputs / "artifacts" / self.made.name).glob(pattern)
        return found

    def examples(self, split: str) -> list[bytes]:
        """Returns the examples of a split."""
        return edge.records(self.artifact("CsvExampleGen/examples/*"), split)


def run(made: Made) -> MadeRun:
    """Runs the pipeline."""
    outputs = made.folder / "outputs"
    done = subprocess.run(
        [
            *(sys.executable, "local_runner.py", "run", "--json"),
            *("--config", str(made.config), "--output-dir", str(outputs)),
        ],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},  # of made_functions
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, result.get("headline") or done.stderr
    seconds = {node["id"]: round(node["seconds"], 1) for node in result["nodes"]}
    print(f"{made.name}: {result['seconds']:.0f} s, of which {seconds}")
    return MadeRun(made, outputs, result)
