"""The declaration compiled: YAML roles and schema types joined into the features of a model."""

import keyword
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from usecase.checks import require_column, require_function
from usecase.config import FeatureRole, Section, UseCase
from usecase.errors import ConfigError
from usecase.missing import missing_value

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

DType = Literal["float32", "int64", "string"]
TRANSFORMED_SUFFIX = "_xf"
# Integers whose schema domain is this small get an id by arithmetic instead of a vocabulary.
MAX_DIRECT_RANGE = 10_000

ROLE_DTYPES: dict[str, tuple[DType, ...]] = {
    "numeric": ("float32", "int64"),
    "bucketized": ("float32", "int64"),
    "categorical_string": ("string",),
    "categorical_integer": ("int64",),
    "boolean": ("int64", "float32", "string"),
}


class Feature(Section):
    """One raw feature of the model, as Transform, Trainer and the signatures need it.

    Attributes:
        name: The raw column.
        role: What it is in the model.
        dtype: Its raw type, from the schema.
        lowest: Lowest legal integer of the schema's domain, if stated.
        highest: Highest legal integer of the schema's domain, if stated.
        optional: Whether the schema allows it to be missing.
    """

    name: str
    role: str
    dtype: DType
    lowest: int | None = None
    highest: int | None = None
    optional: bool = False
    buckets: int = 10
    max_vocabulary: int = 1000
    min_count: int = 1

    @property
    def transformed_name(self) -> str:
        """The feature's name after Transform."""
        return self.name + TRANSFORMED_SUFFIX

    @property
    def indicator_name(self) -> str | None:
        """Name of the 0/1 input "value is missing", for numeric features that may be missing."""
        wanted = self.role == "numeric" and self.optional
        return f"{self.transformed_name}_missing" if wanted else None

    @property
    def input_name(self) -> str:
        """Its name where TensorFlow takes ASCII identifiers alone: dense inputs, vocabularies."""
        plain = re.sub(r"\W", "_", self.name, flags=re.ASCII)
        taken = keyword.iskeyword(plain) or plain == "self"
        return plain if plain[:1].isalpha() and not taken else f"x{plain}"

    @property
    def missing(self) -> float | int | str:
        """The sentinel that stands for a missing value in a dense tensor."""
        return missing_value(self.dtype, self.lowest)

    @property
    def direct_range(self) -> tuple[int, int] | None:
        """(lowest, highest) where ids come by arithmetic, None where a vocabulary is learned."""
        if self.role != "categorical_integer" or self.lowest is None or self.highest is None:
            return None
        small = self.highest - self.lowest < MAX_DIRECT_RANGE
        return (self.lowest, self.highest) if small else None


class LabelColumn(Section):
    """A raw column that the label is made of."""

    name: str
    dtype: DType


class Declaration(Section):
    """All that Transform needs to know of a use case; JSON, so that it can be an exec property.

    Attributes:
        features: The model's features.
        label_name: Name of the label.
        label_function: Dotted path to the label's function, None where the label is a column.
        label_columns: The raw columns that the label is made of.
    """

    features: tuple[Feature, ...]
    label_name: str
    label_function: str | None
    label_columns: tuple[LabelColumn, ...]

    @property
    def label_key(self) -> str:
        """The label's name after Transform."""
        return self.label_name + TRANSFORMED_SUFFIX


def read_schema(path: Path) -> "schema_pb2.Schema":
    """Reads a curated schema.

    Raises:
        ConfigError: If the file is no text-format Schema.
    """
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except (OSError, text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"schema not readable: {path}: {error}",
            expected="a tensorflow.metadata.v0.Schema in text format",
            fix="mend that line",
        ) from error


def declare(use_case: UseCase, schema: "schema_pb2.Schema") -> Declaration:
    """Joins the roles of the configuration with the types and domains of the schema.

    Raises:
        ConfigError: If a feature or a column of the label is not in the schema, a role does not
            fit a type, or the label's function cannot be found.
    """
    columns = {feature.name: feature for feature in schema.feature}
    label = use_case.label
    for name in label.source_columns:
        require_column(name, columns, f'label "{label.name}"')
    if label.function:
        require_function(label.function)
    elif _dtype(columns[label.name]) == "string":
        raise ConfigError(
            f'label "{label.name}" is a string in the schema',
            expected="numbers 0 and 1",
            fix="make numbers of it with label.function",
        )
    features = tuple(_compile(n, r, columns) for n, r in use_case.features.items())
    _require_distinct_inputs(features)
    return Declaration(
        features=features,
        label_name=label.name,
        label_function=label.function,
        label_columns=tuple(
            LabelColumn(name=n, dtype=_dtype(columns[n])) for n in label.source_columns
        ),
    )


def _require_distinct_inputs(features: tuple[Feature, ...]) -> None:
    names: dict[str, str] = {}
    for feature in features:
        other = names.setdefault(feature.input_name, feature.name)
        if other != feature.name:
            raise ConfigError(
                f'features "{other}" and "{feature.name}" would both be the input '
                f'"{feature.input_name}"',
                fix="rename one of the columns",
            )


def _compile(name: str, declared: FeatureRole, columns: dict[str, "schema_pb2.Feature"]) -> Feature:
    require_column(name, columns, "features")
    column = columns[name]
    dtype = _dtype(column)
    if dtype not in ROLE_DTYPES[declared.role]:
        raise ConfigError(
            f'feature "{name}" is {declared.role}, but {dtype} in the schema',
            expected=f"{declared.role} of type " + " or ".join(ROLE_DTYPES[declared.role]),
            fix="change its role in the config, or its type in the schema",
        )
    domain = column.int_domain if column.HasField("int_domain") else None
    return Feature(
        name=name,
        role=declared.role,
        dtype=dtype,
        lowest=domain.min if domain and domain.HasField("min") else None,
        highest=domain.max if domain and domain.HasField("max") else None,
        optional=column.presence.min_fraction < 1.0,
        **declared.model_dump(exclude={"role"}),
    )


def _dtype(column: "schema_pb2.Feature") -> DType:
    from tensorflow_metadata.proto.v0 import schema_pb2

    names: dict[int, DType] = {
        schema_pb2.FLOAT: "float32",
        schema_pb2.INT: "int64",
        schema_pb2.BYTES: "string",
    }
    if column.type not in names:
        raise ConfigError(
            f'column "{column.name}" has no type in the schema',
            expected="type: INT, FLOAT or BYTES",
            fix="add the type",
        )
    return names[column.type]
