"""Why a run ended as it did, in one line."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from orchestration.kubeflow.api.errors import one_line
from orchestration.kubeflow.api.outcomes import PUSHED_MODEL, telling_nodes
from orchestration.kubeflow.api.pushes import Push, model_line, pushes, refusals
from orchestration.kubeflow.api.tasks import Task, is_unsettled
from orchestration.kubeflow.api.transport import Document
from orchestration.kubeflow.outcome_lines import NOT_PUSHED

SUCCEEDED, REFUSED, FAILED = 0, 1, 2
Lines = Mapping[str, Sequence[str]]
_SILENCE: Lines = {}
# A condition names what it looks at, for example inputs.artifacts['_DataGate.verdict'].
_JUDGE = re.compile(r"inputs\.\w+\['_?([A-Za-z][-A-Za-z0-9]*)\.")


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        exit_code: 0 succeeded, 1 a gate refused, 2 failed.
        line: Why, in one line.
    """

    exit_code: int
    line: str


def ending(
    run: Document, tasks: Sequence[Task], spec: Mapping[str, Any], lines: Lines = _SILENCE
) -> Ending:
    """Returns how a run ended that is over.

    Args:
        run: The run, as the API gives it.
        tasks: Its nodes.
        spec: Its PipelineSpec; {} if it is not known.
        lines: What its gates and pushers say of themselves, by node, as far as that is known.
    """
    state = run.get("state")
    places = pushes(telling_nodes(spec, {PUSHED_MODEL}), lines)
    if state == "SUCCEEDED":
        skipped = [task.name for task in tasks if task.state == "SKIPPED"]
        if skipped:
            return _skipped(skipped, tasks, spec, lines)
        if is_unsettled(run, tasks, named=bool(spec)):
            return _unsettled(tasks, spec, lines, places)
        return _succeeded(places)
    end = _failed(run, tasks)
    pushed = [f"; {place.destination}: {place.text}" for place in places if place.there]
    return Ending(FAILED, end + "".join(pushed))


def _succeeded(places: Sequence[Push]) -> Ending:
    if not any(place.text for place in places):
        return Ending(
            SUCCEEDED, "every node succeeded; Pusher's log says whether its model was pushed"
        )
    refused = any(place.refused for place in places)
    return Ending(REFUSED if refused else SUCCEEDED, model_line(places))


def _failed(run: Document, tasks: Sequence[Task]) -> str:
    if run.get("state") == "CANCELED":
        return "someone ended it before it was done"
    failed = [task for task in tasks if task.state == "FAILED"]
    if failed:
        names = ", ".join(task.name for task in failed)
        why = next((task.error for task in failed if task.error), "see its pod's log")
        return f"{names} failed: {why}"
    told = one_line(str((run.get("error") or {}).get("message") or ""))
    return told or f"the run ended as {str(run.get('state')).lower()}"


def _unsettled(
    tasks: Sequence[Task], spec: Mapping[str, Any], lines: Lines, places: Sequence[Push]
) -> Ending:
    """Where it is not known how nodes ended: a success only if no gate can have stopped them."""
    left = [task.name for task in tasks if task.state != "SUCCEEDED"]
    judges = _judges(left, spec)
    if refusals({name: lines.get(name, ()) for name in judges}):
        return _skipped(left, tasks, spec, lines)
    line = f"Kubeflow does not tell how {f'{len(left)} of its ' if left else 'its '}nodes ended"
    if silent := [name for name in judges if not lines.get(name)]:
        line += f"; whether {' or '.join(silent)} refused is in its log"
    if any(place.text for place in places):
        line += f"; {model_line(places)}"
    known = spec.get("root", {}).get("dag", {}).get("tasks", {})
    may_be_stopped = not left or any(
        name not in known or known[name].get("triggerPolicy", {}).get("condition") for name in left
    )
    refused = may_be_stopped or any(place.refused for place in places)
    return Ending(REFUSED if refused else SUCCEEDED, line)


def _skipped(
    skipped: Sequence[str], tasks: Sequence[Task], spec: Mapping[str, Any], lines: Lines
) -> Ending:
    judges = _judges(skipped, spec)
    idle = sum(task.state != "SUCCEEDED" for task in tasks)
    nodes = f"{idle} nodes behind it did" if idle > 1 else "the node behind it did"
    said = refusals({name: lines.get(name, ()) for name in judges})
    if said:
        gate, reason = said[0]
        line = f"{NOT_PUSHED}{gate} gate refused: {reason}; {nodes} not run"
    elif judges:
        line = f"{' and '.join(judges)} refused, and {nodes} not run; its verdict is in its log"
    else:
        line = f"a condition was not met, and {', '.join(skipped)} did not run"
    return Ending(REFUSED, line)


def _judges(skipped: Sequence[str], spec: Mapping[str, Any]) -> list[str]:
    tasks = spec.get("root", {}).get("dag", {}).get("tasks", {})
    found: dict[str, None] = {}
    for name in skipped:
        condition = tasks.get(name, {}).get("triggerPolicy", {}).get("condition", "")
        found.update(dict.fromkeys(_JUDGE.findall(condition)))
    return list(found)
