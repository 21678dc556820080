"""The one fact of the serving gate."""

from pathlib import Path

from components.serving_conditions import DIFFERENCES, LATENCIES, READY
from components.verdict import Verdict
from orchestration.local.text import number
from orchestration.outcome import why


def judged(folder: Path) -> str:
    """Returns which server judged and what it measured, or why the gate refused.

    Args:
        folder: Where its verdict lies.
    """
    verdict = Verdict.read(folder)
    refused = [result for result in verdict.results if result.refuses]
    if refused:
        return f"refused: {why(refused[0])}"
    parts = ["passed", *(r.detail for r in verdict.results if r.metric == READY)]
    values = {r.metric: r.value for r in verdict.results if r.value is not None}
    if LATENCIES["grpc"] in values:
        parts.append(f"gRPC {number(values[LATENCIES['grpc']], 1)} ms")
    if LATENCIES["rest"] in values:
        parts.append(f"REST {number(values[LATENCIES['rest']], 1)} ms a row")
    if found := [values[name] for name in DIFFERENCES.values() if name in values]:
        parts.append(f"within {number(max(found))}")
    return " · ".join(parts)
