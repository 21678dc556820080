"""Why a run pushed or did not, why each node ran, and what to look at next."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from orchestration.headlines import SERVING
from orchestration.local.history.advice import Advice, advice
from orchestration.local.history.deciding import Judged, judged, margin, told
from orchestration.local.history.folders import Recorded, Run
from orchestration.local.history.showing import header_line
from orchestration.local.history.table import Cell, aligned
from orchestration.local.text import Glyphs, Line, Span
from orchestration.local.verdict_view import verdict_line
from orchestration.results import Destination, NodeResult
from pipeline.stage_names import SERVING_GATE

NAMES = {
    "DataGate": "data",
    "Evaluator": "quality",
    SERVING_GATE: "serving",
    "TFLiteGate": "tflite",
}
DONE = {"ran": "ran", "cached": "reused", "skipped": "skipped", "failed": "failed"}
MOST_REFUSALS = 10


@dataclasses.dataclass(frozen=True)
class Explained:
    """A run, explained.

    Attributes:
        chosen: The run.
        gates: The gates that were reached.
        unreached: The other gates: their names and why.
        next: What to look at.
    """

    chosen: Recorded
    gates: tuple[Judged, ...]
    unreached: tuple[tuple[str, str], ...]
    next: tuple[Advice, ...]


def explained(chosen: Recorded, runs: Sequence[Run]) -> Explained:
    """Explains a run.

    Args:
        chosen: The run.
        runs: All runs, newest first, in which the last one before it that pushed is found.
    """
    result = chosen.record.result
    gates = judged(result.gates)
    reached = {gate.name for gate in gates}
    unreached = [
        (NAMES[node.id], node.reason)
        for node in result.nodes
        if node.id in NAMES and NAMES[node.id] not in reached
    ]
    next_ = advice(chosen, gates, _last_pushed(chosen, runs))
    return Explained(chosen, tuple(gates), tuple(unreached), tuple(next_))


def explain_lines(found: Explained, glyphs: Glyphs) -> list[Line]:
    """Returns the explanation: destinations, gates, nodes, and what to type next."""
    result = found.chosen.record.result
    lines = [header_line(found.chosen, glyphs), Line(), verdict_line(result, glyphs)]
    lines += aligned([_place(place, glyphs) for place in result.destinations] or [[""]])
    lines += [Line(), Line.of(Span("GATES", "bold"))]
    rows = [row for gate in found.gates for row in _gate(gate, glyphs)]
    rows += [
        [glyphs.show(name), Span("not reached", "dim"), glyphs.prose(why)]
        for name, why in found.unreached
    ]
    lines += aligned(rows) if rows else [Line.of("  none was reached")]
    lines += [Line(), Line.of(Span("NODES", "bold"))]
    lines += aligned([_node(node, glyphs) for node in result.nodes] or [["none"]])
    if found.next:
        lines += [Line(), Line.of(Span("NEXT", "bold"))]
        lines += [
            Line.of("  ", glyphs.show(text))
            for one in found.next
            for text in (one.command, f"    {one.why}")
        ]
    return lines


def explain_json(found: Explained) -> dict[str, Any]:
    """Returns the same as JSON types."""
    result = found.chosen.record.result
    return {
        "run_id": result.run_id,
        "use_case": found.chosen.record.use_case,
        "verdict": result.verdict,
        "headline": result.headline,
        "destinations": [dataclasses.asdict(place) for place in result.destinations],
        "gates": [
            {
                "name": gate.name,
                "passed": gate.passed,
                "deciding": [
                    {**dataclasses.asdict(r), "margin": margin(r), "told": told(r)}
                    for r in gate.deciding
                ],
            }
            for gate in found.gates
        ],
        "not_reached": [{"name": name, "reason": why} for name, why in found.unreached],
        "nodes": [{"id": n.id, "state": n.state, "reason": n.reason} for n in result.nodes],
        "next": [one._asdict() for one in found.next],
    }


def _last_pushed(chosen: Recorded, runs: Sequence[Run]) -> str:
    """Returns the last run before it, of the same use case, that pushed to serve; "" if none."""
    for run in runs:
        is_earlier = run.run_id < chosen.run.run_id and run.use_case == chosen.run.use_case
        places = run.record.result.destinations if run.record else ()
        if is_earlier and any(place.pushed and place.name == SERVING for place in places):
            return run.run_id
    return ""


def _place(place: Destination, glyphs: Glyphs) -> list[Cell]:
    if place.pushed:
        what = Span(f"version {place.version} pushed", "green")
    elif place.refused:
        what = Span(glyphs.prose(f"not pushed: {place.refused}"), "yellow")
    elif place.version is not None:
        what = Span(f"not pushed: version {place.version} is there as before")
    else:
        what = Span("not pushed: nothing is there yet")
    return [Span(glyphs.show(place.name), "dim"), what]


def _gate(gate: Judged, glyphs: Glyphs) -> list[list[Cell]]:
    word = Span("passed", "green") if gate.passed else Span("refused", "red")
    shown = gate.deciding[:MOST_REFUSALS]
    texts = [glyphs.prose(told(result)) for result in shown]
    if gate.passed:
        texts = [f"nearest of {gate.conditions}: {text}" for text in texts]
    elif (more := len(gate.deciding) - MOST_REFUSALS) > 0:
        texts.append(f"and {more} more")
    rows: list[list[Cell]] = [["", "", text] for text in texts or [""]]
    rows[0][:2] = [glyphs.show(gate.name), word]
    return rows


def _node(node: NodeResult, glyphs: Glyphs) -> list[Cell]:
    style = {"failed": "red", "skipped": "dim"}.get(node.state, "")
    state = Span(DONE.get(node.state, node.state), style)
    return [glyphs.show(node.id), state, glyphs.prose(node.reason)]
