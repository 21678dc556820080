"""What the TFLite gate demands of each file."""

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from components import tflite_audit, tflite_probe
from components.settings import TFLiteGateSettings
from components.tflite_differences import Difference, largest
from components.tflite_quality import loss_of_quality, measure
from components.tflite_trials import Expected
from components.verdict import GateResult, judge
from models.lite_metadata import SIGNATURE
from models.processes import last_words, run_module
from serving.phone.metadata import MODEL_FILES
from usecase.config import QuantizedLimits

GATE = "tflite"
FULL = "float32"
MAX_DIFFERENCE = 1e-5  # of float32: a few roundings of the last digits
MAX_DIFFERENCE_OF_EXTREMES = 1e-3  # where numbers far from the data cancel each other in sums
TIMEOUT_SECONDS = 1800
MEGABYTE = 1e6

Answers = dict[str, np.ndarray]


class Tried(NamedTuple):
    """One file, tried.

    Attributes:
        variant: "float32", "float16" or "int8".
        results: What was demanded of it.
        why_not: Why it may not be delivered, in one phrase; "" if it may.
        max_difference: The largest difference of an answer to the test rows.
        metrics: Of its answers to the test rows.
    """

    variant: str
    results: tuple[GateResult, ...]
    why_not: str
    max_difference: float
    metrics: dict[str, float]


def try_file(
    settings: TFLiteGateSettings, variant: str, folder: Path, rows: Path, expected: Expected
) -> Tried:
    """Looks into a file, asks it for answers, and holds them against the served model's.

    Args:
        settings: The limits.
        variant: Which file of the folder.
        folder: The exporter's files.
        rows: What `components.tflite_trials` wrote.
        expected: The right answers.
    """
    judging = _Judging(settings, variant)
    path = folder / MODEL_FILES[variant]
    faults = tflite_audit.faults(path.read_bytes())
    judging.demand("faults", float(len(faults)), 0.0, "; ".join(faults))
    if faults:  # it could take the process down that asks it
        return judging.tried()
    try:
        answers = _ask(path, rows)
    except RuntimeError as error:
        judging.demand("answers", None, 0.0, str(error))
        return judging.tried()
    metrics = measure(settings.declaration.label.task, expected.labels, answers["test"])
    on_test = judging.judge_answers(answers, expected, metrics)
    judging.demand("size MB", path.stat().st_size / MEGABYTE, settings.mobile.max_megabytes)
    judging.judge_latency(float(answers["milliseconds"]))
    return judging.tried(on_test.value, metrics)


def _ask(path: Path, rows: Path) -> Answers:
    """Returns the answers of a file.

    Raises:
        RuntimeError: If it gives none.
    """
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.npz"
        request = {
            "model": str(path),
            "signature": SIGNATURE,
            "rows": str(rows),
            "answers": str(answers),
        }
        done = run_module(tflite_probe.__name__, json.dumps(request), timeout=TIMEOUT_SECONDS)
        if done.returncode:
            raise RuntimeError(last_words(done.stderr, done.returncode))
        with np.load(answers) as file:
            return dict(file)


class _Judging:
    """Gathers what is demanded of one file.

    Args:
        settings: The limits.
        variant: The file.
    """

    def __init__(self, settings: TFLiteGateSettings, variant: str) -> None:
        self._mobile = settings.mobile
        self._task = settings.declaration.label.task
        self._variant = variant
        self._is_full = variant == FULL
        self._results: list[GateResult] = []
        self._why_not: list[str] = []

    def demand(
        self,
        what: str,
        value: float | None,
        limit: float,
        detail: str = "",
        *,
        required: bool = True,
    ) -> None:
        """Holds a value against the most that it may be.

        Args:
            what: What was measured.
            value: The value; None if it could not be.
            limit: The most that it may be.
            detail: Why it is too much, where the number does not tell.
            required: Whether a file that does not meet it stays behind; only float32, without
                which there is nothing to deliver, refuses the push.
        """
        result = judge(
            GATE,
            f"{self._variant} {what}",
            value,
            "max",
            limit,
            detail=detail,
            binding=required and self._is_full,
        )
        self._results.append(result)
        if required and not result.passed:
            self._why_not.append(f"{detail or f'{what} {value:.3g}'} (limit {limit:g})")

    def judge_answers(
        self, answers: Answers, expected: Expected, metrics: dict[str, float]
    ) -> Difference:
        """Holds answers against the right ones; returns the largest difference on test rows."""
        found = largest(self._task, answers, expected)
        if self._is_full:
            near, extreme = found.near, found.extreme
            self.demand("difference", near.value, MAX_DIFFERENCE, near.where)
            self.demand("extremes", extreme.value, MAX_DIFFERENCE_OF_EXTREMES, extreme.where)
            return found.test
        limits: QuantizedLimits = getattr(self._mobile, self._variant)
        # Rows made to hurt may cost more, but there must be an answer. Extreme numbers may have
        # none: beside them all others vanish in 8 bits.
        judged = found.test if math.isfinite(found.near.value) else found.near
        self.demand("difference", judged.value, limits.max_difference, judged.where)
        right = measure(self._task, expected.labels, expected.answers["test"])
        loss = loss_of_quality(self._task, right, metrics)
        name = "rmse" if self._task == "regression" else "auc"
        self.demand(f"{name} loss", loss, limits.max_quality_loss)
        return found.test

    def judge_latency(self, milliseconds: float) -> None:
        """Holds the time of an answer to one row against its limit, which mostly only warns."""
        limit, refuses = self._mobile.max_latency_ms, self._mobile.slow_refuses
        self.demand("latency ms", milliseconds, limit, required=refuses)

    def tried(
        self, max_difference: float = math.nan, metrics: dict[str, float] | None = None
    ) -> Tried:
        """Returns all of it."""
        why_not = "; ".join(self._why_not)
        return Tried(self._variant, tuple(self._results), why_not, max_difference, metrics or {})


def variants_in(folder: Path) -> Iterator[str]:
    """Yields the variants that an exporter made, float32 first."""
    yield from (v for v, name in MODEL_FILES.items() if (folder / name).exists())
