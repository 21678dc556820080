"""Requests of many clients joined to one run of the graph, as TensorFlow Serving's batching does.

It has no threads of its own. The thread that opens a batch leads it: it waits until the batch is
full or old enough and one of `num_batch_threads` places is free, runs it, and hands out the parts.
Requests that come meanwhile join: batches grow with the load, and a lone request waits for nobody.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model_server.batch_arrays import merge, size_of, split
from model_server.status import Code, StatusError, invalid

Feeds = Mapping[str, np.ndarray]
Run = Callable[[Feeds, Sequence[str], float | None], list[np.ndarray]]


@dataclass(frozen=True)
class Settings:
    """BatchingParameters with the defaults of TensorFlow Serving.

    Attributes:
        max_batch_size: The rows that a request may have.
        max_execution_batch_size: The rows that a batch may have.
        batch_timeout: Seconds that a batch waits for more rows.
        max_enqueued_batches: Batches that may wait, for each signature.
        num_batch_threads: Batches that may run at once.
        allowed_batch_sizes: The sizes that batches are padded to; () for any.
        pad_variable_length_inputs: Whether inputs of different lengths are padded.
        enable_large_batch_splitting: Whether a request may be spread over batches.
    """

    max_batch_size: int = 1000
    max_execution_batch_size: int = 1000
    batch_timeout: float = 0.0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 1
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False


def settings(parameters: Any, threads_of: Any = None) -> Settings:
    """Reads BatchingParameters.

    Args:
        parameters: The message.
        threads_of: The message that says how many threads there are, where that is another.

    Returns:
        The settings.

    Raises:
        StatusError: They contradict each other.
    """
    threads = _value(parameters if threads_of is None else threads_of, "num_batch_threads", None)
    max_size = _value(parameters, "max_batch_size", Settings.max_batch_size)
    splits = _value(parameters, "enable_large_batch_splitting", False)
    read = Settings(
        max_batch_size=max_size,
        max_execution_batch_size=(
            _value(parameters, "max_execution_batch_size", max_size) if splits else max_size
        ),
        batch_timeout=_value(parameters, "batch_timeout_micros", 0) / 1e6,
        max_enqueued_batches=_value(
            parameters, "max_enqueued_batches", Settings.max_enqueued_batches
        ),
        num_batch_threads=_default_threads() if threads is None else threads,
        allowed_batch_sizes=tuple(parameters.allowed_batch_sizes),
        pad_variable_length_inputs=parameters.pad_variable_length_inputs,
        enable_large_batch_splitting=splits,
    )
    _check(read)
    return read


def _value(parameters: Any, name: str, default: Any) -> Any:
    return getattr(parameters, name).value if parameters.HasField(name) else default


def _default_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(read: Settings) -> None:
    for name in ("max_batch_size", "max_execution_batch_size", "max_enqueued_batches"):
        if getattr(read, name) < 1:
            raise invalid(f"{name} must be positive; was {getattr(read, name)}")
    if read.num_batch_threads < 1:
        raise invalid(f"num_batch_threads must be positive; was {read.num_batch_threads}")
    if read.batch_timeout < 0:
        raise invalid("batch_timeout_micros must be non-negative")
    if read.max_execution_batch_size > read.max_batch_size:
        raise invalid("max_execution_batch_size must be less than or equal to max_batch_size")
    sizes = read.allowed_batch_sizes
    if not sizes:
        return
    if list(sizes) != sorted(set(sizes)) or sizes[0] < 1:
        raise invalid("allowed_batch_sizes entries must be monotonically increasing")
    if sizes[-1] != read.max_execution_batch_size:
        raise invalid(
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
            f"{sizes[-1]}; expected {read.max_execution_batch_size}"
        )


class _Task:
    """A request, or a part of one that was split."""

    __slots__ = ("_done", "deadline", "error", "feeds", "size", "values")

    def __init__(self, feeds: Feeds, size: int, deadline: float | None) -> None:
        self.feeds = feeds
        self.size = size
        self.deadline = deadline
        self.values: Mapping[str, np.ndarray] = {}
        self.error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def finish(self) -> None:
        self._done.release()

    def wait(self) -> None:
        self._done.acquire()


@dataclass(eq=False)
class _Batch:
    tasks: list[_Task] = field(default_factory=list)
    size: int = 0
    full: threading.Event = field(default_factory=threading.Event)


class Batcher:
    """Joins the requests of one version of a model.

    Args:
        settings_: How.
        run: Runs the graph: feeds, fetches and a timeout.
        signatures: The tensors' names, in and out, of the signatures whose requests are joined;
            what matches none runs by itself.
    """

    def __init__(
        self,
        settings_: Settings,
        run: Run,
        signatures: Sequence[tuple[Sequence[str], Sequence[str]]],
    ) -> None:
        self._settings = settings_
        self._run = run
        self._signatures = {(frozenset(ins), frozenset(outs)) for ins, outs in signatures}
        self._lock = threading.Lock()
        self._waiting: dict[Any, deque[_Batch]] = {}
        self._places = threading.Semaphore(settings_.num_batch_threads)

    def run(self, feeds: Feeds, fetches: Sequence[str], timeout: float | None) -> list[np.ndarray]:
        """Runs a request, perhaps with others.

        Args:
            feeds: Values by the names of tensors.
            fetches: The names of the tensors to compute.
            timeout: Seconds after which it is given up.

        Returns:
            The values, in the order of `fetches`.

        Raises:
            StatusError: The request, the batch or the graph failed.
        """
        outputs = frozenset(fetches)
        if (frozenset(feeds), outputs) not in self._signatures:
            return self._run(feeds, fetches, timeout)
        size = size_of(feeds)
        if size > self._settings.max_batch_size:
            raise invalid(
                f"Task size {size} is larger than maximum input batch size "
                f"{self._settings.max_batch_size}"
            )
        deadline = None if timeout is None else time.monotonic() + timeout
        # What has another type is refused by the graph, and must not spoil its neighbours.
        key = (outputs, tuple(sorted((name, value.dtype.str) for name, value in feeds.items())))
        tasks, led = self._enqueue(key, feeds, size, deadline)
        for batch in led:
            self._lead(key, batch, sorted(outputs))
        for task in tasks:
            task.wait()
            if task.error is not None:
                raise task.error
        if len(tasks) == 1:
            return [tasks[0].values[name] for name in fetches]
        return [np.concatenate([task.values[name] for task in tasks]) for name in fetches]

    def _enqueue(
        self, key: Any, feeds: Feeds, size: int, deadline: float | None
    ) -> tuple[list[_Task], list[_Batch]]:
        limit = self._settings.max_execution_batch_size
        with self._lock:
            queue = self._waiting.setdefault(key, deque())
            room = limit - queue[-1].size if queue else 0
            sizes = self._sizes(size, room, limit)
            opened = len(sizes) - (1 if queue and sizes[0] <= room else 0)
            if len(queue) + opened > self._settings.max_enqueued_batches:
                if not queue:
                    del self._waiting[key]
                raise StatusError(Code.UNAVAILABLE, self._full_text(size, queue))
            tasks, led, start = [], [], 0
            for part in sizes:
                if not queue or queue[-1].size + part > limit:
                    if queue:
                        queue[-1].full.set()
                    queue.append(_Batch())
                    led.append(queue[-1])
                rows = feeds if len(sizes) == 1 else _rows(feeds, start, start + part)
                tasks.append(_Task(rows, part, deadline))
                queue[-1].tasks.append(tasks[-1])
                queue[-1].size += part
                start += part
            if queue[-1].size >= limit:
                queue[-1].full.set()
            return tasks, led

    def _sizes(self, size: int, room: int, limit: int) -> list[int]:
        """Returns the parts of a request: one, unless it may be split and does not fit."""
        if not self._settings.enable_large_batch_splitting or size <= max(room, 0):
            return [size]
        first = [room] if room > 0 else []
        rest = size - sum(first)
        return [*first, *[limit] * (rest // limit), *([rest % limit] if rest % limit else [])]

    def _full_text(self, size: int, queue: Sequence[_Batch]) -> str:
        start = "The batch scheduling queue to which this task was submitted is full"
        if not self._settings.enable_large_batch_splitting:
            return start
        most = self._settings.max_enqueued_batches
        limit = self._settings.max_execution_batch_size
        opened = queue[-1].size if queue else 0
        capacity = (most - len(queue)) * limit + (limit - opened if queue else 0)
        return (
            f"{start}; task size is {size} but scheduling capacity is only {capacity} "
            f"(num_enqueued_batches={len(queue)}, max_enqueued_batches={most}, "
            f"open_batch_size={opened}, max_execution_batch_size={limit})"
        )

    def _lead(self, key: Any, batch: _Batch, fetches: Sequence[str]) -> None:
        if self._settings.batch_timeout:
            batch.full.wait(self._settings.batch_timeout)
        with self._places:
            with self._lock:  # from here on nobody joins
                queue = self._waiting[key]
                queue.remove(batch)
                if not queue:
                    del self._waiting[key]
            self._process(batch.tasks, fetches)

    def _process(self, tasks: Sequence[_Task], fetches: Sequence[str]) -> None:
        error: BaseException | None = None
        try:
            self._answer(tasks, fetches)
        except BaseException as raised:  # noqa: BLE001, whoever waits must hear of it
            error = raised
        for task in tasks:
            task.error = error
            task.finish()

    def _answer(self, tasks: Sequence[_Task], fetches: Sequence[str]) -> None:
        timeout = _remaining(tasks)
        sizes = [task.size for task in tasks]
        feeds = merge(
            [task.feeds for task in tasks],
            self._padding(sum(sizes)),
            self._settings.pad_variable_length_inputs,
        )
        values = self._run(feeds, fetches, timeout)
        parts = split(values, sizes, self._padding(sum(sizes)))
        for task, part in zip(tasks, parts, strict=True):
            task.values = dict(zip(fetches, part, strict=True))

    def _padding(self, size: int) -> int:
        """Returns the rows to add to reach an allowed size."""
        for allowed in self._settings.allowed_batch_sizes:
            if allowed >= size > 0:
                return allowed - size
        return 0


def _rows(feeds: Feeds, start: int, end: int) -> Feeds:
    return {name: value[start:end] for name, value in feeds.items()}


def _remaining(tasks: Sequence[_Task]) -> float | None:
    """Returns the time of the most patient; they get no answer if all have lost patience."""
    deadlines = [task.deadline for task in tasks if task.deadline is not None]
    now = time.monotonic()
    if len(deadlines) == len(tasks):
        if max(deadlines) <= now:
            raise StatusError(
                Code.RESOURCE_EXHAUSTED, "Run() timeout exceeded while waiting in batching queue"
            )
        return max(deadlines) - now
    return None
