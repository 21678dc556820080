"""The declaration compiled: YAML roles and schema types joined into the features of a model."""

from typing import TYPE_CHECKING

from usecase.config import UseCase
from usecase.dates import DateText
from usecase.errors import ConfigError
from usecase.features import Feature, compile_features, require_distinct
from usecase.labels import LabelSpec, compile_label
from usecase.roles import DateTime
from usecase.schema import Column
from usecase.section import Section

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2


class Declaration(Section):
    """All that Transform needs to know of a use case; JSON, so that it can be an exec property.

    Attributes:
        features: The model's features.
        label: The label.
    """

    features: tuple[Feature, ...]
    label: LabelSpec

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The raw columns that the model reads, each once."""
        return tuple({c.name: c for f in self.features for c in f.columns}.values())

    @property
    def dates(self) -> dict[str, DateText]:
        """The columns that hold dates in text, and how they write them."""
        declared = [(f.name, f.declared) for f in self.features]
        return {
            name: DateText(role.format, role.utc_offset_hours)
            for name, role in declared
            if isinstance(role, DateTime) and role.format
        }

    @property
    def functions(self) -> tuple[str, ...]:
        """Dotted paths to the functions of the user's own."""
        paths = [feature.function for feature in self.features]
        return tuple(dict.fromkeys(path for path in (*paths, self.label.function) if path))


def declare(use_case: UseCase, schema: "schema_pb2.Schema") -> Declaration:
    """Joins the roles of the configuration with the types and domains of the schema.

    Raises:
        ConfigError: Where the two do not fit, or name what is not there.
    """
    label = compile_label(use_case, schema)
    features = compile_features(use_case.features, schema)
    require_distinct([*(feature.name for feature in features), label.name])
    for feature in features:
        if not use_case.label.function and label.name in [c.name for c in feature.columns]:
            raise ConfigError(
                f'feature "{feature.name}" reads the label "{label.name}"',
                fix="leave that column out: it is not known when the model is asked",
            )
    return Declaration(features=features, label=label)
