"""What a run says while it runs, and the verdict: in plain lines, or the verdict alone."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, TextIO

from orchestration.local.asked import Asked
from orchestration.local.node_view import NodeView, RunHeader, progress_text
from orchestration.local.text import UNICODE, Glyphs, Line, Span, encodable, glyphs_for
from orchestration.local.verdict_view import quiet_lines, verdict_lines
from orchestration.results import NodeResult, RunResult
from usecase.errors import UserError

SECONDS_BETWEEN_PROGRESS = 10.0


class Writer(Protocol):
    """Where lines go."""

    @property
    def glyphs(self) -> Glyphs:
        """The signs that it can show."""

    def write(self, *lines: Line) -> None:
        """Writes whole lines at once."""


class PlainWriter:
    """Writes lines without styles, never cut or wrapped.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.glyphs = glyphs_for(stream)

    def write(self, *lines: Line) -> None:
        """Writes whole lines at once."""
        text = "".join(line.text + "\n" for line in lines)
        self._stream.write(encodable(text, self._stream))
        self._stream.flush()


class Console:
    """Says nothing but errors; the other consoles build on it.

    Use it as a context manager, or call `close`, so that the terminal is left as it was.

    Args:
        errors: Makes the writer of errors.
    """

    def __init__(self, errors: Callable[[], Writer]) -> None:
        self._errors = errors

    def start(self, header: RunHeader, nodes: Sequence[tuple[str, str]]) -> None:
        """Announces a run and its nodes in order, each (id, stage)."""

    def node_started(self, node_id: str) -> None:
        """A node is at work from now on."""

    def progress(self, progress: Mapping[str, Any]) -> None:
        """The running node trains: epoch, epochs, step, steps, loss, steps_per_second, ..."""

    def node_finished(self, result: NodeResult) -> None:
        """A node is done."""

    def finish(self, result: RunResult) -> None:
        """The run is done; says the verdict."""

    def error(self, error: UserError) -> None:
        """Says what the user can mend: what happened, what was expected, the fix."""
        writer = self._errors()
        first, *rest = str(error).splitlines() or [""]
        label = Span("error:", "bold red")
        writer.write(
            Line.of(label, " " + writer.glyphs.show(first), hang=7),
            *(Line.of(writer.glyphs.show(text)) for text in rest),
        )

    def close(self) -> None:
        """Leaves the terminal as it was; may be called more than once."""

    def __enter__(self) -> "Console":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class QuietConsole(Console):
    """Says the verdict and the conditions that do not hold, nothing else.

    Args:
        writer: Where to.
        errors: Makes the writer of errors.
    """

    def __init__(self, writer: Writer, errors: Callable[[], Writer]) -> None:
        super().__init__(errors)
        self._writer = writer

    def finish(self, result: RunResult) -> None:
        """Says the verdict."""
        self._writer.write(*quiet_lines(result, self._writer.glyphs))


class PlainConsole(Console):
    """Says each node once, when it is done, then the verdict.

    Args:
        writer: Where to.
        errors: Makes the writer of errors.
        clock: Tells the seconds since any moment.
    """

    def __init__(
        self,
        writer: Writer,
        errors: Callable[[], Writer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(errors)
        self._writer = writer
        self._clock = clock
        self._view = NodeView(UNICODE)
        self._asked = Asked()
        self._to_come: dict[str, str] = {}
        self._done: set[str] = set()
        self._running: tuple[str, str] | None = None
        self._started_at = 0.0
        self._progress_at = 0.0

    def start(self, header: RunHeader, nodes: Sequence[tuple[str, str]]) -> None:
        """Announces a run and its nodes in order, each (id, stage)."""
        self._asked = header.asked
        self._to_come = dict(nodes)
        self._view = NodeView.of(self._writer.glyphs, nodes)
        self._writer.write(header.line(self._writer.glyphs), Line())

    def node_started(self, node_id: str) -> None:
        """A node is at work from now on."""
        self._running = (node_id, self._to_come.pop(node_id, ""))
        self._started_at = self._progress_at = self._clock()

    def progress(self, progress: Mapping[str, Any]) -> None:
        """Says how far training is, now and then."""
        if self._running is None or self._clock() - self._progress_at < SECONDS_BETWEEN_PROGRESS:
            return
        self._progress_at = self._clock()
        text = progress_text(progress)
        self._writer.write(self._view.running(self._running, "", self._elapsed(), text, None))

    def node_finished(self, result: NodeResult) -> None:
        """Says what became of a node."""
        self._settle(result.id)
        self._writer.write(self._view.finished(result))

    def finish(self, result: RunResult) -> None:
        """Says the nodes that were not heard of, and the verdict."""
        self._running = None
        for node in result.nodes:
            if node.id not in self._done:
                self.node_finished(node)
        left = [self._view.waiting(node, note="not run") for node in self._to_come.items()]
        self._to_come = {}
        verdict = verdict_lines(result, self._writer.glyphs, self._asked)
        self._writer.write(*left, Line(), *verdict)

    def close(self) -> None:
        """Says so where a node was interrupted."""
        if self._running is not None:
            node, self._running = self._running, None
            self._writer.write(self._view.stopped(node, self._elapsed()))

    def _settle(self, node_id: str) -> None:
        self._done.add(node_id)
        self._to_come.pop(node_id, None)
        if self._running is not None and self._running[0] == node_id:
            self._running = None

    def _elapsed(self) -> float:
        return self._clock() - self._started_at
