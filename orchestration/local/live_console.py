"""The console of a terminal: finished nodes stay, the running one is rewritten in place."""

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import rich.console
from rich.live import Live
from rich.text import Text

from orchestration.local.console import PlainConsole, Writer
from orchestration.local.node_view import RunHeader, progress_text
from orchestration.local.text import Line, encodable, glyphs_for
from orchestration.results import NodeResult, RunResult
from usecase.errors import UserError

SECONDS_BETWEEN_FRAMES = 0.1
DEFAULT_SIZE = (80, 24)
Size = tuple[int, int]


class TerminalWriter:
    """Writes lines with styles, prose wrapped between words.

    Args:
        stream: The terminal.
        environ: The environment: NO_COLOR, TERM, COLUMNS and LINES matter.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self.glyphs = glyphs_for(stream)
        self._stream = stream
        self._environ = environ
        self.rich = rich.console.Console(
            file=stream,
            force_terminal=True,
            force_interactive=True,
            force_jupyter=False,
            color_system=None if environ.get("NO_COLOR") else "auto",
            _environ=environ,
        )

    def write(self, *lines: Line) -> None:
        """Writes whole lines at once."""
        width, _ = self.measure()
        texts = [text for line in lines for text in self._wrapped(line, width)]
        if texts:
            self.rich.print(Text("\n").join(texts), soft_wrap=True)

    def measure(self) -> Size:
        """Asks for the terminal's size, which may have changed, and returns it."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            columns, rows = 0, 0
        columns = _whole(self._environ.get("COLUMNS")) or columns or DEFAULT_SIZE[0]
        rows = _whole(self._environ.get("LINES")) or rows or DEFAULT_SIZE[1]
        self.rich.size = rich.console.ConsoleDimensions(columns, rows)
        return columns, rows

    def text(self, line: Line) -> Text:
        """Returns a line in rich's terms."""
        text = Text(no_wrap=True, overflow="crop")
        for span in line.spans:
            text.append(encodable(span.text, self._stream), span.style)
        text.rstrip()
        return text

    def _wrapped(self, line: Line, width: int) -> list[Text]:
        text = self.text(line)
        if line.hang is None or text.cell_len <= width or width < 2 * line.hang:
            return [text]
        head, body = text.divide([line.hang])
        body.no_wrap, body.overflow = False, "ignore"
        first, *rest = body.wrap(self.rich, width - line.hang)
        return [head + first, *(Text(" " * line.hang) + part for part in rest)]


class _Region:
    """The lines that are rewritten in place, made anew for each frame."""

    def __init__(self, frame: Callable[[Size], list[Text]]) -> None:
        self._frame = frame

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> Iterator[Text]:
        yield from self._frame((options.size.width, options.size.height))


class LiveConsole(PlainConsole):
    """Shows the nodes to come and the running one, with a spinner, below those that are done.

    Args:
        writer: The terminal.
        errors: Makes the writer of errors.
        clock: Tells the seconds since any moment.
    """

    def __init__(
        self,
        writer: TerminalWriter,
        errors: Callable[[], Writer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(writer, errors, clock)
        self._terminal = writer
        self._progress: Mapping[str, Any] = {}
        self._live: Live | None = None
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None
        # Held around each change and its drawing, so that no frame shows half a change.
        self._lock = threading.RLock()

    def start(self, header: RunHeader, nodes: Sequence[tuple[str, str]]) -> None:
        """Announces a run and shows the nodes to come."""
        super().start(header, nodes)
        self._show()

    def node_started(self, node_id: str) -> None:
        """Shows the spinner beside a node."""
        with self._lock:
            super().node_started(node_id)
            self._progress = {}
        self._show()

    def progress(self, progress: Mapping[str, Any]) -> None:
        """Shows how far training is, in the next frame."""
        self._progress = dict(progress)

    def node_finished(self, result: NodeResult) -> None:
        """Leaves the node's line above those that are rewritten."""
        with self._lock:
            self._settle(result.id)
            width, _ = self._terminal.measure()
            self._writer.write(self._view.finished(result, width))

    def finish(self, result: RunResult) -> None:
        """Says the verdict."""
        self._hide()
        super().finish(result)

    def error(self, error: UserError) -> None:
        """Says what the user can mend."""
        self._hide()
        super().error(error)

    def close(self) -> None:
        """Gives the terminal back."""
        self._hide()
        super().close()

    def _show(self) -> None:
        if self._live is not None:
            return
        self._terminal.measure()
        self._live = Live(
            _Region(self._frame),
            console=self._terminal.rich,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        atexit.register(self._hide)
        self._live.start(refresh=True)
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, args=(self._stop,), daemon=True)
        self._ticker.start()

    def _hide(self) -> None:
        if self._live is None:
            return
        self._stop.set()
        if self._ticker is not None:
            self._ticker.join(timeout=1.0)
        with self._lock:
            self._live.stop()
        self._live = None
        atexit.unregister(self._hide)

    def _tick(self, stop: threading.Event) -> None:
        while not stop.wait(SECONDS_BETWEEN_FRAMES):
            with self._lock:
                live = self._live
                if stop.is_set() or live is None:
                    return
                try:
                    self._terminal.measure()
                    live.refresh()
                except (OSError, ValueError):
                    return  # The terminal is gone; the run goes on without it.

    def _frame(self, size: Size) -> list[Text]:
        """Returns the running line and, where the terminal is high enough, those to come."""
        width, height = size
        lines = [self._view.waiting(node, width) for node in self._to_come.items()]
        if self._running is not None:
            elapsed = self._elapsed()
            spinner = self._view.glyphs.spinner
            frame = spinner[int(elapsed / SECONDS_BETWEEN_FRAMES) % len(spinner)]
            note = progress_text(self._progress, self._view.room(width))
            lines.insert(0, self._view.running(self._running, frame, elapsed, note, width))
        if len(lines) >= height:
            lines = lines[:1]
        return [self._terminal.text(line) for line in lines]


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
