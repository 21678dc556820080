"""What a comparison of two versions says, and how it is made."""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.compare.answers import Answers, answers
from serving.compare.asking import Asked, Asking, Failure
from serving.compare.defaults import COME_BACK, MARGIN, MAX_SLOWDOWN, ROWS, TIMEOUT
from serving.compare.distributions import Classes, Compared, compared, different, not_finite
from serving.compare.findings import Finding, scipy_stats
from serving.compare.judging import Judge
from serving.compare.labels import labels
from serving.compare.latency import Latency, latency, slow
from serving.compare.quality import Quality, wrong
from serving.compare.sides import Side, both, read_requests
from serving.errors import ServingError

ORDER = (
    "crashing",
    "errors",
    "stable fails",
    "outputs",
    "not finite",
    "wrong",
    "slow",
    "different",
)


@dataclass(frozen=True)
class Errors:
    """How often a side failed: in all, by code, and the words of the first failure."""

    count: int
    codes: dict[str, int]
    first: str


@dataclass(frozen=True)
class Comparison:
    """Two versions of a model, by their answers to the same rows.

    Attributes:
        address: The server's.
        model: The model's name.
        data: The rows' file.
        stable: The stable version.
        canary: The canary's version.
        rows: How many rows both answered.
        requests: How many requests each was sent.
        request_rows: How many rows a request held.
        has_more_rows: Whether the file has more than were read.
        ended: Why not all rows were sent; "" if all were.
        errors: By label.
        latency: None if nothing was answered by both.
        outputs: What they answered, by output.
        new_outputs: Outputs that the canary alone has.
        quality: By labelled rows; None without.
        findings: What is worth a word, the worst first.
        margin: How much lower the quality of a canary that counts as better may be.
    """

    address: str
    model: str
    data: str
    stable: int
    canary: int
    rows: int
    requests: int
    request_rows: int
    has_more_rows: bool
    ended: str
    errors: dict[str, Errors]
    latency: Latency | None
    outputs: list[Compared]
    new_outputs: list[str]
    quality: Quality | None
    findings: list[Finding]
    margin: float = MARGIN

    @property
    def is_worse(self) -> bool:
        """Whether the canary is worse than the stable version by any finding."""
        return any(finding.is_bad for finding in self.findings)

    def is_better(self, margin: float | None = None) -> bool:
        """Returns whether the canary's quality is higher beyond chance, and nothing is against it.

        Args:
            margin: How much lower the quality may be: the gain's confidence interval must lie above
                its negative. 0 asks for a canary that is truly better; None is the comparison's.
        """
        others = any(one.is_bad and one.kind != "wrong" for one in self.findings)
        if self.quality is None or others:
            return False
        return self.quality.low > -(self.margin if margin is None else margin)

    def to_json(self) -> dict[str, Any]:
        """Returns what JSON holds; a number that is not finite is None."""
        found = dataclasses.asdict(self)
        found["outputs"] = [
            {"is_class": isinstance(one, Classes), **dataclasses.asdict(one)}
            for one in self.outputs
        ]
        found["findings"] = [finding._asdict() for finding in self.findings]
        return _finite({**found, "is_worse": self.is_worse, "is_better": self.is_better()})


def compare(
    address: str,
    model: str,
    data: Path,
    *,
    label_column: str | None = None,
    positive: str | None = None,
    rows: int = ROWS,
    max_slowdown: float = MAX_SLOWDOWN,
    margin: float = MARGIN,
    timeout: float = TIMEOUT,
    come_back: float = COME_BACK,
) -> Comparison:
    """Asks the stable version and the canary the same rows, and compares what they answer.

    Args:
        address: The server's, as `serving.client.ServingClient` takes it.
        model: The model's name.
        data: A CSV file of rows, as `python -m serving predict` reads it.
        label_column: The column of labels; or, where the file has none of that name, an output of
            the model's signature `transform_features`, which is then asked for it: of the label
            `big_tip` that is `big_tip_xf`.
        positive: The class that a `probability` is of, where neither labels nor answers tell.
        rows: How many rows of the file are read at most.
        max_slowdown: The ratio of median latencies up to which the canary is not slow.
        margin: How much lower the quality of a canary that counts as better may be.
        timeout: Seconds for one request.
        come_back: Seconds in which a server that was lost is asked for again.

    Raises:
        ServingError: If there is no canary, rows or labels cannot be read, a label moves to another
            version meanwhile, or the stable version does not answer.
    """
    scipy_stats()
    with both(address, model, timeout) as (stable, canary):
        has_more = read_requests(data, rows, stable, canary)
        judge = None
        if label_column is not None:
            found = labels(label_column, data, rows, stable.client, stable.metadata)
            judge = Judge(found, stable.signature.outputs, positive)
        asked = Asking(stable, canary, come_back).run()
        return _comparison(
            stable,
            canary,
            asked,
            judge,
            max_slowdown,
            margin,
            address=address,
            model=model,
            data=str(data),
            has_more_rows=has_more,
        )


