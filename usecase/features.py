"""The features of a model: roles of the configuration joined with columns of the schema."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from usecase.checks import require_column, require_function
from usecase.errors import ConfigError, did_you_mean
from usecase.roles import (
    Boolean,
    Bucketized,
    CategoricalInteger,
    CategoricalString,
    Crossed,
    DateTime,
    FeatureRole,
    Numeric,
)
from usecase.schema import Column, DType, compile_column, identifier, transformed_name
from usecase.section import Section
from usecase.words import FALSE_WORDS, TRUE_WORDS

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

# Integers whose schema domain is this small get an id by arithmetic instead of a vocabulary.
MAX_DIRECT_RANGE = 10_000
# Rows of the embedding table that a cross may ask for: 8 numbers of 4 bytes each make 32 MB.
MAX_CROSSED_IDS = 1_000_000

ROLE_DTYPES: dict[str, tuple[DType, ...]] = {
    "numeric": ("float32", "int64"),
    "bucketized": ("float32", "int64"),
    "categorical_string": ("string",),
    "categorical_integer": ("int64",),
    "boolean": ("int64", "float32", "string"),
    "datetime": ("int64",),
}


class Feature(Section):
    """One feature of the model, as Transform, Trainer and the signatures need it.

    Attributes:
        name: Its name: that of its column, unless a function or a cross makes it.
        declared: Its role with the role's options.
        columns: The raw columns that it is made of; none for a cross.
        value: What the role encodes: the column, or what the function returns; None for a cross.
    """

    name: str
    declared: FeatureRole
    columns: tuple[Column, ...]
    value: Column | None

    @property
    def function(self) -> str | None:
        """Dotted path to the function that computes the value, if one does."""
        return None if isinstance(self.declared, Crossed | DateTime) else self.declared.function

    @property
    def on_phone(self) -> bool:
        """Whether the phone must be able to compute it."""
        return isinstance(self.declared, Crossed | DateTime) or self.declared.mobile

    @property
    def transformed_name(self) -> str:
        """The feature's name after Transform."""
        return transformed_name(self.name)

    @property
    def indicator_name(self) -> str | None:
        """Name of the 0/1 input "value is missing", for numeric features that may be missing."""
        wanted = isinstance(self.declared, Numeric) and self.value and self.value.optional
        return f"{self.transformed_name}_missing" if wanted else None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the float32 outputs of Transform, [batch] each."""
        if isinstance(self.declared, Numeric):
            indicator = (self.indicator_name,) if self.indicator_name else ()
            return (self.transformed_name, *indicator)
        if isinstance(self.declared, DateTime):
            return tuple(name for part in self.declared.parts for name in self.date_names(part))
        return ()

    @property
    def has_id(self) -> bool:
        """Whether Transform makes an int64 id of it."""
        return not isinstance(self.declared, Numeric | DateTime | Crossed)

    @property
    def has_vocabulary(self) -> bool:
        """Whether its ids are learned from the train split, value by value."""
        categorical = isinstance(self.declared, CategoricalString | CategoricalInteger)
        return categorical and self.direct_range is None

    def date_names(self, part: str) -> tuple[str, ...]:
        """Returns the outputs of one part of a date: sine and cosine, or the year alone."""
        name = f"{self.transformed_name}_{part}"
        return (name,) if part == "year" else (f"{name}_sin", f"{name}_cos")

    @property
    def vocabulary_name(self) -> str:
        """Name of its vocabulary file."""
        return identifier(self.name)

    @property
    def direct_range(self) -> tuple[int, int] | None:
        """(lowest, highest) where ids come by arithmetic, None where a vocabulary is learned."""
        legal = self.value.integers if self.value else None
        if not isinstance(self.declared, CategoricalInteger) or legal is None:
            return None
        few = legal.start < legal.stop <= legal.start + MAX_DIRECT_RANGE
        return (legal[0], legal[-1]) if few else None

    @property
    def most_ids(self) -> int:
        """An upper bound of its ids, missing and unknown included; 0 where it has none."""
        if isinstance(self.declared, Bucketized):
            return self.declared.buckets + 1
        if isinstance(self.declared, Boolean):
            return 3
        if self.direct_range:
            lowest, highest = self.direct_range
            return highest - lowest + 3
        if isinstance(self.declared, CategoricalString | CategoricalInteger):
            return self.declared.max_vocabulary + 2
        return 0


def compile_features(
    declared: Mapping[str, FeatureRole], schema: "schema_pb2.Schema"
) -> tuple[Feature, ...]:
    """Joins roles with types and domains.

    Raises:
        ConfigError: If a column is not in the schema, a role does not fit its type or domain, a
            function cannot be found, a cross is not possible, or two inputs would have one name.
    """
    features = tuple(_compile(name, role, schema) for name, role in declared.items())
    by_name = {feature.name: feature for feature in features}
    for feature in features:
        if isinstance(feature.declared, Crossed):
            _require_crossable(feature.name, feature.declared, by_name)
    require_distinct([c.name for f in features for c in f.columns])
    require_distinct([f.name for f in features])
    return features


def _compile(name: str, declared: FeatureRole, schema: "schema_pb2.Schema") -> Feature:
    if isinstance(declared, Crossed):
        return Feature(name=name, declared=declared, columns=(), value=None)
    function = None if isinstance(declared, DateTime) else declared.function
    names = declared.columns if function and not isinstance(declared, DateTime) else (name,)
    by_name = {column.name: column for column in schema.feature}
    for column in names:
        require_column(column, by_name, f'feature "{name}"' if function else "features")
    columns = tuple(compile_column(by_name[column], schema) for column in names)
    if function:
        require_function(function)
        _require_numbers_for_the_phone(name, declared, columns)
        dtype = ROLE_DTYPES[declared.role][0]
        value = Column(name=name, dtype=dtype, optional=True)
    else:
        (value,) = columns
        _require_fitting_role(value, declared)
    return Feature(name=name, declared=declared, columns=columns, value=value)


def _require_fitting_role(column: Column, declared: FeatureRole) -> None:
    role = declared.role
    if column.dtype not in ROLE_DTYPES[role]:
        is_date = role == "datetime" and column.dtype == "string"
        raise ConfigError(
            f'feature "{column.name}" is {role}, but {column.dtype} in the schema',
            expected=f"{role} of type " + " or ".join(ROLE_DTYPES[role]),
            fix="set its `format` in the config and type: INT in the schema; "
            "text becomes seconds when it is read"
            if is_date
            else "change its role in the config, or its type in the schema",
        )
    if fault := _domain_fault(column, declared):
        raise ConfigError(
            f'feature "{column.name}" is {role}, but {fault} in the schema',
            fix="change its role in the config, or its domain in the schema",
        )


def _domain_fault(column: Column, declared: FeatureRole) -> str:
    """Returns how a column's domain contradicts its role; "" if it does not."""
    is_number = isinstance(declared, Numeric | Bucketized | DateTime)
    if is_number and column.categorical:
        return "a category (int_domain.is_categorical)"
    if isinstance(declared, CategoricalInteger) and column.categorical is False:
        return "no category (int_domain.is_categorical)"
    if not isinstance(declared, Boolean):
        return "true or false (bool_domain)" if column.truth and is_number else ""
    if column.integers is not None and not {*column.integers[:3]} <= {0, 1}:
        return f"a number from {column.lowest} to {column.highest}"
    known = {*TRUE_WORDS, *FALSE_WORDS, *(column.truth or ()), ""}
    if unknown := [value for value in column.values if value not in known]:
        return f'"{unknown[0]}" is one of its values'
    return ""


