"""The conditions of gates as a table: what was measured, value, threshold, whether it holds."""

from collections.abc import Iterable
from typing import NamedTuple

from components.verdict import GateResult
from orchestration.local.text import Glyphs, Line, Span, cells, number_pair, pad

MAX_SUBJECT_WIDTH = 40


class _Row(NamedTuple):
    subject: str
    value: str
    sign: str
    limit: str
    mark: Span
    note: str
    detail: tuple[str, ...]


class GateTable:
    """Lines up the conditions of all gates.

    Args:
        results: The conditions; those of one gate are shown together.
        glyphs: The signs to use.
        label_width: Columns of the gate's name.
    """

    def __init__(self, results: Iterable[GateResult], glyphs: Glyphs, label_width: int) -> None:
        self._glyphs = glyphs
        self._label_width = label_width
        gates: dict[str, list[GateResult]] = {}
        for result in results:
            gates.setdefault(result.name, []).append(result)
        self._gates = {
            name: [self._row(result, note) for result, note in telling(conditions)]
            for name, conditions in gates.items()
        }
        rows = [row for gate in self._gates.values() for row in gate]
        self._widths = [max((cells(row[:4][i]) for row in rows), default=0) for i in range(4)]
        self._widths[0] = min(self._widths[0], MAX_SUBJECT_WIDTH)

    def lines(self) -> list[Line]:
        """Returns the table, the detail of a row that does not hold below it."""
        return [line for name, rows in self._gates.items() for line in self._gate(name, rows)]

    def _gate(self, name: str, rows: list[_Row]) -> list[Line]:
        lines = []
        label, last_detail = name, tuple[str, ...]()
        for row in rows:
            lines.append(self._line(label, row))
            label = ""
            if row.detail != last_detail:
                margin = " " * (self._label_width + 6)
                lines += [Line.of(margin, text, hang=len(margin)) for text in row.detail]
                last_detail = row.detail or last_detail
        return lines

    def _line(self, label: str, row: _Row) -> Line:
        subject, value, sign, limit = self._widths
        return Line.of(
            Span(f"  {pad(self._glyphs.show(label), self._label_width)}  ", "dim"),
            pad(row.subject, subject) + "  ",
            f"{row.value.rjust(value)} {row.sign.rjust(sign)} {row.limit.rjust(limit)} ",
            row.mark,
            Span(f"  {row.note}" if row.note else "", "dim"),
        )

    def _row(self, result: GateResult, note: str) -> _Row:
        change = result.bound == "min_change"
        metric = result.metric
        if change and not metric.endswith(" change"):
            metric += " change"
        value, limit = number_pair(result.value, result.threshold, signed=change)
        return _Row(
            subject="  ".join(map(self._glyphs.prose, filter(None, (metric, result.slice)))),
            value=self._glyphs.show(value),
            sign=self._glyphs.show("≤" if result.bound == "max" else "≥"),
            limit=self._glyphs.show(limit),
            mark=self._mark(result),
            note=note,
            detail=()
            if result.passed
            else tuple(
                self._glyphs.prose(line) for line in result.detail.splitlines() if line.strip()
            ),
        )

    def _mark(self, result: GateResult) -> Span:
        if result.passed:
            return Span(self._glyphs.ok, "green")
        if result.warns:
            return Span(self._glyphs.warning, "yellow")
        return Span(self._glyphs.bad, "red")


def telling(results: Iterable[GateResult]) -> list[tuple[GateResult, str]]:
    """Returns the conditions of one gate that are worth a line, each with a note.

    These are the ones on all rows of the data, every one that does not hold (those that refuse
    before those that warn), and of the slices that passed only the worst of each metric, which
    says how many others did.
    """
    shown: list[tuple[GateResult, str]] = []
    slices: dict[tuple[str, str], list[GateResult]] = {}
    for result in results:
        if not result.slice:
            shown.append((result, ""))
        else:
            slices.setdefault((result.metric, result.bound), []).append(result)
    for group in slices.values():
        passed = [result for result in group if result.passed]
        failed = [result for result in group if not result.passed]
        shown += [(result, "") for result in sorted(failed, key=lambda r: (r.warns, _margin(r)))]
        if passed:
            note = f"worst of {len(passed)} passed" if len(passed) > 1 else ""
            shown.append((min(passed, key=_margin), note))
    return shown


def _margin(result: GateResult) -> float:
    """Returns by how much a condition holds; what was not measured comes first."""
    if result.value is None or result.value != result.value:
        return -float("inf")
    distance = result.value - result.threshold
    return -distance if result.bound == "max" else distance
