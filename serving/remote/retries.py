"""When a request is sent again, and how long after."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from serving.remote.transport import Fault

Result = TypeVar("Result")

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
# The server did not run the request, or may run it twice without harm: all that is asked are reads.
# A deadline is not among them: what took too long once would take too long again.
PASSING = frozenset(("UNAVAILABLE", "RESOURCE_EXHAUSTED"))


class Retries:
    """Sends a request again while its fault may pass and its time is not up.

    Args:
        most: How often a request is sent again.
        clock: Seconds, of any beginning.
        sleep: Waits for seconds.
        jitter: A number from 0 to 1: clients that failed together do not come back together.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def call(self, send: Callable[[float], Result], timeout: float) -> Result:
        """Returns what a request is answered with.

        Args:
            send: Sends it; takes the seconds that are left.
            timeout: Seconds for all attempts and the waits between them.

        Raises:
            Fault: The last one, when it will not pass, attempts are used up, or the next one would
                come too late.
        """
        end = self._clock() + timeout
        for attempt in range(self._most + 1):
            left = end - self._clock()
            try:
                return send(left)
            except Fault as fault:
                wait = max(fault.wait, self._backoff(attempt))
                in_time = self._clock() + wait < end
                if attempt == self._most or fault.code not in PASSING or not in_time:
                    raise
            self._sleep(wait)
        raise AssertionError  # the loop ends by a return or a raise

    def _backoff(self, attempt: int) -> float:
        """Returns half to all of a wait that doubles from attempt to attempt."""
        return min(LONGEST_WAIT, FIRST_WAIT * 2**attempt) * (1 + self._jitter()) / 2
