"""Many clients at once, each waiting for its answer before it asks again."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Load(NamedTuple):
    """What came of a load.

    Attributes:
        per_second: Answers a second, of all clients together.
        p50: The median time of an answer, in milliseconds.
        p99: The time within which 99 of 100 answers came.
        failed: How many requests had no answer.
    """

    per_second: float
    p50: float
    p99: float
    failed: int


def under_load(calls: Sequence[Callable[[], object]], requests: int) -> Load:
    """Lets each client ask again and again.

    Args:
        calls: One for each client.
        requests: How many each sends.
    """
    seconds = np.zeros((len(calls), requests))
    failed = [0] * len(calls)
    start = threading.Barrier(len(calls) + 1)

    def ask(client: int) -> None:
        start.wait()
        for k in range(requests):
            began = time.perf_counter()
            try:
                calls[client]()
            except Exception:  # noqa: BLE001, counted, whatever it is
                failed[client] += 1
            seconds[client, k] = time.perf_counter() - began

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(len(calls))]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    p50, p99 = 1000 * np.percentile(seconds, [50, 99])
    return Load(seconds.size / whole, float(p50), float(p99), sum(failed))
