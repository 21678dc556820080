"""The `tuning` section: which values of the network and its training a search may try."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, Tag, model_validator

from usecase.section import Section


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("should be a number")
    return value


Number = Annotated[int | float, BeforeValidator(_number)]
Choices = Annotated[tuple[JsonValue, ...], Field(min_length=1)]


class Range(Section):
    """All numbers from `min` to `max`, both included."""

    min: Number
    max: Number
    log: bool = Field(False, description="Whether each order of magnitude is as likely as others.")
    step: Number | None = Field(
        None, description="From one value to the next: what is added; with `log`, the factor."
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> "Range":
        if self.min >= self.max:
            raise ValueError("`min` should be below `max`")
        if self.log and self.min <= 0:
            raise ValueError("`log` needs a `min` above 0")
        if self.step is not None and not self._fits(self.step):
            most = f"{self.max / self.min:g}" if self.log else f"{self.max - self.min:g}"
            raise ValueError(f"`step` should be above {int(self.log)}, and at most {most} here")
        return self

    def _fits(self, step: float) -> bool:
        if self.log:
            return 1 < step <= self.max / self.min
        return 0 < step <= self.max - self.min


def _kind(value: object) -> str:
    return "range" if isinstance(value, Range | Mapping) else "choices"


Domain = Annotated[
    Annotated[Choices, Tag("choices")] | Annotated[Range, Tag("range")],
    Discriminator(_kind),
]

# What matters most often, around values that are usual whatever the data.
DEFAULT_SPACE: Mapping[str, Any] = MappingProxyType(
    {
        "training.learning_rate": Range(min=3e-4, max=1e-2, log=True),
        "network.hidden_units": ([32], [64, 32], [128, 64], [256, 128]),
        "network.embedding_size": (4, 8, 16),
        "network.dropout": Range(min=0.0, max=0.5),
        "network.l2": Range(min=1e-6, max=1e-3, log=True),
    }
)


class Tuning(Section):
    """What `run --tune` searches, and how.

    The first trial has the configuration's own values, whatever the space.
    """

    algorithm: Literal["random", "bayesian"] = Field(
        "random", description="bayesian: a Gaussian process proposes, after a third of the trials."
    )
    trials: int = Field(10, ge=1, description="How often the network is trained.")
    seed: int | None = Field(None, ge=0, description="Of the search; training.seed if unset.")
    space: dict[str, Domain] = Field(
        default_factory=lambda: dict(DEFAULT_SPACE),
        min_length=1,
        description="Dotted field, as in `network.dropout`, to a list of values, or to "
        "{min, max, log, step}.",
    )
