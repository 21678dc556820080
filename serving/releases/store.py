"""Where a release's state is kept: one file beside the versions, replaced as a whole."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from serving.errors import ServingError
from serving.releases import files, state_json
from serving.releases.state import State

STATE_FILE = "release.json"
LOCK_FILE = "release.lock"
WORK_FILE = "release.work.lock"
BUSY_SECONDS = 2.0


def read_state(folder: Path) -> State | None:
    """Returns the state of a release; None if there is none.

    It needs no lock: the file is replaced as a whole.

    Args:
        folder: The folder of the model's versions.

    Raises:
        ServingError: If the file is damaged or cannot be read.
    """
    path = Path(folder) / STATE_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise ServingError(
            f"{path} cannot be read: {error.strerror}",
            expected="a file that may be read",
            fix="check who may read it",
        ) from error
    return state_json.parse(text, path)


class Store:
    """The state of one release, for those who change it.

    Args:
        folder: The folder of the model's versions.

    Raises:
        ServingError: If there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).expanduser().resolve()
        if not self.folder.is_dir():
            raise ServingError(
                f"no such folder: {self.folder}",
                expected="the folder of a model's numbered versions",
                fix="check the path, or push a model: python local_runner.py run",
            )

    def read(self) -> State | None:
        """Returns the state; None if there is no release yet.

        Raises:
            ServingError: If the file is damaged or cannot be read.
        """
        return read_state(self.folder)

    def write(self, state: State) -> None:
        """Replaces the state; the caller is `changing` it.

        Raises:
            ServingError: If it cannot be written; the old one is as it was.
        """
        text = json.dumps(state.to_json(), indent=2, ensure_ascii=False) + "\n"
        files.replace(self.folder / STATE_FILE, text)

    def remove(self) -> None:
        """Removes the state; the caller is `changing` it."""
        (self.folder / STATE_FILE).unlink(missing_ok=True)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Keeps others from changing the state and the servers' config; held for moments.

        Raises:
            ServingError: If the folder cannot be written to.
        """
        with files.locked(self.folder / LOCK_FILE):
            yield

    @contextlib.contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Keeps a second canary or promotion away as long as one is at work.

        Args:
            what: Who does what, for whoever is refused.

        Raises:
            ServingError: If another one is at work, or the folder cannot be written to.
        """
        with files.locked(self.folder / WORK_FILE, BUSY_SECONDS) as descriptor:
            if descriptor is None:
                raise ServingError(
                    f"another change is at work: {self.at_work()}",
                    expected="one at a time",
                    fix="wait until it has ended; `python -m serving rollback` overtakes it",
                )
            _note(descriptor, what)
            yield

    @contextlib.contextmanager
    def overtaking(self, what: str) -> Iterator[None]:
        """As `working`, but goes on where another one is at work.

        Args:
            what: As of `working`.

        Raises:
            ServingError: If the folder cannot be written to.
        """
        with files.locked(self.folder / WORK_FILE, 0) as descriptor:
            if descriptor is not None:
                _note(descriptor, what)
            yield

    def is_busy(self) -> bool:
        """Whether a command is at work now; needs no right to write."""
        return files.is_locked(self.folder / WORK_FILE)

    def at_work(self) -> str:
        """Returns who was at work last, and on what."""
        try:
            return (self.folder / WORK_FILE).read_text(encoding="utf-8").strip() or "unknown"
        except (OSError, UnicodeDecodeError):
            return "unknown"


def _note(descriptor: int, what: str) -> None:
    with contextlib.suppress(OSError):  # it only helps whoever is refused
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{what}\n".encode(), 0)
