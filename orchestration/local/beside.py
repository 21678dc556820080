"""Nodes take turns; those that only wait for a process of their own run beside the others."""

import dataclasses
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
GRACE_SECONDS = 5.0


@dataclasses.dataclass(frozen=True)
class Taken(Generic[Result]):
    """What became of a node's turn.

    Attributes:
        result: What running it returned; None if it raised, or could not run.
        error: What it raised.
        seconds: How long it ran, from its own start to its own end.
        blocked: Whether it did not run because a node that it depends on failed.
    """

    result: Result | None = None
    error: Exception | None = None
    seconds: float = 0.0
    blocked: bool = False


class Turns(Generic[Result]):
    """Runs each node when its turn comes, some of them earlier, in a thread.

    Use it as a context manager: left by an exception, it waits a moment for what runs in threads,
    and no longer, since nothing can end a thread that hangs.

    Args:
        nodes: The nodes, as TFX compiles them.
        run: Runs one.
        beside: Ids of those that start as soon as all that they depend on is done.
    """

    def __init__(
        self, nodes: Iterable[Any], run: Callable[[Any], Result], beside: Collection[str]
    ) -> None:
        self._nodes = {node.node_info.id: node for node in nodes}
        self._run = run
        self._to_start = [node_id for node_id in self._nodes if node_id in beside]
        self._started: dict[str, Future[Taken[Result]]] = {}
        self._threads: list[threading.Thread] = []
        self._done: set[str] = set()
        self._failed: set[str] = set()  # with all that depends on what failed

    def __enter__(self) -> "Turns[Result]":
        self._start_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            for thread in self._threads:
                thread.join(GRACE_SECONDS)

    def take(self, node_id: str) -> Taken[Result]:
        """Runs a node to its end, unless a node that it depends on has failed.

        The turns of those that it depends on must have come.
        """
        node = self._nodes[node_id]
        if self._failed.intersection(node.upstream_nodes):
            taken: Taken[Result] = Taken(blocked=True)
        elif node_id in self._started:
            taken = self._started[node_id].result()
        else:
            taken = self._timed(node)
        self._done.add(node_id)
        if taken.blocked or taken.error:
            self._failed.add(node_id)
        self._start_ready()
        return taken

    def _start_ready(self) -> None:
        for node_id in self._to_start:
            needed = set(self._nodes[node_id].upstream_nodes)
            begun = node_id in self._done or node_id in self._started
            if not begun and needed <= self._done and not needed & self._failed:
                self._start(node_id)

    def _start(self, node_id: str) -> None:
        future: Future[Taken[Result]] = Future()

        def work() -> None:
            try:
                future.set_result(self._timed(self._nodes[node_id]))
            except BaseException as error:  # noqa: BLE001, raised again when its turn comes
                future.set_exception(error)

        # A daemon, so that the interpreter can end without it.
        thread = threading.Thread(target=work, name=node_id, daemon=True)
        self._started[node_id] = future
        self._threads.append(thread)
        thread.start()

    def _timed(self, node: Any) -> Taken[Result]:
        started = time.monotonic()
        try:
            result = self._run(node)
        except Exception as error:  # noqa: BLE001, whatever an executor raises is the node's
            return Taken(error=error, seconds=time.monotonic() - started)
        return Taken(result, seconds=time.monotonic() - started)
