"""What the server counts and times, and the Prometheus page of it, with its usual names."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from model_server.status import Code

PREFIX = ":tensorflow:serving:"

# A label comes from a request's text, so a client could make any number of them.
MAX_SERIES = 2_000
OVERFLOW = "_other"

Labels = tuple[str, ...]


def _exponential(scale: float, growth: float, count: int) -> tuple[float, ...]:
    return tuple(scale * growth**power for power in range(count))


MICROSECONDS = _exponential(10, 1.8, 33)
EXAMPLES = _exponential(1, 2, 15)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass
class _Counter:
    name: str
    label_names: Sequence[str]
    values: dict[Labels, int] = field(default_factory=dict)

    def add(self, labels: Labels, amount: int = 1) -> None:
        if labels not in self.values and len(self.values) >= MAX_SERIES:
            labels = (OVERFLOW,) * len(labels)
        self.values[labels] = self.values.get(labels, 0) + amount

    def lines(self) -> Iterable[str]:
        yield f"# TYPE {self.name} counter"
        for labels, value in self.values.items():
            yield f"{self.name}{{{_joined(self.label_names, labels)}}} {value}"


@dataclass
class _Series:
    buckets: list[int]
    total: float = 0.0


@dataclass
class _Histogram:
    name: str
    label_names: Sequence[str]
    bounds: Sequence[float]
    values: dict[Labels, _Series] = field(default_factory=dict)

    def add(self, labels: Labels, value: float) -> None:
        series = self.values.get(labels)
        if series is None:
            if len(self.values) >= MAX_SERIES:
                labels = (OVERFLOW,) * len(labels)
            series = self.values.setdefault(labels, _Series([0] * (len(self.bounds) + 1)))
        series.buckets[bisect_left(self.bounds, value)] += 1
        series.total += value

    def lines(self) -> Iterable[str]:
        yield f"# TYPE {self.name} histogram"
        limits = [f"{bound:g}" for bound in self.bounds] + ["+Inf"]
        for labels, series in self.values.items():
            joined = _joined(self.label_names, labels)
            count = 0
            for limit, in_bucket in zip(limits, series.buckets, strict=True):
                count += in_bucket
                yield f'{self.name}_bucket{{{joined},le="{limit}"}} {count}'
            yield f"{self.name}_sum{{{joined}}} {series.total:.17g}"
            yield f"{self.name}_count{{{joined}}} {count}"


def _joined(names: Sequence[str], labels: Labels) -> str:
    pairs = zip(names, labels, strict=True)
    return ",".join(f'{name}="{_escaped(label)}"' for name, label in pairs)


class Metrics:
    """Counters and histograms of one server. Cheap to add to, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = _Counter(PREFIX + "request_count", ("model_name", "status"))
        self._latency = _Histogram(
            PREFIX + "request_latency", ("model_name", "API", "entrypoint"), MICROSECONDS
        )
        self._runtime = _Histogram(
            PREFIX + "runtime_latency", ("model_name", "API", "runtime"), MICROSECONDS
        )
        self._examples = _Histogram(PREFIX + "request_example_counts", ("model",), EXAMPLES)
        self._examples_total = _Counter(PREFIX + "request_example_count_total", ("model",))
        self._warmup = _Histogram(
            PREFIX + "model_warmup_latency", ("model_path", "status"), MICROSECONDS
        )
        self._logged = _Counter(PREFIX + "request_log_count", ("model_name", "status"))

    def count(self, model: str, code: Code) -> None:
        """Counts a request that has ended.

        Args:
            model: The model's name, as the request has it.
            code: How it ended.
        """
        with self._lock:
            self._requests.add((model, code.name))

    def latency(self, model: str, api: str, entrypoint: str, seconds: float) -> None:
        """Adds how long a request took, all in all.

        Args:
            model: The model's name.
            api: "Predict", "Classify", "Regress"; in lower case over REST.
            entrypoint: "GRPC" or "REST".
            seconds: From its arrival to its answer.
        """
        with self._lock:
            self._latency.add((model, api, entrypoint), seconds * 1e6)

    def runtime(self, model: str, api: str, runtime: str, seconds: float) -> None:
        """Adds how long the runtime took over a request.

        Args:
            model: The model's name.
            api: "Predict", "Classify", "Regress", "MultiInference".
            runtime: "TF1".
            seconds: The time of the session's run.
        """
        with self._lock:
            self._runtime.add((model, api, runtime), seconds * 1e6)

    def examples(self, model: str, n: int) -> None:
        """Adds how many tf.Examples a request had.

        Args:
            model: The model's name.
            n: The number of examples.
        """
        with self._lock:
            self._examples.add((model,), n)
            self._examples_total.add((model,), n)

    def warmup(self, path: str, status: Code, seconds: float) -> None:
        """Adds how long a model version's warm-up took.

        Args:
            path: The version's directory.
            status: How it ended.
            seconds: The time of all its records.
        """
        with self._lock:
            self._warmup.add((path, status.name), seconds * 1e6)

    def logged(self, model: str, status: Code) -> None:
        """Counts a request that was written to the request log, or could not be.

        Args:
            model: The model's name.
            status: How the writing ended.
        """
        with self._lock:
            self._logged.add((model, status.name))

    def counts(self) -> Mapping[str, int]:
        """Says what the counters stand at, summed over their labels.

        Returns:
            Values by TensorFlow Serving's own names, as `/tensorflow/serving/request_count`.
        """
        with self._lock:
            counters = (self._requests, self._examples_total, self._logged)
            return {each.name.replace(":", "/"): sum(each.values.values()) for each in counters}

    def render(self) -> bytes:
        """Writes all of it as a Prometheus page.

        Returns:
            The page, in the text format.
        """
        metrics: tuple[_Counter | _Histogram, ...] = (
            self._warmup,
            self._examples_total,
            self._examples,
            self._requests,
            self._latency,
            self._logged,
            self._runtime,
        )
        with self._lock:
            lines = [line for each in metrics if each.values for line in each.lines()]
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
