"""The share of traffic that the canary gets: from a caller, or from a release's state file."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving.errors import ServingError
from serving.releases.state import State
from serving.releases.store import STATE_FILE, read_state

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
Mark = tuple[int, int, int]  # what changes when a file is replaced


def checked(percent: float) -> float:
    """Returns a percentage.

    Raises:
        ServingError: If it is none.
    """
    if not 0 <= percent <= 100:
        raise ServingError(
            f"the canary's share is {percent} percent",
            expected="a number from 0 to 100",
            fix="correct it; 0 sends nothing to the canary",
        )
    return percent


class ReleasePercent:
    """The percentage in a release's state file; 0 while there is no canary.

    The file is looked at once a second at most, by one thread at a time, and read again when it
    was replaced. While it cannot be read, what it said last holds.

    Args:
        folder: The model's folder, or the state file in it.
        model: The model's name.
        clock: Seconds, of any beginning.

    Raises:
        ServingError: If it cannot be read, or is of another model.
    """

    def __init__(
        self,
        folder: str | Path,
        model: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        path = Path(folder).expanduser()
        self._folder = path.parent if path.name == STATE_FILE else path
        self._model = model
        self._clock = clock
        self._looking = threading.Lock()
        self._mark = self._file_mark()
        self._percent = self._read()
        self._looked = clock()
        self._is_failing = False

    def __call__(self) -> float:
        """Returns the percentage that holds now."""
        # Where another thread is looking, what is known is new enough.
        if self._clock() - self._looked >= LOOK_SECONDS and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._percent

    def _look(self) -> None:
        try:
            mark = self._file_mark()
            if mark != self._mark:
                self._percent = self._read()
                self._mark = mark
        except ServingError as error:
            if not self._is_failing:
                log.error("the canary stays at %g percent: %s", self._percent, error)
            self._is_failing = True
        else:
            self._is_failing = False
        self._looked = self._clock()

    def _read(self) -> float:
        state = read_state(self._folder)
        if state is None:
            raise self._missing()
        if state.model != self._model:
            raise ServingError(
                f'{self._folder / STATE_FILE} is the state of model "{state.model}"',
                expected=f'that of model "{self._model}"',
                fix="give the folder of the model that is asked, or correct its name",
            )
        return _percent(state)

    def _file_mark(self) -> Mark:
        try:
            found = (self._folder / STATE_FILE).stat()
        except OSError as error:
            raise self._missing(f" ({error.strerror})") from error
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _missing(self, why: str = "") -> ServingError:
        return ServingError(
            f"no release in {self._folder}: there is no {STATE_FILE} to read{why}",
            expected=f"the folder of the model's versions, which holds {STATE_FILE}",
            fix="correct the path; `python -m serving promote VERSION` begins a release; a client "
            "without access to the file takes percent=",
        )


def _percent(state: State) -> float:
    return state.canary.percent if state.canary is not None else 0.0
