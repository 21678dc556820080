"""One example followed through the model: raw, transformed, scores, answer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from orchestration.local.history.encoding import Encoded
from orchestration.local.history.folders import Recorded
from orchestration.local.history.row_values import Raw
from orchestration.local.history.showing import header_line
from orchestration.local.history.table import Cell, aligned
from orchestration.local.text import Glyphs, Line, Span
from serving.cells import Value
from usecase.labels import LabelSpec
from usecase.outputs import PROBABILITIES

DIGITS = 7  # of a float32
FINAL = {"binary": "sigmoid", "multiclass": "softmax"}


class Followed(NamedTuple):
    """All that became of one example.

    Attributes:
        chosen: The run whose model it is.
        origin: Which model that is, in words.
        label: The label.
        row: The raw values.
        features: The transformed features.
        label_value: What Transform made of the label's columns; NaN if they are not known.
        scores: The network's last layer; None where it cannot be had.
        outputs: The model's answer.
    """

    chosen: Recorded
    origin: str
    label: LabelSpec
    row: Sequence[Raw]
    features: Sequence[Encoded]
    label_value: float
    scores: list[float] | None
    outputs: dict[str, Any]


def row_lines(found: Followed, glyphs: Glyphs) -> list[Line]:
    """Returns one section for each step on the way."""
    show = glyphs.show
    sections: dict[str, Sequence[Sequence[Cell]]] = {
        "RAW": [_raw(raw, glyphs) for raw in found.row],
        "TRANSFORMED": [row for one in found.features for row in _feature(one, glyphs)],
        "SCORES": _scores(found, glyphs),
        "OUTPUT": [[show(n), show(text)] for n, text in _outputs(found)],
        "LABEL": _label(found, glyphs),
    }
    lines = [
        header_line(found.chosen, glyphs),
        Line.of(Span(show(f"  model: {found.origin}"), "dim")),
    ]
    for title, rows in sections.items():
        if rows:
            lines += [Line(), Line.of(Span(title, "bold")), *aligned(rows)]
    return lines


def row_json(found: Followed) -> dict[str, Any]:
    """Returns the same as JSON types."""
    return {
        "run_id": found.chosen.record.result.run_id,
        "model": found.origin,
        "raw": {
            raw.column.name: {
                "value": _plain(raw.value),
                "missing": raw.value is None or raw.is_sentinel,
                "note": raw.note,
            }
            for raw in found.row
        },
        "features": {
            one.feature.name: {
                "role": one.feature.declared.role,
                "values": one.values,
                "told": one.told,
            }
            for one in found.features
        },
        "scores": found.scores,
        "outputs": found.outputs,
        "label": found.label_value,
    }


def _raw(raw: Raw, glyphs: Glyphs) -> list[Cell]:
    if raw.value is None:
        value = Span("missing", "yellow")
    else:
        value = Span(glyphs.show(_text(_plain(raw.value))))
    notes = [raw.note, "the label's" if raw.is_label else ""]
    note = Span(glyphs.prose(", ".join(filter(None, notes))), "dim")
    return [glyphs.show(raw.column.name), value, Span(raw.column.dtype, "dim"), note]


def _feature(one: Encoded, glyphs: Glyphs) -> list[list[Cell]]:
    names = list(one.values) or [""]
    rows: list[list[Cell]] = [
        [
            glyphs.show(one.feature.name) if place == 0 else "",
            Span(one.feature.declared.role if place == 0 else "", "dim"),
            glyphs.show(name),
            _text(one.values[name]) if name else "",
            glyphs.prose(one.told) if place == 0 else "",
        ]
        for place, name in enumerate(names)
    ]
    return rows


def _scores(found: Followed, glyphs: Glyphs) -> list[list[Cell]]:
    if found.scores is None:
        return [["not known: a pushed version holds no network apart from its answers"]]
    if found.label.task == "regression":
        note = "deviations of the label from its mean, which the answer undoes"
        return [["score", _text(found.scores[0]), Span(note, "dim")]]
    note = f"{FINAL[found.label.task]} makes probabilities of logits"
    names = _classes(found.label) if found.label.task == "multiclass" else ["logit"]
    notes = [note, *([""] * (len(names) - 1))]
    return [
        [glyphs.show(name), _text(score), Span(text, "dim")]
        for name, score, text in zip(names, found.scores, notes, strict=True)
    ]


def _outputs(found: Followed) -> list[tuple[str, str]]:
    rows = []
    for name, value in found.outputs.items():
        if name == PROBABILITIES:
            pairs = zip(_classes(found.label), value, strict=True)
            rows += [(f"probability of {label}", _text(one)) for label, one in pairs]
        else:
            rows.append((name, _text(value)))
    return rows


def _label(found: Followed, glyphs: Glyphs) -> list[list[Cell]]:
    value, classes = found.label_value, found.label.classes
    if value != value:
        return []
    shown = str(classes[int(value)]) if classes else _text(value)
    return [[glyphs.show(found.label.name), glyphs.show(shown)]]


def _classes(label: LabelSpec) -> list[str]:
    return [str(value) for value in label.classes]


def _text(value: Any) -> str:
    """Returns a value with all digits that a float32 has, and no more."""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def _plain(value: Value | None) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
