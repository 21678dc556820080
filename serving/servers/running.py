"""A server that was started: where it answers, what it says, and how it is stopped."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from serving.errors import ServingError
from serving.servers.status import Version, served, versions

GRACE_SECONDS = 10.0  # to end requests that are under way
LINES = 20
TAIL_BYTES = 64 << 10


class ServerError(ServingError):
    """A server that was started does not serve; the model may be why."""


class RunningServer:
    """A model server that this process started, and that ends with it.

    As a context manager it is stopped at the end.

    Args:
        kind: "binary", "docker" or "embedded".
        name: The model's name in requests.
        grpc: Where the gRPC API answers, "127.0.0.1:8500".
        rest: Where the REST API answers, "http://127.0.0.1:8501".
        note: What a user should know of this server; may be empty.
        log: Where its output is.
        keeps_log: Whether the log outlives the server; it does after a failure in any case.
        process: The guard, which ends the server when its standard input is closed.
    """

    def __init__(
        self,
        *,
        kind: str,
        name: str,
        grpc: str,
        rest: str,
        note: str,
        log: Path,
        keeps_log: bool,
        process: "subprocess.Popen[bytes]",
    ) -> None:
        self.kind = kind
        self.name = name
        self.grpc = grpc
        self.rest = rest
        self.note = note
        self.log = log
        self._keeps_log = keeps_log
        self._process = process
        self._last_tail: str | None = None

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process that guards the server, first of the server's process group."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Returns whether the server runs."""
        return self._process.poll() is None

    def served(self) -> list[int]:
        """Returns the versions that answer now, newest first."""
        return served(versions(self.rest, self.name))

    def log_tail(self, lines: int = LINES) -> str:
        """Returns the last lines that the server said, also after it was stopped."""
        if self._last_tail is not None:
            return _last(self._last_tail, lines)
        try:
            return _last(_end_of(self.log), lines)
        except OSError:
            return ""

    def stop(self) -> None:
        """Ends the server; it has ten seconds to answer what it was asked, and is killed then."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self._kill()
        except BaseException:  # a second Ctrl-C: no more patience
            self._kill()
            raise
        finally:
            self._put_log_away()

    def failure(self, when: str) -> ServerError:
        """Returns the error of a server that ended by itself.

        Args:
            when: When it did, as the end of a sentence.
        """
        code = self._process.poll()
        self._keeps_log = True
        return ServerError(
            f"the {self.kind} server ended with exit status {code} {when}" + self._said(),
            fix=f"look into its log: {self.log}",
        )

    def timed_out(self, seconds: float, known: Sequence[Version]) -> ServerError:
        """Returns the error of a model that did not answer in time.

        Args:
            seconds: How long it had.
            known: The versions as the server told of them.
        """
        self._keeps_log = True
        told = [f"version {v.number} is in state {v.state} {v.error}".rstrip() for v in known]
        return ServerError(
            f'the model "{self.name}" did not answer within {seconds:g} s'
            + "".join(f"\n  {line}" for line in told)
            + self._said(),
            expected="a model in state AVAILABLE",
            fix=f"give it more time, or look into its log: {self.log}",
        )

    def _said(self) -> str:
        tail = self.log_tail()
        if not tail:
            return "; it said nothing"
        return "; the last that it said:" + "".join(f"\n    {line}" for line in tail.splitlines())

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait()

    def _put_log_away(self) -> None:
        if self._last_tail is None:
            try:
                self._last_tail = _end_of(self.log)
            except OSError:
                self._last_tail = ""
        if not self._keeps_log:
            self.log.unlink(missing_ok=True)


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        return file.read().decode(errors="replace")


def _last(text: str, lines: int) -> str:
    return "\n".join(text.splitlines()[-lines:])
