"""The runs of an output folder, as a table."""

from collections.abc import Sequence
from typing import Any

from orchestration.local.history.folders import AT_WORK, Run
from orchestration.local.history.metrics import main_metric
from orchestration.local.history.table import Cell, aligned
from orchestration.local.text import Glyphs, Line, Span, duration, number, shorten
from orchestration.local.verdict_view import WORDS
from orchestration.records import RunRecord
from orchestration.results import RunResult

HEAD = ("run", "use case", "verdict", "metric", "version", "time", "why")
NUMBERS = (4, 5)
HEADLINE_WIDTH = 56
NONE_YET = "no runs in {place}"


def list_lines(runs: Sequence[Run], glyphs: Glyphs, place: str) -> list[Line]:
    """Returns the table, newest first; batch predictions and the like are only counted.

    Args:
        runs: All runs, newest first.
        glyphs: The signs to use.
        place: The output folder, as it is told where there is no run.
    """
    shown = [run for run in runs if run.use_case]
    lines = []
    if shown:
        head = [Span(text, "dim") for text in HEAD]
        lines = aligned([head, *(_row(run, glyphs) for run in shown)], right=NUMBERS)
    else:
        lines = [Line.of(glyphs.show("  " + NONE_YET.format(place=place)))]
    if others := len(runs) - len(shown):
        what = "another folder" if others == 1 else f"{others} other folders"
        note = f"  {what} without a record: batch predictions, or runs of an older version"
        lines += [Line(), Line.of(Span(note, "dim"))]
    return lines


def list_json(runs: Sequence[Run]) -> dict[str, Any]:
    """Returns the same as JSON types."""
    return {"runs": [_raw(run) for run in runs if run.use_case]}


def pushed_version(result: RunResult) -> int | None:
    """Returns the version that a run pushed to serve, else to phones; None if it pushed none."""
    return next((place.version for place in result.destinations if place.pushed), None)


def _row(run: Run, glyphs: Glyphs) -> list[Cell]:
    head: list[Cell] = [glyphs.show(run.run_id), glyphs.show(run.use_case)]
    if run.record is None:
        style = "cyan" if run.state == AT_WORK else "bold red"
        why = "" if run.state == AT_WORK else f"see {run.log.name}"
        return [*head, Span(run.state.upper(), style), "", "", "", why]
    result = run.record.result
    word, style = WORDS[result.verdict]
    metric, version = main_metric(run.record), pushed_version(result)
    return [
        *head,
        Span(word, style),
        glyphs.show(f"{metric[0]} {number(metric[1])}") if metric else "",
        str(version) if version else "",
        duration(result.seconds),
        shorten(glyphs.prose(_why(run.record)), HEADLINE_WIDTH, glyphs.ellipsis),
    ]


def _why(record: RunRecord) -> str:
    """Returns the headline, behind the options of a run that was only a part of the pipeline."""
    return " · ".join(filter(None, [record.selection, record.result.headline]))


def _raw(run: Run) -> dict[str, Any]:
    record = run.record
    if record is None:
        empty = dict.fromkeys(("headline", "metric", "version", "seconds"))
        return {"run_id": run.run_id, "use_case": run.use_case, "state": run.state, **empty}
    metric = main_metric(record)
    return {
        "run_id": run.run_id,
        "use_case": run.use_case,
        "state": record.result.verdict,
        "headline": record.result.headline,
        "metric": {"name": metric[0], "value": metric[1]} if metric else None,
        "version": pushed_version(record.result),
        "seconds": record.result.seconds,
        "selection": record.selection,
    }
