"""The difference of two runs, in words."""

import os
from collections.abc import Sequence
from pathlib import Path

from orchestration.local.history.comparing import Change, Condition, Difference, Numbers
from orchestration.local.history.table import Cell, aligned
from orchestration.local.text import Glyphs, Line, Span, duration, number, number_pair, pad
from orchestration.local.verdict_view import WORDS
from orchestration.records import RunRecord

LABEL_WIDTH = 7
ARROW = "→"
MOST_FILES = 8
SAME = "the same"
STYLES = {"better": "green", "worse": "red"}
Rows = Sequence[Sequence[Cell]]


def diff_lines(found: Difference, glyphs: Glyphs) -> list[Line]:
    """Returns one section for each thing that runs can differ in."""
    view = _View(glyphs)
    return [
        view.header(found),
        Line(),
        *view.verdict(found),
        *view.section("config", view.keys(found.config, found)),
        *view.section("data", [*view.files(found.data, found), *view.counts(found.rows)]),
        *view.section("files", view.files(found.files, found)),
        *view.section("code", view.files(found.code, found)),
        *view.section("lock", [["changed"]] if found.lock else []),
        *view.section("metrics", [view.metric(pair) for pair in found.metrics], right=(1, 3, 4)),
        *view.section("gates", [view.condition(one) for one in found.conditions]),
        *view.section("time", [view.seconds(pair) for pair in found.seconds], right=(1, 3, 4)),
    ]


class _View:
    def __init__(self, glyphs: Glyphs) -> None:
        self._show = glyphs.show
        self._prose = glyphs.prose
        self._arrow = glyphs.show(ARROW)
        self._glyphs = glyphs

    def header(self, found: Difference) -> Line:
        ids = [record.result.run_id for record in (found.before, found.after)]
        names = dict.fromkeys([found.before.use_case, found.after.use_case])
        use_case = f" {ARROW} ".join(names)
        rest = self._show(f" · run {ids[0]} {ARROW} {ids[1]}")
        return Line.of(Span(self._show(use_case), "bold"), rest)

    def verdict(self, found: Difference) -> list[Line]:
        rows = [[*self._told(found.before)], [*self._told(found.after)]]
        for row, sign in zip(rows, ("", self._arrow), strict=True):
            row.insert(0, sign)
        return self.section("verdict", rows)

    def section(self, label: str, rows: Rows, right: Sequence[int] = ()) -> list[Line]:
        lines = aligned(rows, right=right, indent=0) if rows else [Line.of(Span(SAME, "dim"))]
        heads = [label, *([""] * (len(lines) - 1))]
        return [
            Line.of(Span(f"  {pad(head, LABEL_WIDTH)}  ", "dim"), *line.spans)
            for head, line in zip(heads, lines, strict=True)
        ]

    def keys(self, changed: Sequence[Change] | None, found: Difference) -> Rows:
        if changed is None:
            return [[self._not_recorded(found, [bool(r.config) for r in _both(found)])]]
        return [
            [self._show(one.name), self._value(one.before), self._arrow, self._value(one.after)]
            for one in changed
        ]

    def files(self, changed: Sequence[Change] | None, found: Difference) -> Rows:
        if changed is None:
            return [[self._not_recorded(found, [bool(r.data) for r in _both(found)]), ""]]
        common = _common([one.name for one in changed])
        rows: list[Sequence[Cell]] = [
            [_what(one), self._show(_below(one.name, common))] for one in changed[:MOST_FILES]
        ]
        more = len(changed) - MOST_FILES
        return [*rows, ["", f"and {more} more"]] if more > 0 else rows

    def counts(self, rows: Sequence[Numbers]) -> Rows:
        return [
            ["rows", self._show(f"{one.name} {number(one.before)} {ARROW} {number(one.after)}")]
            for one in rows
            if one.before != one.after
        ]

    def metric(self, pair: Numbers) -> list[Cell]:
        before, after = map(self._show, _alike(pair))
        change = 0.0 if pair.is_same else pair.gain
        gain = "" if change is None else self._show(number(change, signed=True))
        judged = Span(pair.judgement, STYLES.get(pair.judgement, "dim"))
        row = [self._show(pair.name), before, self._arrow, after, gain]
        return [*row, judged]

    def condition(self, one: Condition) -> list[Cell]:
        gate = one.result
        where = f"  {gate.slice}" if gate.slice else ""
        value, limit = number_pair(gate.value, gate.threshold)
        sign = "≤" if gate.bound == "max" else "≥"
        now = Span("holds now", "green") if gate.passed else Span("holds no more", "red")
        name = self._prose(f"{gate.name}: {gate.metric}{where}")
        return [name, self._show(f"{value} {sign} {limit}"), now]

    def seconds(self, pair: Numbers) -> list[Cell]:
        before, after = (
            "-" if value is None else duration(value, tenths=True) for value in pair[1:3]
        )
        gain = "" if pair.gain is None else self._show(number(pair.gain, 1, signed=True) + "s")
        return [self._show(pair.name), before, self._arrow, after, gain]

    def _told(self, record: RunRecord) -> list[Cell]:
        word, style = WORDS[record.result.verdict]
        return [Span(word, style), self._prose(record.result.headline)]

    def _not_recorded(self, found: Difference, known: Sequence[bool]) -> str:
        missing = [
            r.result.run_id for r, is_known in zip(_both(found), known, strict=True) if not is_known
        ]
        return self._show(f"not in the record of {' and '.join(missing)}")

    def _value(self, text: str | None) -> str:
        return "-" if text is None else self._prose(text)


def _both(found: Difference) -> tuple[RunRecord, RunRecord]:
    return found.before, found.after


def _what(one: Change) -> str:
    if one.before is None:
        return "added"
    return "gone" if one.after is None else "changed"


def _common(paths: Sequence[str]) -> str:
    """Returns the folder that all paths are in; "" of one, or if not all are alike absolute."""
    mixed = len({Path(path).is_absolute() for path in paths}) > 1
    return os.path.commonpath(paths) if len(paths) > 1 and not mixed else ""


def _below(path: str, common: str) -> str:
    return os.path.relpath(path, common) if common.count("/") > 1 else path


def _alike(pair: Numbers) -> tuple[str, str]:
    """Returns both numbers with enough digits to tell one from the other."""
    if pair.after is None or pair.is_same:
        return number(pair.before), "-" if pair.after is None else number(pair.after)
    before, after = number_pair(pair.before, pair.after)
    return ("-" if pair.before is None else before), after
