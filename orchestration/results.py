"""The outcome of a run, as the console, `--json` and the run's record tell it."""

import dataclasses
from typing import Any, Literal

from components.verdict import GateResult
from models.trials import Trial
from serving.releases.state import Canary

NodeState = Literal["ran", "cached", "skipped", "failed"]
RunVerdict = Literal["pushed", "partly_pushed", "not_pushed", "up_to_date", "stopped", "failed"]

EXIT_CODES: dict[RunVerdict, int] = {
    "pushed": 0,
    "up_to_date": 0,
    "stopped": 0,
    "partly_pushed": 1,
    "not_pushed": 1,
    "failed": 2,
}


# Verdicts of runs in which a gate said no.
REFUSED: tuple[RunVerdict, ...] = ("not_pushed", "partly_pushed")


@dataclasses.dataclass(frozen=True)
class NodeResult:
    """One node of a run.

    Attributes:
        id: The node, for example "Trainer".
        stage: Its short name for people, for example "train".
        state: What became of it.
        seconds: Wall time; 0 where it did not run.
        reason: Why it ran, or which run it was reused from.
        fact: The one fact that matters; may be empty.
        refused: Whether it is a gate that said no.
    """

    id: str
    stage: str
    state: NodeState
    seconds: float
    reason: str = ""
    fact: str = ""
    refused: bool = False


@dataclasses.dataclass(frozen=True)
class Destination:
    """One place that a model is pushed to.

    Attributes:
        name: "serving" or "mobile".
        pushed: Whether this run pushed to it.
        version: The newest version that lies there now; None if there is none.
        refused: Why it did not get this run's model, in one line; "" if no one refused.
    """

    name: str
    pushed: bool
    version: int | None
    refused: str = ""


@dataclasses.dataclass(frozen=True)
class Release:
    """What requests for the served model get by their label.

    Attributes:
        stable: The stable version.
        canary: The version that is tried out, and its share of traffic; None if there is none.
    """

    stable: int
    canary: Canary | None = None

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Release":
        """Rebuilds it from a run's `to_json`."""
        return cls(raw["stable"], Canary(**raw["canary"]) if raw["canary"] else None)


@dataclasses.dataclass(frozen=True)
class RunResult:
    """One run, whole.

    Attributes:
        run_id: The run, for example "2026-11-20T23-20-01".
        verdict: What came of it.
        headline: Why, in one line.
        nodes: Its nodes in order.
        gates: Every condition of every gate that was reached.
        destinations: The places that models are pushed to.
        metrics: Name to value; "linear/..." are those of the linear baseline.
        serving_model: Path of the newest model to serve, None if there is none.
        mobile_model: Path of the file for phones that is newest, None if there is none.
        log: Path of the run's log file.
        seconds: Wall time of the run.
        error: What went wrong, where the run failed; may be empty.
        trials: The trials of a search, the best first.
        tuned_config: Path of the configuration with the best trial's values, None if there is none.
        warnings: What else a user should know.
        release: The release beside the served models; None if there is none, or it is damaged.
        release_problem: Why the release is not what it should be; may be empty.
    """

    run_id: str
    verdict: RunVerdict
    headline: str
    nodes: tuple[NodeResult, ...]
    gates: tuple[GateResult, ...]
    destinations: tuple[Destination, ...]
    metrics: dict[str, float]
    serving_model: str | None
    mobile_model: str | None
    log: str
    seconds: float = 0.0
    error: str = ""
    trials: tuple[Trial, ...] = ()
    tuned_config: str | None = None
    warnings: tuple[str, ...] = ()
    release: Release | None = None
    release_problem: str = ""

    @property
    def told_warnings(self) -> tuple[str, ...]:
        """The warnings, with what is wrong with the release."""
        return (*self.warnings, *filter(None, [self.release_problem]))

    @property
    def exit_code(self) -> int:
        """0 pushed, nothing to do or stopped as asked, 1 a gate refused, 2 failed."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """Returns the run as plain JSON types (dataclass fields under their own names)."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "RunResult":
        """Rebuilds a run from `to_json`."""
        return cls(
            **{
                **raw,
                "nodes": tuple(NodeResult(**node) for node in raw["nodes"]),
                "gates": tuple(GateResult(**gate) for gate in raw["gates"]),
                "destinations": tuple(Destination(**place) for place in raw["destinations"]),
                "trials": tuple(Trial(**trial) for trial in raw.get("trials", ())),
                "warnings": tuple(raw.get("warnings", ())),
                "release": Release.from_json(raw["release"]) if raw.get("release") else None,
            }
        )
