"""A run that has its folder: executed or repeated, and on record however it ends."""

import contextlib
import dataclasses
import functools
import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.accelerators import visible
from orchestration.audit import require_sound_functions
from orchestration.local.asked import Asked
from orchestration.local.console import Console
from orchestration.local.logs import redirected
from orchestration.local.node_view import RunHeader
from orchestration.local.selection import WHOLE, Selection
from orchestration.local.started import Started, unfinished
from orchestration.local.store_checks import ready_store
from orchestration.local.tuned_config import renewed
from orchestration.local.unchanged import same_again
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from orchestration.records import LOG_FILE, RunRecord
from orchestration.results import RunResult
from usecase.errors import UserError

LOGGER = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Job:
    """A run that has its folder.

    Attributes:
        plan: What to run.
        workspace: Where everything goes.
        selection: The part of it that is asked for.
        run_id: The run.
        folder: Its folder.
        key: Digest of all that it is made of.
        began: When it began, by the monotonic clock.
        asked: The options that led to it.
        moved: What was set aside for it, in warnings, as soon as it is.
    """

    plan: Plan
    workspace: Workspace
    selection: Selection
    run_id: str
    folder: Path
    key: str
    began: float
    asked: Asked
    moved: list[str] = dataclasses.field(default_factory=list)

    @functools.cached_property
    def _interrupted(self) -> Sequence[tuple[str, Started]]:
        """The runs that it goes on with, the last first, and what they left."""
        left = unfinished(self.workspace.runs, self.workspace.use_case, before=self.run_id)
        return list(itertools.takewhile(lambda one: self._is_same(one[1]), left))

    def _is_same(self, other: Started) -> bool:
        return (other.key, other.selection) == (self.key, self.selection.text)

    @property
    def goes_on(self) -> tuple[str, ...]:
        """Ids of the runs before it that were the same and never ended, from its origin on."""
        ids = sorted(run_id for run_id, _ in self._interrupted)
        return tuple(run_id for run_id in ids if run_id >= self.origin)

    @property
    def origin(self) -> str:
        """Id of the first of the runs that it goes on with; its own if with none."""
        if not self._interrupted:
            return self.run_id
        run_id, started = self._interrupted[0]
        return started.origin or run_id

    @property
    def _origin_started(self) -> str:
        """When its origin began; "" if it goes on with none."""
        if not self._interrupted:
            return ""
        _, started = self._interrupted[0]
        return started.origin_started or self._interrupted[-1][1].started

    def recorded(self, console: Console, echo_fd: int | None) -> RunRecord:
        """Runs it, and leaves a record of how it started and, if it ended, of how."""
        started = Started.now(
            *(self.plan.use_case.name, self.asked, self.key),
            *(self.origin, self._origin_started),
        )
        with _room_for(self.folder, "the run could not start"):
            started.write(self.folder)
        try:
            record = self._complete(self._run(console, echo_fd))
        except KeyboardInterrupt:
            with contextlib.suppress(OSError):
                started.write_interrupted(self.folder)
            raise
        except Exception as error:
            with contextlib.suppress(OSError):
                self._complete(self._failed(error)).write(self.folder)
            if self.moved and isinstance(error, UserError):
                what = "\n".join([error.what, *self.moved])
                raise UserError(what, error.expected, error.fix) from error
            raise
        ended = f"the run ended with {record.result.verdict} ({record.result.headline})"
        with _room_for(self.folder, f"{ended}, but that could not be written down"):
            record.write(self.folder)
        return record

    def _run(self, console: Console, echo_fd: int | None) -> RunRecord:
        """Executes it, or repeats the last run's outcome where nothing has changed."""
        record = self._same_again()
        if record is None:
            self.moved.extend(ready_store(self.plan.use_case, self.workspace, self.run_id))
            require_sound_functions(self.plan.declaration)
        console.start(self._header(), list(self.plan.stages.items()))
        if record is None:
            with redirected(self.folder / LOG_FILE, console.progress, echo_fd=echo_fd):
                for warning in self.moved:
                    LOGGER.warning(warning)
                return _with_warnings(execute(self, console), self.moved)
        record = renewed(self.plan, record)
        for node in record.result.nodes:
            console.node_finished(node)
        return record

    def _same_again(self) -> RunRecord | None:
        # Data elsewhere may have changed: TFX has to ask.
        if self.selection != WHOLE or not self.plan.is_local:
            return None
        promotes = self.plan.use_case.serving.promote == "on_push"
        return same_again(
            *(self.workspace, self.key, self.run_id, self.folder),
            promotes=promotes,
            warnings=self.plan.warnings,
        )

    def _header(self) -> RunHeader:
        return RunHeader(
            self.plan.use_case.name,
            self.run_id,
            "local",
            visible(),
            self.asked,
        )

    def _complete(self, record: RunRecord) -> RunRecord:
        """Adds what the run was made of."""
        return dataclasses.replace(
            record,
            config=self.plan.use_case.model_dump(mode="json", by_alias=True),
            selection=self.selection.text,
            data=self.plan.data_digests,
            overrides=list(self.plan.overrides),
        )

    def _failed(self, error: Exception) -> RunRecord:
        """Returns the record of a run that ended before its first node, or between two."""
        message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        result = RunResult(
            run_id=self.run_id,
            verdict="failed",
            headline=next(iter(message.splitlines()), ""),
            nodes=(),
            gates=(),
            destinations=(),
            metrics={},
            serving_model=None,
            mobile_model=None,
            log=str(self.folder / LOG_FILE),
            seconds=time.monotonic() - self.began,
            error=message,
            warnings=tuple(self.moved),
        )
        return RunRecord(result, self.workspace.use_case, self.key, "", {})


@contextlib.contextmanager
def _room_for(folder: Path, what: str) -> Iterator[None]:
    """Says what could not be done where a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{what}: {folder} ({error.strerror})",
            expected="room on the disk, and leave to write there",
            fix="make room, and run the same again: what is done is not done twice",
        ) from error


def _with_warnings(record: RunRecord, warnings: Sequence[str]) -> RunRecord:
    result = dataclasses.replace(record.result, warnings=(*warnings, *record.result.warnings))
    return dataclasses.replace(record, result=result)


def execute(job: Job, console: Console) -> RunRecord:
    """Has TFX run the nodes.

    Raises:
        UserError: If that could not be carried out; a node that fails is no such case.
    """
    try:
        # TFX is imported here and not before: it costs seconds.
        from orchestration.local.session import Session

        return Session(
            job.plan,
            job.workspace,
            console,
            job.run_id,
            job.key,
            job.began,
            job.selection,
            job.goes_on,
            job.origin,
        ).run()
    except UserError:
        raise
    except Exception as error:
        LOGGER.exception("the run could not be carried out")
        raise UserError(
            f"the run could not be carried out: {type(error).__name__}: {error}",
            fix=f"see {job.folder / LOG_FILE}",
        ) from error