def _comparison(
    ours: Side,
    theirs: Side,
    asked: Asked,
    judge: Judge | None,
    max_slowdown: float,
    margin: float,
    **told: Any,
) -> Comparison:
    findings = _of_requests(ours, theirs, asked)
    times: Latency | None = None
    quality: Quality | None = None
    outputs: list[Compared] = []
    new: list[str] = []
    if asked.pairs:
        times = latency(
            [pair.stable_seconds for pair in asked.pairs],
            [pair.canary_seconds for pair in asked.pairs],
        )
        found = answers(asked.pairs, ours)
        outputs, lacking = compared(found.usable, found.canary)
        findings += [*found.findings(), *lacking, slow(times, max_slowdown)]
        findings += [not_finite(one, len(found.rows)) for one in outputs]
        quality = _quality(judge, found, findings)
        findings.append(None if quality is None else wrong(quality, margin))
        findings += [different(one, decides=quality is None) for one in outputs]
        new = found.new
    return Comparison(
        stable=ours.version,
        canary=theirs.version,
        rows=sum(len(ours.requests[pair.request]) for pair in asked.pairs),
        requests=asked.sent,
        request_rows=len(ours.requests[0]),
        ended=asked.ended,
        errors={label: _errors(failures) for label, failures in asked.failures.items()},
        latency=times,
        outputs=outputs,
        new_outputs=new,
        quality=quality,
        findings=sorted(filter(None, findings), key=lambda one: ORDER.index(one.kind)),
        margin=margin,
        **told,
    )


def _quality(
    judge: Judge | None, found: Answers, findings: Sequence[Finding | None]
) -> Quality | None:
    """Returns the quality of answers; None where it cannot be told for a canary that is bad anyway.

    Raises:
        ServingError: If it cannot be told of a canary that nothing else is wrong with.
    """
    if judge is None:
        return None
    bad = [finding.kind for finding in findings if finding is not None and finding.is_bad]
    if "outputs" in bad:
        return None
    try:
        return judge.judge(found.rows, found.stable, found.canary)
    except ServingError:
        if not bad:
            raise
        return None


def _of_requests(stable: Side, canary: Side, asked: Asked) -> list[Finding | None]:
    """Returns what requests without an answer say."""
    found: list[Finding | None] = []
    if asked.crash:
        found.append(Finding("crashing", asked.crash))
    elif asked.canary_alone:
        errors = _errors(asked.failures[canary.label])
        found.append(
            Finding(
                "errors",
                f"{asked.canary_alone} of {asked.sent} requests that {stable} answers "
                f"({_codes(errors)}; the first: {errors.first})",
            )
        )
    failures = asked.failures[stable.label]
    if failures:
        errors = _errors(failures)
        found.append(
            Finding(
                "stable fails",
                f"{errors.count} of {asked.sent} requests to {stable} itself "
                f"({_codes(errors)}; the first: {errors.first})",
                is_bad=False,
            )
        )
    return found


def _errors(failures: Sequence[Failure]) -> Errors:
    codes = dict(Counter(failure.code for failure in failures).most_common())
    return Errors(len(failures), codes, failures[0].message if failures else "")


def _codes(errors: Errors) -> str:
    return ", ".join(f"{code} {count}" for code, count in errors.codes.items())


def _finite(value: Any) -> Any:
    """Returns a value as JSON holds it."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
