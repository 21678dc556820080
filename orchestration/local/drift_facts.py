"""The one fact of the nodes that compare rows with others: of the last push, or the span before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.verdict import Verdict
from orchestration.local.text import number_pair
from usecase.drift import LARGEST

MOST_NAMES = 3


def baseline(properties: Mapping[str, Any]) -> str:
    """Returns which version the rows are compared with.

    Args:
        properties: Custom properties of the node's output.
    """
    version = properties.get("pushed_version")
    if properties.get("empty"):
        return f"version {version} holds none" if version else "none pushed yet"
    return f"of version {version}"


def judged(folder: Path, properties: Mapping[str, Any]) -> str:
    """Returns what the comparison found.

    Args:
        folder: The folder of the verdict.
        properties: Custom properties of the node's outputs.
    """
    results = Verdict.read(folder).results
    if not results:
        return f"nothing to compare with: {properties.get('baseline', '')}"
    return _found(results) + _not_compared(str(properties.get("not_compared", "")))


def _found(results: Any) -> str:
    drifted = [result for result in results if not result.passed]
    if not drifted and all(result.threshold >= LARGEST for result in results):
        return "too few rows to tell"
    worst = max(drifted or results, key=lambda result: result.value / result.threshold)
    name = worst.slice.partition("=")[2]
    value, threshold = number_pair(worst.value, worst.threshold)
    if not drifted:
        return f"ok · at most {value} of {threshold} ({name})"
    more = f" and {len(drifted) - 1} more" if len(drifted) > 1 else ""
    word = "refused" if worst.binding else "warning"
    return f"{word}: drift of {name}{more} · {value} > {threshold}"


def _not_compared(names: str) -> str:
    if not names:
        return ""
    every = names.split(", ")
    more = f" and {len(every) - MOST_NAMES} more" if len(every) > MOST_NAMES else ""
    return f" · not compared: {', '.join(every[:MOST_NAMES])}{more}"
