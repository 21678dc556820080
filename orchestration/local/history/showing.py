"""One run as its console showed it, and what it was made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration import fingerprints
from orchestration.local.history.folders import Recorded
from orchestration.local.history.ingredients import code_of, files_of, lock_of
from orchestration.local.history.table import Cell, aligned
from orchestration.local.json_console import run_json
from orchestration.local.node_view import SEPARATOR, NodeView
from orchestration.local.text import Glyphs, Line, Span
from orchestration.local.verdict_view import verdict_lines
from orchestration.records import RunRecord

MOST_FILES = 5


def show_lines(chosen: Recorded, glyphs: Glyphs) -> list[Line]:
    """Returns the head of the run, its nodes, its verdict, and what it was made of."""
    run, record = chosen
    result = record.result
    view = NodeView.of(glyphs, [(node.id, node.stage) for node in result.nodes])
    return [
        header_line(chosen, glyphs),
        Line(),
        *(view.finished(node) for node in result.nodes),
        Line(),
        *verdict_lines(result, glyphs, run.asked if run.is_repeatable else None),
        Line(),
        *made_of_lines(record, glyphs),
    ]


def header_line(chosen: Recorded, glyphs: Glyphs) -> Line:
    """Returns the line that names the run."""
    run, record = chosen
    parts = [f"run {record.result.run_id}", f"config {run.config}" if run.config else ""]
    parts += [*(f"--set {text}" for text in record.overrides), record.selection]
    rest = "".join(SEPARATOR + part for part in parts if part)
    return Line.of(Span(glyphs.show(record.use_case), "bold"), glyphs.show(rest), hang=2)


def made_of_lines(record: RunRecord, glyphs: Glyphs) -> list[Line]:
    """Returns data, files, code and lock, each with its digest."""
    code = code_of(record)
    rows: list[Sequence[Cell]] = [
        *_files("data", record.data, glyphs),
        *_files("files", files_of(record), glyphs),
    ]
    if code:
        files = "1 file" if len(code) == 1 else f"{len(code)} files"
        rows.append([Span("code", "dim"), files, fingerprints.combined(code)])
    if lock := lock_of(record):
        rows.append([Span("lock", "dim"), "", lock])
    if not rows:
        return []
    return [Line.of(Span("MADE OF", "bold")), *aligned(rows)]


def show_json(chosen: Recorded) -> dict[str, Any]:
    """Returns the run as `run --json` printed it, and what it was made of."""
    record = chosen.record
    made_of = {
        "config": record.config,
        "overrides": record.overrides,
        "selection": record.selection,
        "data": record.data,
        "files": files_of(record),
        "code": code_of(record),
        "lock": lock_of(record),
    }
    return {**run_json(record.result), "use_case": record.use_case, "made_of": made_of}


def _files(label: str, digests: Mapping[str, str], glyphs: Glyphs) -> list[Sequence[Cell]]:
    shown = list(digests.items())[:MOST_FILES]
    rows: list[Sequence[Cell]] = [
        [Span(label if place == 0 else "", "dim"), glyphs.show(path), digest]
        for place, (path, digest) in enumerate(shown)
    ]
    if more := len(digests) - len(shown):
        rows.append(["", f"and {more} more", fingerprints.combined(dict(digests))])
    return rows
