"""What the serving gate demands of a model in a model server."""

import time
from pathlib import Path
from typing import NamedTuple, get_args

from components.serving_answers import largest_difference, other_classes
from components.serving_calls import Caller
from components.serving_conditions import (
    ANSWERS,
    CLASSES,
    DIFFERENCES,
    GATE,
    ITSELF,
    LATENCIES,
    READY,
    Transport,
)
from components.serving_trials import AT_ONCE, Trials, part
from components.settings import ServingGateSettings
from components.verdict import GateResult, judge
from models.processes import last_words
from serving.errors import ServingError
from serving.launch import RunningServer, launch
from usecase.outputs import CLASS

MAX_DIFFERENCE = 1e-5  # a few roundings of the last digits
SERVERS = {
    "binary": "tensorflow_model_server",
    "docker": "tensorflow/serving",
    "embedded": "embedded server",
}
NAMES: dict[Transport, str] = {"grpc": "gRPC", "rest": "REST"}


class Examined(NamedTuple):
    """What came of it.

    Attributes:
        results: What was demanded.
        metrics: Further measured values.
    """

    results: tuple[GateResult, ...]
    metrics: dict[str, float]


def examine(settings: ServingGateSettings, trials: Trials, base_path: Path) -> Examined:
    """Lets a server load a folder of one version, asks it, and holds its answers to the right ones.

    Args:
        settings: The limits, and which server.
        trials: The rows and the right answers.
        base_path: The folder of versions.
    """
    limit = settings.serving.startup_timeout_s
    started = time.monotonic()
    try:
        server = launch(base_path, settings.name, kind=settings.serving.server, timeout=limit)
    except ServingError as error:
        return Examined((judge(GATE, READY, None, "max", limit, detail=_not_ready(error)),), {})
    with server:
        seconds = time.monotonic() - started
        ready = judge(GATE, READY, seconds, "max", limit, detail=SERVERS[server.kind])
        asked = ask(settings, trials, server)
    return Examined((ready, *asked.results), asked.metrics)


def ask(settings: ServingGateSettings, trials: Trials, server: RunningServer) -> Examined:
    """Asks a server every way, and holds its answers to the right ones.

    Args:
        settings: The limits.
        trials: The rows and the right answers.
        server: It has loaded the model.
    """
    judging = _Judging(settings, trials)
    for transport in get_args(Transport):
        judging.ask(transport, server)
    return judging.examined()


def without_answers(why: str) -> GateResult:
    """Returns the condition of a model that answers nothing even by itself."""
    return judge(GATE, ITSELF, None, "max", 0.0, detail=why)


def _not_ready(error: ServingError) -> str:
    """Returns why a model did not get ready in one line, then what the server said last."""
    first, *said = error.what.splitlines()
    reason = first.partition("; ")[0]  # what it said last is announced there, or that it was silent
    if "ended" in reason and said:
        reason += f": {last_words(error.what, 0)}"
    return "\n".join([reason, *said])


class _Judging:
    """Gathers what is demanded of the answers of one server.

    Args:
        settings: The limits.
        trials: The rows and the right answers.
    """

    def __init__(self, settings: ServingGateSettings, trials: Trials) -> None:
        self._name = settings.name
        self._limits = settings.serving
        self._task = settings.declaration.label.task
        self._trials = trials
        self._results: list[GateResult] = []
        self._metrics: dict[str, float] = {"serving/rows": trials.rows}

    def ask(self, transport: Transport, server: RunningServer) -> None:
        """Asks everything one way; where there is no answer, the server's log says more."""
        try:
            with Caller(server, self._name, transport, self._trials) as caller:
                self._judge_answers(transport, caller)
                self._judge_latency(transport, caller)
        except ServingError as error:
            why = f"no answer over {NAMES[transport]}: {error.what}"
            self._demand(ANSWERS[transport], None, 0.0, f"{why}\n{server.log_tail()}")

    def examined(self) -> Examined:
        """Returns all of it."""
        return Examined(tuple(self._results), self._metrics)

    def _judge_answers(self, transport: Transport, caller: Caller) -> None:
        differences, classes = [], []
        for signature in caller.signatures:
            right = part(self._trials.right[signature], 0, caller.rows)
            found = caller.answers(signature)
            where = f"{signature} over {NAMES[transport]}: "
            differences.append(largest_difference(self._task, right, found).at(where))
            if CLASS in right:
                classes.append(other_classes(self._task, right, found, MAX_DIFFERENCE).at(where))
        value, detail = max(differences)
        self._demand(DIFFERENCES[transport], value, MAX_DIFFERENCE, detail)
        if classes:
            value, detail = max(classes)
            self._demand(CLASSES[transport], value, 0.0, detail)

    def _judge_latency(self, transport: Transport, caller: Caller) -> None:
        one, limit = caller.milliseconds(1), self._limits.max_latency_ms
        self._demand(LATENCIES[transport], one, limit, binding=False)
        self._metrics[f"serving/{transport} ms, 1 row"] = one
        self._metrics[f"serving/{transport} ms, {AT_ONCE} rows"] = caller.milliseconds(AT_ONCE)

    def _demand(
        self,
        what: str,
        value: float | None,
        limit: float,
        detail: str = "",
        *,
        binding: bool = True,
    ) -> None:
        self._results.append(judge(GATE, what, value, "max", limit, detail=detail, binding=binding))
