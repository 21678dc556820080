"""The search space of a use case: its dimensions, and how their values reach network and training.

A value is known by its dotted field, as in `network.dropout`.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

import pydantic

from usecase.config import Network, Training, UseCase
from usecase.errors import ConfigError, did_you_mean
from usecase.section import Section
from usecase.tuning import Range, Tuning

SIGNIFICANT_DIGITS = 4  # of a proposed value: a file holds it exactly, a reader takes it in
SECTIONS: dict[str, type[Section]] = {"network": Network, "training": Training}
FIXED = {
    "training.seed": "luck cannot be tuned",
    "training.precision": "it follows from the hardware",
    "training.max_epochs": "early stopping finds the epoch",
}


class Settings(NamedTuple):
    """What a search may change."""

    network: Network
    training: Training

    def value(self, name: str) -> Any:
        """Returns the value of a dotted field."""
        section, _, field = name.partition(".")
        return getattr(getattr(self, section), field)

    def changed(self, values: Mapping[str, Any]) -> "Settings":
        """Returns the settings with other values, checked as the configuration's are.

        Args:
            values: Dotted field to value, as in JSON.

        Raises:
            ConfigError: If a field does not exist, or refuses its value.
        """
        raw = {name: getattr(self, name).model_dump() for name in SECTIONS}
        for name, value in values.items():
            section, _, field = name.partition(".")
            if field not in raw.get(section, {}):
                raise ConfigError(f'unknown field "{name}"', fix=did_you_mean(name, tunable()))
            raw[section][field] = value
        return Settings(*(_checked(name, raw[name]) for name in SECTIONS))


class Dimension(NamedTuple):
    """One dimension of the search space.

    Attributes:
        name: The dotted field.
        choices: Its values, the configuration's own among them; empty where there is a range.
        range: All values between two bounds; None where there are choices.
        own: The configuration's own value.
    """

    name: str
    choices: tuple[Any, ...]
    range: Range | None
    own: Any

    def rounded(self, value: float) -> float:
        """Returns a number with few digits, not outside of the range."""
        if self.range is None or isinstance(value, int):
            return value
        short = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return min(max(short, float(self.range.min)), float(self.range.max))


def tunable() -> list[str]:
    """Returns the dotted fields that can be tuned."""
    names = [f"{name}.{field}" for name, of in SECTIONS.items() for field in of.model_fields]
    return [name for name in names if name not in FIXED]


def check_tuning(use_case: UseCase) -> None:
    """Checks the search space, whether or not it will be searched.

    Raises:
        ConfigError: If a field cannot be tuned, or refuses one of its values.
    """
    dimensions(use_case.tuning, Settings(use_case.network, use_case.training))


def dimensions(tuning: Tuning, own: Settings) -> tuple[Dimension, ...]:
    """Returns the dimensions of the search space, every value checked by the field that takes it.

    Args:
        tuning: The search space.
        own: The configuration's own values.

    Raises:
        ConfigError: If a field cannot be tuned, or refuses one of its values.
    """
    return tuple(_dimension(name, domain, own) for name, domain in tuning.space.items())


def _dimension(name: str, domain: Range | tuple[Any, ...], own: Settings) -> Dimension:
    where = f"tuning.space.{name}"
    if name in FIXED:
        raise ConfigError(f"{where} cannot be tuned: {FIXED[name]}", fix="leave it out")
    if name not in tunable():
        raise ConfigError(f'unknown field "{where}"', fix=did_you_mean(name, tunable()))
    if isinstance(domain, Range):
        return Dimension(name, (), _checked_range(name, domain, own), own.value(name))
    choices: list[Any] = []
    for choice in domain:
        value = _taken(name, choice, own)
        if value in choices:
            raise ConfigError(f"{where} names {choice!r} twice", fix="name each value once")
        choices.append(value)
    # The search begins there, so the configuration's own value is a choice in any case.
    more = () if own.value(name) in choices else (own.value(name),)
    return Dimension(name, (*choices, *more), None, own.value(name))


def _checked_range(name: str, domain: Range, own: Settings) -> Range:
    bounds = [_taken(name, bound, own) for bound in (domain.min, domain.max)]
    if isinstance(bounds[0], int) and not isinstance(domain.step, int | None):
        raise ConfigError(
            f"tuning.space.{name}.step: {domain.step!r} between whole numbers",
            expected="a whole number",
            fix="correct this value",
        )
    return domain.model_copy(update={"min": bounds[0], "max": bounds[1]})


def _taken(name: str, value: Any, own: Settings) -> Any:
    """Returns a value as its field takes it."""
    try:
        return own.changed({name: value}).value(name)
    except ConfigError as error:
        raise ConfigError(f"tuning.space.{error.what}", error.expected, error.fix) from None


def _checked(name: str, raw: dict[str, Any]) -> Any:
    try:
        return SECTIONS[name].model_validate_json(json.dumps(raw))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        known = get_args(SECTIONS[name].model_fields[field].annotation)
        literal = first["type"] == "literal_error"
        raise ConfigError(
            f"{name}.{field}: {first['msg']} (got {raw[field]!r})",
            fix=did_you_mean(str(raw[field]), known) if literal else "correct this value",
        ) from None
