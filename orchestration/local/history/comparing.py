"""What two runs differ in: what they were made of, and what came of it."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from components.verdict import GateResult
from orchestration.local.history.ingredients import code_of, files_of, lock_of
from orchestration.local.history.metrics import higher_is_better
from orchestration.reasons import flatten
from orchestration.records import RunRecord

Judgement = Literal["better", "worse", "same", ""]
WORDS = {"None": "null", "True": "true", "False": "false"}  # as YAML and JSON have them
ROWS, SPLIT = "rows", "split="
ROUNDING = 1e-6


class Change(NamedTuple):
    """One entry that differs; None where it is not there."""

    name: str
    before: str | None
    after: str | None


class Numbers(NamedTuple):
    """One number in both runs; None where it was not measured.

    Attributes:
        name: What was measured.
        before: In the first run.
        after: In the second run.
        judgement: What the second run made of it; "" where neither end is better.
    """

    name: str
    before: float | None
    after: float | None
    judgement: Judgement = ""

    @property
    def gain(self) -> float | None:
        """By how much it grew; None where it was not measured in both."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def is_same(self) -> bool:
        """Whether both are one number, but for the rounding of a float32."""
        known = self.before is not None and self.after is not None
        return known and math.isclose(self.before or 0.0, self.after or 0.0, rel_tol=ROUNDING)


class Condition(NamedTuple):
    """A condition of a gate that holds in one run alone, as it was measured in the second."""

    result: GateResult
    held: bool


@dataclasses.dataclass(frozen=True)
class Difference:
    """All that two runs differ in.

    Attributes:
        before: The first run.
        after: The second run.
        config: Keys of the configuration, dotted; None if a record does not hold it.
        data: Data files, by digest; None if a record does not hold them.
        rows: Rows of each split.
        files: Files that nodes were given by path, the schema among them, by digest.
        code: Files of code, by digest.
        lock: The dependency locks; None if they are the same.
        metrics: Every metric of the model, of the linear baseline and of the last pushed model.
        conditions: Conditions of gates that hold in one of the runs alone.
        seconds: Of each node that ran in one of them, and in all.
    """

    before: RunRecord
    after: RunRecord
    config: tuple[Change, ...] | None
    data: tuple[Change, ...] | None
    rows: tuple[Numbers, ...]
    files: tuple[Change, ...]
    code: tuple[Change, ...]
    lock: Change | None
    metrics: tuple[Numbers, ...]
    conditions: tuple[Condition, ...]
    seconds: tuple[Numbers, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns it as plain JSON types."""
        return {
            "before": _told(self.before),
            "after": _told(self.after),
            "config": _raw(self.config),
            "data": _raw(self.data),
            "rows": _raw(self.rows),
            "files": _raw(self.files),
            "code": _raw(self.code),
            "lock": self.lock._asdict() if self.lock else None,
            "metrics": _raw(self.metrics),
            "conditions": [
                {**dataclasses.asdict(one.result), "held": one.held} for one in self.conditions
            ],
            "seconds": _raw(self.seconds),
        }


def difference(before: RunRecord, after: RunRecord) -> Difference:
    """Holds two runs against each other.

    Args:
        before: The first run.
        after: The second run.
    """
    locks = Change("lock", lock_of(before), lock_of(after))
    return Difference(
        before=before,
        after=after,
        config=changes(_config(before), _config(after)) if before.config and after.config else None,
        data=changes(before.data, after.data) if before.data and after.data else None,
        rows=_numbers(_rows(before), _rows(after)),
        files=changes(files_of(before), files_of(after)),
        code=changes(code_of(before), code_of(after)),
        lock=locks if locks.before != locks.after else None,
        metrics=_metrics(before, after),
        conditions=_conditions(before, after),
        seconds=_seconds(before, after),
    )


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Returns the entries that are not the same in both, by name."""
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _config(record: RunRecord) -> dict[str, str]:
    return {name: WORDS.get(text, text) for name, text in flatten(record.config).items()}


def _rows(record: RunRecord) -> dict[str, float]:
    return {
        gate.slice.removeprefix(SPLIT): gate.value
        for gate in record.result.gates
        if gate.metric == ROWS and gate.slice.startswith(SPLIT) and gate.value is not None
    }


def _metrics(before: RunRecord, after: RunRecord) -> tuple[Numbers, ...]:
    pairs = _numbers(before.result.metrics, after.result.metrics)
    return tuple(pair._replace(judgement=_judged(after, pair)) for pair in pairs)


def _judged(record: RunRecord, pair: Numbers) -> Judgement:
    higher = higher_is_better(record, pair.name)
    if pair.before is None or pair.after is None or higher is None:
        return ""
    if pair.is_same:
        return "same"
    gained = pair.after > pair.before if higher else pair.after < pair.before
    lost = pair.after < pair.before if higher else pair.after > pair.before
    return "better" if gained else "worse" if lost else ""  # of NaN, neither


def _conditions(before: RunRecord, after: RunRecord) -> tuple[Condition, ...]:
    held = {_condition(gate): gate.passed for gate in before.result.gates}
    return tuple(
        Condition(gate, held[_condition(gate)])
        for gate in after.result.gates
        if held.get(_condition(gate), gate.passed) != gate.passed
    )


def _condition(gate: GateResult) -> tuple[str, str, str, str]:
    return gate.name, gate.metric, gate.slice, gate.bound


def _seconds(before: RunRecord, after: RunRecord) -> tuple[Numbers, ...]:
    first, second = (
        {node.id: node.seconds for node in record.result.nodes if node.state in ("ran", "failed")}
        for record in (before, after)
    )
    total = Numbers("in all", before.result.seconds, after.result.seconds)
    return (*_numbers(first, second), total)


def _numbers(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[Numbers, ...]:
    names = dict.fromkeys([*before, *after])
    return tuple(Numbers(name, before.get(name), after.get(name)) for name in names)


def _raw(entries: tuple[Any, ...] | None) -> list[dict[str, Any]] | None:
    return None if entries is None else [entry._asdict() for entry in entries]


def _told(record: RunRecord) -> dict[str, Any]:
    result = record.result
    return {
        "run_id": result.run_id,
        "use_case": record.use_case,
        "verdict": result.verdict,
        "headline": result.headline,
        "selection": record.selection,
    }
