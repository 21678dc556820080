"""How long commands work, whoever else shares the machine."""

import resource
from collections.abc import Callable
from typing import Any


def timed(command: Callable[[], Any]) -> tuple[float, Any]:
    """Returns the processor's seconds that processes took which a command waited for, and what it
    returns.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = command()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done
