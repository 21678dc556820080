"""Ctrl-C: where it may strike, and whether an error is one that Beam or others have wrapped."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# How Beam tells of an exception that it cannot make anew: in these words alone where the pipeline
# runs in other processes, below their traceback.
IN_BEAM = re.compile(r"(?:RuntimeError: )?KeyboardInterrupt \[while running '.*'\]")


def is_interrupt(error: BaseException) -> bool:
    """Returns whether an error is an interrupt, was raised from one or while one was handled."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        if isinstance(one, KeyboardInterrupt) or _is_of_beam(one):
            return True
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
    return False


class _Holding:
    """A handler of SIGINT that only notes it; another one, while it is noted, is let through."""

    def __init__(self) -> None:
        self.noted = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True


@contextmanager
def held() -> Iterator[None]:
    """Has an interrupt wait for the end of what must not be torn apart.

    Only the main thread is ever interrupted, and only where nobody else handles SIGINT: anywhere
    else this changes nothing.

    Raises:
        KeyboardInterrupt: At the end, if there was one.
    """
    if not _is_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    holding = _Holding()
    signal.signal(signal.SIGINT, holding)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if holding.noted:
            raise KeyboardInterrupt


@contextmanager
def let_through() -> Iterator[None]:
    """Lets an interrupt strike, within `held`.

    Raises:
        KeyboardInterrupt: At the beginning, if one has waited.
    """
    holding = signal.getsignal(signal.SIGINT)
    if not _is_main_thread() or not isinstance(holding, _Holding):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if holding.noted:
            holding.noted = False
            raise KeyboardInterrupt
        yield
    finally:
        signal.signal(signal.SIGINT, holding)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_of_beam(error: BaseException) -> bool:
    last = (str(error).strip().splitlines() or [""])[-1]
    return type(error) is RuntimeError and IN_BEAM.fullmatch(last) is not None
