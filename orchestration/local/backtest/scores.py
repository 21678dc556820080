"""What a backtest found: the quality of one model in each span."""

import dataclasses
import json
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Drift:
    """The column that has moved the most, by its distance over what is allowed.

    Attributes:
        column: The column.
        distance: How far: the L-infinity distance of text, the Jensen-Shannon divergence of
            numbers.
        allowed: The threshold of its comparator.
    """

    column: str
    distance: float
    allowed: float


@dataclasses.dataclass(frozen=True)
class Score:
    """The model's quality in one span.

    Attributes:
        name: The span.
        rows: How many of its rows have a label that can be used.
        metrics: By name; one that is not defined there is left out.
        errors: Standard errors of the metrics, by name, where there are enough rows to tell.
        drift: The column that has moved the most since training; None if none can be compared.
    """

    name: str
    rows: int
    metrics: dict[str, float]
    errors: dict[str, float]
    drift: Drift | None = None


@dataclasses.dataclass(frozen=True)
class Backtest:
    """One model, trained on the first spans, in the later ones.

    Attributes:
        use_case: Its name.
        unit: What a span is: "year", "quarter", "month" or "span".
        trained: The spans that it was trained on.
        reference: The test split of these: rows of the same time that it has not seen.
        later: The later spans.
    """

    use_case: str
    unit: str
    trained: tuple[str, ...]
    reference: Score
    later: tuple[Score, ...]

    def write(self, path: Path, key: str) -> None:
        """Writes it, under a digest of all that it was made of."""
        incoming = path.with_name(f"{path.name}.new")
        raw = {"key": key, **dataclasses.asdict(self)}
        incoming.write_text(json.dumps(raw, indent=1), encoding="utf-8")
        incoming.replace(path)

    @classmethod
    def read(cls, path: Path, key: str) -> "Backtest | None":
        """Returns what was written under a digest; None if nothing was, or something else."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            if raw.pop("key") != key:
                return None
            raw["trained"] = tuple(raw["trained"])
            raw["reference"] = _score(raw["reference"])
            raw["later"] = tuple(_score(score) for score in raw["later"])
            return cls(**raw)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def _score(raw: dict[str, Any]) -> Score:
    drift = raw.pop("drift")
    return Score(**raw, drift=Drift(**drift) if drift else None)
