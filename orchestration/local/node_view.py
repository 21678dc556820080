"""The head of a run and its nodes, one line each."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.local.asked import Asked
from orchestration.local.text import (
    Glyphs,
    Line,
    Span,
    cells,
    duration,
    number,
    pad,
    shorten,
)
from orchestration.reasons import ALWAYS, FIRST_RUN
from orchestration.results import NodeResult

TIME_WIDTH = 7
LEAST_REASON = 12
SEPARATOR = " · "


@dataclasses.dataclass(frozen=True)
class RunHeader:
    """What a run is, before it starts.

    Attributes:
        use_case: For example "taxi".
        run_id: For example "2026-11-20T23-20-01".
        platform: Where it runs, for example "local".
        device: What it runs on, for example "cpu".
        asked: What it was asked for.
    """

    use_case: str
    run_id: str
    platform: str
    device: str
    asked: Asked

    def line(self, glyphs: Glyphs) -> Line:
        """Returns the first line of the output."""
        parts = [f"run {self.run_id}", self.platform, self.device]
        asked = self.asked
        parts += [f"config {asked.config}"] if asked.config else []
        parts += [f"--set {text}" for text in asked.overrides]
        parts += [asked.selection] if asked.selection else []
        rest = SEPARATOR + SEPARATOR.join(parts)
        return Line.of(Span(glyphs.show(self.use_case), "bold"), glyphs.show(rest), hang=2)


@dataclasses.dataclass(frozen=True)
class NodeView:
    """Writes the lines of nodes, in columns.

    Attributes:
        glyphs: The signs to use.
        stage_width: Columns of the stage.
        id_width: Columns of the node's id.
    """

    glyphs: Glyphs
    stage_width: int = 12
    id_width: int = 17

    @classmethod
    def of(cls, glyphs: Glyphs, nodes: Iterable[tuple[str, str]]) -> "NodeView":
        """Returns a view whose columns fit the nodes, each (id, stage)."""
        nodes = tuple(nodes)
        stage_width = max((cells(stage) for _, stage in nodes), default=10) + 2
        return cls(glyphs, stage_width, max((cells(node) for node, _ in nodes), default=16) + 1)

    def finished(self, node: NodeResult, width: int | None = None) -> Line:
        """Returns the line of a node that is done, cut to the given columns."""
        glyph, style = self._sign(node)
        time = duration(node.seconds, tenths=True)
        if node.state in ("cached", "skipped"):
            time = node.state
        text = self._fit([self.glyphs.prose(note) for note in _notes(node)], width)
        return self._row((glyph, style), (node.stage, node.id, time), text, width)

    def running(
        self, node: tuple[str, str], frame: str, seconds: float, note: str, width: int | None
    ) -> Line:
        """Returns the line of a node at work: (id, stage), the spinner's frame, elapsed time."""
        cells_of_node = (node[1], node[0], duration(seconds))
        return self._row((frame, "cyan"), cells_of_node, self.glyphs.show(note), width)

    def stopped(self, node: tuple[str, str], seconds: float, width: int | None = None) -> Line:
        """Returns the line of a node that was interrupted."""
        parts = (node[1], node[0], duration(seconds, tenths=True))
        return self._row((self.glyphs.bad, "red"), parts, "stopped", width)

    def waiting(self, node: tuple[str, str], width: int | None = None, note: str = "") -> Line:
        """Returns the line of a node that has not run."""
        row = self._row((self.glyphs.waiting, ""), (node[1], node[0], ""), note, width)
        return Line.of(Span(row.text, "dim"))

    def room(self, width: int | None) -> int | None:
        """Returns the columns that are left for a note."""
        if width is None:
            return None
        taken = 2 + self.glyphs.width + 1 + self.stage_width + self.id_width + TIME_WIDTH + 3
        return max(width - taken, 0)

    def _sign(self, node: NodeResult) -> tuple[str, str]:
        if node.refused or node.state == "failed":
            return self.glyphs.bad, "red"
        if node.state == "skipped":
            return self.glyphs.skipped, "dim"
        return self.glyphs.ok, "green"

    def _fit(self, notes: list[str], width: int | None) -> str:
        """Joins notes; where there is too little room, the first gives way to the last."""
        separator, dots = self.glyphs.show(SEPARATOR), self.glyphs.ellipsis
        text = separator.join(notes)
        room = self.room(width)
        if room is None or cells(text) <= room:
            return text
        left = room - cells(separator + notes[-1])
        if len(notes) == 2 and left >= LEAST_REASON:
            return shorten(notes[0], left, dots) + separator + notes[1]
        return shorten(text, room, dots)

    def _row(
        self, sign: tuple[str, str], node: tuple[str, str, str], note: str, width: int | None
    ) -> Line:
        stage, name, time = node
        line = Line.of(
            "  ",
            Span(pad(sign[0], self.glyphs.width), sign[1]),
            " " + pad(stage, self.stage_width),
            pad(name, self.id_width),
            Span(time.rjust(TIME_WIDTH), "dim"),
            "   " + note,
        )
        return line if width is None else line.fit(width, self.glyphs.ellipsis)


def _notes(node: NodeResult) -> list[str]:
    """Returns what stands right of a node's time: why it ran, and the fact that matters."""
    notes = [node.reason, node.fact]
    if node.state == "failed":
        notes = [f"failed: {node.reason or node.fact}".removesuffix(": ")]
    elif node.state == "ran" and node.refused:
        notes = [node.fact or node.reason]
    elif node.state == "ran":
        notes = ["" if node.reason in ("", FIRST_RUN, ALWAYS) else f"ran: {node.reason}", node.fact]
    return [note for note in notes if note]


def progress_text(progress: Mapping[str, Any], room: int | None = None) -> str:
    """Returns how far training is; the least telling parts give way where room is short."""
    rate, left = _real(progress, "steps_per_second"), _real(progress, "seconds_left")
    loss = _real(progress, "loss")
    parts = {
        "place": _place(progress),
        "loss": "" if loss is None else f"loss {number(loss)}",
        "rate": "" if rate is None else f"{number(rate, 0 if rate >= 10 else 1)} steps/s",
        "left": f"ETA {duration(left)}" if left and math.isfinite(left) else "",
    }
    text = ""
    for dropped in ((), ("rate",), ("rate", "loss"), ("rate", "loss", "left")):
        text = "  ".join(part for name, part in parts.items() if part and name not in dropped)
        if room is None or cells(text) <= room:
            break
    return text


def _place(progress: Mapping[str, Any]) -> str:
    """Returns the trial of a search, and the epoch, or the step where there is but one epoch."""
    trial = f"trial {progress['trial']}/{progress['trials']}  " if "trial" in progress else ""
    many_epochs = progress.get("epochs") != 1 and progress.get("epoch") is not None
    one, many = ("epoch", "epochs") if many_epochs else ("step", "steps")
    if progress.get(one) is None:
        return ""
    total = "" if progress.get(many) is None else f"/{progress[many]}"
    return f"{trial}{one} {progress[one]}{total}"


def _real(progress: Mapping[str, Any], name: str) -> float | None:
    value = progress.get(name)
    return None if value is None else float(value)