def _require_numbers_for_the_phone(
    name: str, declared: FeatureRole, columns: tuple[Column, ...]
) -> None:
    texts = [column.name for column in columns if column.dtype == "string"]
    makes_text = isinstance(declared, CategoricalString)
    if isinstance(declared, Crossed | DateTime) or not declared.mobile:
        return
    if texts or makes_text:
        what = f'reads the strings of "{texts[0]}"' if texts else "makes strings"
        raise ConfigError(
            f'feature "{name}": its function {what}, which TFLite cannot compute',
            expected="a function from numbers to numbers, or one that stays off the phone",
            fix=f"set features.{name}.mobile: false",
        )


def _require_crossable(name: str, declared: Crossed, features: Mapping[str, Feature]) -> None:
    left, right = declared.features
    if left == right:
        raise ConfigError(f'cross "{name}": "{left}" with itself', fix="name two features")
    for part in (left, right):
        if part not in features:
            raise ConfigError(
                f'cross "{name}": there is no feature "{part}"', fix=did_you_mean(part, features)
            )
        if not features[part].has_id:
            raise ConfigError(
                f'cross "{name}": feature "{part}" is {features[part].declared.role}',
                expected="bucketized, categorical or boolean features, which have ids",
                fix="give it such a role, or cross another one",
            )
    most = features[left].most_ids * features[right].most_ids
    if most > MAX_CROSSED_IDS:
        raise ConfigError(
            f'cross "{name}": {left} x {right} could have {most:,} combinations',
            expected=f"{MAX_CROSSED_IDS:,} at most",
            fix="lower max_vocabulary or buckets of one of the two",
        )


def require_distinct(names: list[str]) -> None:
    """Checks that names which differ are different identifiers, too.

    Raises:
        ConfigError: If two are one.
    """
    inputs: dict[str, str] = {}
    for name in names:
        other = inputs.setdefault(identifier(name), name)
        if other != name:
            raise ConfigError(
                f'"{other}" and "{name}" would both be the input "{identifier(name)}"',
                fix="rename one of them",
            )
