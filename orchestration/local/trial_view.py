"""The trials of a search as a table, the chosen one first."""

from collections.abc import Sequence
from typing import Any

from models.trials import Trial
from orchestration.local.columns import blocks, right_aligned
from orchestration.local.text import Glyphs, Line, Span, cells, number, pad

MOST_ROWS = 10
TABLE_WIDTH = 80
OWN = "config"


def trial_lines(
    trials: Sequence[Trial], glyphs: Glyphs, label_width: int = 0, most: int = MOST_ROWS
) -> list[Line]:
    """Returns the table; nothing where there was no search.

    Args:
        trials: The trials, the chosen one first.
        glyphs: The signs to use.
        label_width: Columns that the labels of other lines take.
        most: How many trials are shown; the configuration's own is always among them.
    """
    if not trials:
        return []
    shown = _shown(trials, most)
    labels = ["", "trial", *(_label(trial) for trial in shown)]
    width = max(label_width, *map(cells, labels))
    columns = [right_aligned(texts) for texts in _columns(shown)]
    lines: list[Line] = []
    for block in blocks(columns, TABLE_WIDTH - 4 - width):
        lines.append(Line())
        for place, (label, *texts) in enumerate(zip(labels, *block, strict=True)):
            head = f"  {pad(label, width)}  "
            row = glyphs.show("  ".join(texts))
            lines.append(Line.of(Span(head, "dim"), Span(row, "dim" if place < 2 else "")))
    if left := len(trials) - len(shown):
        lines.append(Line.of(Span(f"  {pad('', width)}  and {left} more, in the log", "dim")))
    return lines


def _shown(trials: Sequence[Trial], most: int) -> list[Trial]:
    shown = list(trials[:most])
    own = [trial for trial in trials if trial.is_own]
    return shown if own[0] in shown else shown[:-1] + own


def _label(trial: Trial) -> str:
    return f"{trial.number} {OWN}" if trial.is_own else str(trial.number)


def _columns(trials: Sequence[Trial]) -> list[list[str]]:
    """Returns the columns, each with a head of two lines."""
    losses = ["failed" if t.eval_loss is None else number(t.eval_loss, 4) for t in trials]
    epochs = ["" if t.eval_loss is None else str(t.epochs) for t in trials]
    fields = [
        [*_head(name), *(_text(trial.values[name]) for trial in trials)]
        for name in trials[0].values
    ]
    gains = ["" if t.gain is None or t.is_own else f"{t.gain:+.1f}" for t in trials]
    return [["eval", "loss", *losses], ["gain", "in SE", *gains], ["", "epochs", *epochs], *fields]


def _head(name: str) -> tuple[str, str]:
    """Returns the name of a field in two lines, as narrow as they can be."""
    words = name.rpartition(".")[2].split("_")
    splits = [("_".join(words[:k]), "_".join(words[k:])) for k in range(len(words))]
    return min(splits, key=lambda lines: max(map(len, lines)))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
