"""The output folder: where everything of a run lies."""

import contextlib
import dataclasses
import datetime
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from usecase.errors import UserError

RUN_ID = "%Y-%m-%dT%H-%M-%S"
TRIAL_BYTES = 65536  # a record and the beginning of a log


def is_run_id(name: str) -> bool:
    """Returns whether a folder's name is one that `new_run` gives, and not of somebody's own."""
    try:
        return datetime.datetime.strptime(name, RUN_ID).strftime(RUN_ID) == name
    except ValueError:
        return False


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The folders below `--output-dir` for one use case.

    Attributes:
        root: The output folder, absolute.
        use_case: Name of the use case.
    """

    root: Path
    use_case: str

    @property
    def runs(self) -> Path:
        """One folder a run: its record and its log."""
        return self.root / "runs"

    @property
    def artifacts(self) -> Path:
        """What the nodes write; TensorBoard logs are in Trainer/model_run."""
        return self.root / "artifacts" / self.use_case

    @property
    def metadata(self) -> Path:
        """The ML Metadata store, a SQLite file."""
        return self.root / "metadata" / self.use_case / "metadata.db"

    @property
    def serving(self) -> Path:
        """The push destination: numbered versions, as TensorFlow Serving watches them."""
        return self.destination("serving")

    @property
    def mobile(self) -> Path:
        """The push destination of models for phones: numbered versions, as in serving."""
        return self.destination("mobile")

    def destination(self, name: str) -> Path:
        """Returns the push destination of a name, for example "serving"."""
        return self.root / name / self.use_case

    @property
    def checkpoints(self) -> Path:
        """Training checkpoints that outlive a crash."""
        return self.root / "checkpoints" / self.use_case

    def new_run(self) -> tuple[str, Path]:
        """Creates the folder of a new run; returns its id, a local time, and the folder.

        Ids only ever rise, also where the clock was put back: the last run is the one of the
        highest id.

        Raises:
            UserError: If nothing can be written there.
        """
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            folder = self._next_folder()
            _try_writing(folder)
        except OSError as error:
            raise _not_writable(self.runs, error) from error
        return folder.name, folder

    def _next_folder(self) -> Path:
        second = datetime.timedelta(seconds=1)
        moment = max([datetime.datetime.now(), *(time + second for time in self._times())])
        while True:
            folder = self.runs / moment.strftime(RUN_ID)
            try:
                folder.mkdir()
            except FileExistsError:
                moment += second
            else:
                return folder

    def _times(self) -> Iterator[datetime.datetime]:
        """Yields the times that earlier runs go by."""
        for folder in self.runs.iterdir():
            if is_run_id(folder.name):
                yield datetime.datetime.strptime(folder.name, RUN_ID)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs out of the folder while this one works.

        Raises:
            UserError: If another run is at work, or the folder cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # The lock is the kernel's and ends with its process: a file left behind locks nothing.
            file = (self.root / f".{self.use_case}.lock").open("a+")
        except OSError as error:
            raise _not_writable(self.root, error) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(
                    f'another run of "{self.use_case}" is at work in {self.root}{_holder(file)}',
                    fix="wait until it ends, or choose another folder with --output-dir",
                ) from error
            except OSError as error:
                raise UserError(
                    f"output folder cannot be locked: {self.root} ({error.strerror})",
                    expected="a file system with locks, so that two runs cannot meet there",
                    fix="choose another with --output-dir",
                ) from error
            _sign(file)
            yield


def _sign(file: TextIO) -> None:
    """Writes into the lock who holds it, for others to tell; a full disk does not matter yet."""
    with contextlib.suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), str(os.getpid()).encode())


def _holder(file: TextIO) -> str:
    file.seek(0)
    text = file.read(20)
    return f" (process {text})" if text.isdigit() else ""


def _try_writing(folder: Path) -> None:
    """Finds out whether the disk is full already, before anything starts.

    Raises:
        OSError: If it is; the folder is gone then.
    """
    trial = folder / "trial"
    try:
        with trial.open("wb") as file:
            file.write(bytes(TRIAL_BYTES))
            os.fsync(file.fileno())
    except OSError:
        trial.unlink(missing_ok=True)
        folder.rmdir()
        raise
    trial.unlink()


def _not_writable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"output folder not writable: {folder} ({error.strerror})",
        fix="choose another with --output-dir",
    )
