"""Asks a model server, over gRPC and over REST, with the client that users have."""

import statistics
import time
from typing import Any

from components.dense_rows import Rows
from components.serving_answers import Answers
from components.serving_conditions import Transport
from components.serving_trials import AT_ONCE, EXAMPLES, EXAMPLES_INPUT, RAW, Trials, part
from serving.client import ServingClient
from serving.launch import RunningServer

TIMEOUT_SECONDS = 60.0  # of a request
REST_ROWS = 512  # JSON is slow, and its rules show within a few rows
WARM_UP, TIMED = 5, 50  # requests
LONGEST_TIMED = 2.0  # seconds


class Caller:
    """One way to a model in a server; a context manager.

    Args:
        server: The server.
        name: What it calls the model.
        transport: The way.
        trials: What to ask.

    Attributes:
        rows: How many rows it is asked; over REST, the first of them.
    """

    def __init__(
        self, server: RunningServer, name: str, transport: Transport, trials: Trials
    ) -> None:
        address = server.grpc if transport == "grpc" else server.rest
        self._client = ServingClient(
            address, name, timeout=TIMEOUT_SECONDS, retries=0, max_rows=AT_ONCE
        )
        self.rows = min(trials.rows, REST_ROWS) if transport == "rest" else trials.rows
        self._columns = part(trials.columns, 0, self.rows)
        self._inputs: dict[str, Rows] = {RAW: self._columns}
        if transport == "grpc":
            self._inputs[EXAMPLES] = {EXAMPLES_INPUT: trials.serialized}

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *error: Any) -> None:
        self._client.close()

    @property
    def signatures(self) -> tuple[str, ...]:
        """The signatures that are asked this way."""
        return tuple(self._inputs)

    def answers(self, signature: str) -> Answers:
        """Returns the answers to all rows.

        Raises:
            ServingError: If the server gives none.
        """
        return self._client.predict(self._inputs[signature], signature=signature)

    def milliseconds(self, rows: int) -> float:
        """Returns the median time of an answer to so many rows.

        Raises:
            ServingError: If the server gives none.
        """
        batch = part(self._columns, 0, rows)
        seconds: list[float] = []
        while len(seconds) < WARM_UP + TIMED and sum(seconds) < LONGEST_TIMED:
            started = time.perf_counter()
            self._client.predict(batch, signature=RAW)
            seconds.append(time.perf_counter() - started)
        return 1000 * statistics.median(seconds[WARM_UP:] or seconds)
