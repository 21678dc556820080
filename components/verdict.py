"""What a gate says: measured values, thresholds and a verdict, as one small JSON file.

Pure Python, so that reading a verdict never costs an import of TensorFlow.
"""

import dataclasses
import json
from pathlib import Path
from typing import Literal

VERDICT_FILE = "verdict.json"
Bound = Literal["min", "max", "min_change"]


@dataclasses.dataclass(frozen=True)
class GateResult:
    """One condition of a gate.

    Attributes:
        name: The gate: "data", "quality", ...
        metric: What was measured, for example "auc" or "anomalies".
        slice: The rows that it was measured on, "column=value"; "" for all.
        value: The measured value; None where it could not be measured.
        threshold: What the value is held against.
        bound: "min": value >= threshold; "max": value <= threshold; "min_change": the value is the
            difference to the baseline and must not be below the threshold.
        passed: Whether the condition holds.
        detail: One sentence more, where the numbers do not say it all; may be empty. Further lines
            are what a program said of it.
        binding: Whether the gate refuses where it does not hold; else it only warns.
    """

    name: str
    metric: str
    slice: str
    value: float | None
    threshold: float
    bound: Bound
    passed: bool
    detail: str = ""
    binding: bool = True

    @property
    def refuses(self) -> bool:
        """Whether it does not hold, and the gate says no for it."""
        return self.binding and not self.passed

    @property
    def warns(self) -> bool:
        """Whether it does not hold, and nothing hangs on it."""
        return not (self.binding or self.passed)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """All that one gate has to say about one run.

    Attributes:
        gate: The gate's name.
        results: Its conditions; the gate passes if all that are binding hold.
        metrics: Further measured values, for the report.
    """

    gate: str
    results: tuple[GateResult, ...]
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every binding condition holds."""
        return not any(result.refuses for result in self.results)

    def write(self, folder: str | Path) -> None:
        """Writes the verdict file into the folder, which is created."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = json.dumps({**dataclasses.asdict(self), "passed": self.passed}, indent=2)
        (Path(folder) / VERDICT_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: str | Path) -> "Verdict":
        """Reads the verdict file of a folder.

        Raises:
            FileNotFoundError: If the folder holds none.
        """
        raw = json.loads((Path(folder) / VERDICT_FILE).read_text(encoding="utf-8"))
        results = tuple(GateResult(**result) for result in raw["results"])
        return cls(raw["gate"], results, raw["metrics"])


def judge(
    name: str,
    metric: str,
    value: float | None,
    bound: Bound,
    threshold: float,
    *,
    slice_name: str = "",
    detail: str = "",
    binding: bool = True,
) -> GateResult:
    """Holds a value against a threshold; a value that is missing or NaN never passes."""
    if value is None or value != value:
        passed = False
    else:
        passed = bool(value <= threshold if bound == "max" else value >= threshold)
    return GateResult(name, metric, slice_name, value, threshold, bound, passed, detail, binding)
