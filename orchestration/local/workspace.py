"""The output folder: where everything of a run lies."""

import dataclasses
import datetime
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from usecase.errors import UserError


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
        """Creates the folder of a new run; returns its id, a local time, and the folder."""
        moment = datetime.datetime.now()
        while True:
            run_id = moment.strftime("%Y-%m-%dT%H-%M-%S")
            folder = self.runs / run_id
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                moment += datetime.timedelta(seconds=1)
            else:
                return run_id, folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs out of the folder while this one works.

        Raises:
            UserError: If another run is at work, or the folder cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            file = (self.root / f".{self.use_case}.lock").open("w")
        except OSError as error:
            raise UserError(
                f"output folder not writable: {self.root} ({error.strerror})",
                fix="choose another with --output-dir",
            ) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UserError(
                    f'another run of "{self.use_case}" is at work in {self.root}',
                    fix="wait until it ends, or choose another folder with --output-dir",
                ) from error
            yield
