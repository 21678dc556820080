"""The roles of features: what a column, or a function of columns, is in the model."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from usecase.dates import format_fault
from usecase.section import Section

DatePart = Literal["hour", "day_of_week", "day_of_month", "day_of_year", "month", "year"]


class _OfColumn(Section):
    """A role of one value a row: the column of the feature's name, or what a function returns."""

    function: str | None = Field(
        None,
        description="Dotted path to a function of {column: dense tensor} -> tensor; its result "
        "takes the place of a column.",
    )
    columns: tuple[str, ...] = Field((), description="The columns that `function` reads.")
    mobile: bool = Field(
        True, description="Whether `function` must run on the phone; false keeps it off."
    )

    @model_validator(mode="after")
    def _function_and_columns_together(self) -> "_OfColumn":
        if (self.function is None) != (not self.columns):
            raise ValueError("`function` and `columns` belong together: set both or neither")
        if not self.mobile and self.function is None:
            raise ValueError("`mobile: false` is for features with a `function`")
        return self


class Numeric(_OfColumn):
    """A number, scaled by what the train split teaches."""

    role: Literal["numeric"] = "numeric"
    scaling: Literal["z_score", "min_max", "log"] = Field(
        "z_score",
        description="z_score: (x - mean) / deviation; min_max: train's range to 0..1; log: z-score "
        "of sign(x) * log(1 + |x|).",
    )


class Bucketized(_OfColumn):
    """A number as the id of its quantile bucket."""

    role: Literal["bucketized"] = "bucketized"
    buckets: int = Field(10, ge=2, le=1000, description="Number of quantile buckets.")


class _Categorical(_OfColumn):
    max_vocabulary: int = Field(
        1000, ge=1, description="Most frequent values that keep an id of their own."
    )
    min_count: int = Field(1, ge=1, description="Rarer values share the id of unknown values.")


class CategoricalString(_Categorical):
    """A string of few values."""

    role: Literal["categorical_string"] = "categorical_string"


class CategoricalInteger(_Categorical):
    """An integer of few values; their order means nothing."""

    role: Literal["categorical_integer"] = "categorical_integer"


class Boolean(_OfColumn):
    """True or false: 0/1, or words such as yes/no."""

    role: Literal["boolean"] = "boolean"


class DateTime(Section):
    """Seconds since 1970-01-01T00:00:00 UTC, as parts of date and time on their circles."""

    role: Literal["datetime"] = "datetime"
    parts: tuple[DatePart, ...] = Field(
        ("hour", "day_of_week", "month"),
        min_length=1,
        description="Each part becomes a sine and a cosine; year, which has no circle, a z-score.",
    )
    utc_offset_hours: Annotated[float, Field(ge=-14, le=14)] = Field(
        0.0, description="Hours by which local time, whose parts these are, is ahead of UTC."
    )
    format: str | None = Field(
        None,
        min_length=1,
        description="How a CSV file writes it: `iso8601` or a strptime format; unset: seconds. "
        "Text without a zone is local time.",
    )

    @model_validator(mode="after")
    def _each_part_once(self) -> "DateTime":
        if len(set(self.parts)) < len(self.parts):
            raise ValueError("`parts` names a part twice")
        return self

    @field_validator("format")
    @classmethod
    def _format_can_be_read(cls, value: str | None) -> str | None:
        if value is not None and (fault := format_fault(value)):
            raise ValueError(fault)
        return value


class Crossed(Section):
    """The pair of two features' ids: each combination has an id of its own."""

    role: Literal["crossed"] = "crossed"
    features: tuple[str, str] = Field(
        description="Two features with ids: bucketized, categorical or boolean."
    )


ColumnRole = Numeric | Bucketized | CategoricalString | CategoricalInteger | Boolean
FeatureRole = Annotated[ColumnRole | DateTime | Crossed, Field(discriminator="role")]
