"""One line on what came of a node, for its log and for its outputs' metadata."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from components.verdict import VERDICT_FILE, Verdict
from orchestration.kubeflow.entrypoint.executor_input import artifacts, parameters
from orchestration.kubeflow.outcome_lines import (
    NOT_PUSHED,
    PASSED,
    PUSHED,
    REFUSED,
    UP_TO_DATE,
    WITH_WARNING,
    by_gate,
    of_gate,
)
from orchestration.outcome import why

VERDICT = "verdict"
OUTCOME = "outcome"
PUSHED_MODEL = "pushed_model"
BLESSED = "blessed"


class Note(NamedTuple):
    """What is noted of one output.

    Attributes:
        output: The output.
        key: The name in its metadata.
        text: What came of it, one line.
        line: The same for a log, without a mark.
    """

    output: str
    key: str
    text: str
    line: str


def notes(executor_input: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Note]:
    """Yields what a gate, a push or a baseline has to say; nothing of other nodes.

    Args:
        executor_input: What the executor was given, its folders on this machine.
        result: What it says of its outputs, likewise.
    """
    for output, artifact in artifacts(result).items():
        folder = Path(artifact.get("uri", ""))
        if (folder / VERDICT_FILE).is_file():
            verdict = Verdict.read(folder)
            text = _judged(verdict)
            yield Note(output, VERDICT, text, of_gate(verdict.gate, text))
        elif output == PUSHED_MODEL:
            text = _pushed(artifact.get("metadata", {}), executor_input)
            yield Note(output, OUTCOME, text, text)
        elif text := _baseline(artifact.get("metadata", {})):
            yield Note(output, OUTCOME, text, text)


def noted(result: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """Returns what an executor says of its outputs, and the note with it."""
    every = {key: dict(listed) for key, listed in result["artifacts"].items()}
    first, *others = every[note.output]["artifacts"]
    metadata = {**first.get("metadata", {}), note.key: note.text}
    every[note.output]["artifacts"] = [{**first, "metadata": metadata}, *others]
    return {**result, "artifacts": every}


def _judged(verdict: Verdict) -> str:
    refused = [result for result in verdict.results if result.refuses]
    if refused:
        return f"{REFUSED}{why(refused[0])}"
    warned = [result for result in verdict.results if result.warns]
    more = f" (and {len(warned) - 1} more)" if len(warned) > 1 else ""
    return f"{PASSED}{WITH_WARNING}{why(warned[0])}{more}" if warned else PASSED


def _pushed(told: Mapping[str, Any], executor_input: Mapping[str, Any]) -> str:
    version = told.get("pushed_version", "")
    if told.get("pushed"):
        text = f"{PUSHED}{version}"
    elif told.get("up_to_date"):
        text = f"{UP_TO_DATE}{version} is this very model"
    else:
        return f"{NOT_PUSHED}{_refused_by(executor_input)}"
    if told.get("promoted"):
        text += ", which is stable now"
    if problem := told.get("not_promoted"):
        text += f"; not made stable: {str(problem).splitlines()[0]}"
    return text


def _baseline(told: Mapping[str, Any]) -> str:
    if told.get("empty"):
        return "no baseline: nothing has been pushed yet"
    version = told.get("pushed_version")
    return f"the baseline is version {int(version)}" if version else ""


def _refused_by(executor_input: Mapping[str, Any]) -> str:
    given = artifacts(executor_input["inputs"])
    of_quality, of_use = (given.get(k, {}) for k in ("model_blessing", "infra_blessing"))
    if not of_quality.get("metadata", {}).get(BLESSED):
        return by_gate("quality")
    if not of_use.get("metadata", {}).get(BLESSED):
        config = json.loads(parameters(executor_input).get("custom_config") or "{}")
        return by_gate("serving" if "serving" in config else "tflite")
    return "the Pusher found no blessing"
