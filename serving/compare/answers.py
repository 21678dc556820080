"""The answers to many requests as one: of which rows, and the outputs of both versions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.compare.asking import Pair
from serving.compare.findings import Finding
from serving.compare.sides import Side
from serving.errors import ServingError


@dataclass(frozen=True)
class Answers:
    """What both versions answered.

    Attributes:
        rows: The numbers of the rows that both did, ascending.
        stable: The stable version's outputs for them, by name.
        canary: The canary's, without those that are not one answer a row.
        broken: The names of these.
    """

    rows: np.ndarray
    stable: dict[str, np.ndarray]
    canary: dict[str, np.ndarray]
    broken: list[str]

    @property
    def new(self) -> list[str]:
        """Outputs that the canary alone has."""
        return [name for name in (*self.canary, *self.broken) if name not in self.stable]

    @property
    def usable(self) -> dict[str, np.ndarray]:
        """The stable version's outputs, without those that are broken in the canary."""
        return {name: v for name, v in self.stable.items() if name not in self.broken}

    def findings(self) -> list[Finding]:
        """Returns what is to be said of outputs of the stable version that are broken."""
        return [
            Finding("outputs", f"{name} is not one answer a row, of one shape")
            for name in self.broken
            if name in self.stable
        ]


def answers(pairs: Sequence[Pair], stable: Side) -> Answers:
    """Returns the answers to requests as one.

    Args:
        pairs: The requests that both versions answered.
        stable: Whose requests they were.

    Raises:
        ServingError: If the stable version does not give one answer a row, of one shape.
    """
    size = len(stable.requests[0])
    sizes = [len(stable.requests[pair.request]) for pair in pairs]
    rows = [pair.request * size + np.arange(n) for pair, n in zip(pairs, sizes, strict=True)]
    ours, broken = _joined([pair.stable for pair in pairs], sizes)
    if broken:
        raise ServingError(
            f"{stable} does not give one answer a row, of one shape, as {', '.join(broken)}",
            expected="outputs whose first dimension is the rows",
            fix='ask each label in Python: ServingClient(..., label="canary")',
        )
    theirs, broken = _joined([pair.canary for pair in pairs], sizes)
    return Answers(np.concatenate([np.empty(0, np.int64), *rows]), ours, theirs, broken)


def _joined(
    found: Sequence[dict[str, np.ndarray]], sizes: Sequence[int]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns the outputs for all requests as one, and the names of those that cannot be."""
    joined, broken = {}, []
    for name in found[0] if found else ():
        parts = [answer.get(name, np.empty(())) for answer in found]
        by_row = all(part.shape[:1] == (n,) for part, n in zip(parts, sizes, strict=True))
        if by_row and len({part.shape[1:] for part in parts}) == 1:
            joined[name] = np.concatenate(parts)
        else:
            broken.append(name)
    return joined, broken
