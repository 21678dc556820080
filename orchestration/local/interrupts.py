"""Whether an error is somebody's Ctrl-C, which Beam and others wrap into errors of their own."""

import re

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


def _is_of_beam(error: BaseException) -> bool:
    last = (str(error).strip().splitlines() or [""])[-1]
    return type(error) is RuntimeError and IN_BEAM.fullmatch(last) is not None
