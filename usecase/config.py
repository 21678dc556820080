"""The typed configuration of a use case: one YAML file, strict, frozen, unknown keys refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
SliceKey = Annotated[dict[str, str | int], Field(min_length=1)]

DEFAULT_METRICS = ("auc", "pr_auc", "accuracy", "precision", "recall", "calibration", "loss")


class Section(BaseModel):
    """What every part of the configuration shares."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Data(Section):
    """Where the rows are."""

    path: str = Field(
        description="A CSV file with a header line; `pkg:PACKAGE/FILE` names one inside an "
        "installed Python package."
    )


class Split(Section):
    """How rows are split, in hash buckets: training, early stopping (eval) and the gates (test)."""

    train: int = Field(8, ge=1)
    eval: int = Field(1, ge=1)
    test: int = Field(1, ge=1)


SPLITS = tuple(Split.model_fields)


class FeatureRole(Section):
    """One feature: the role of a column in the model."""

    role: Literal["numeric", "bucketized", "categorical_string", "categorical_integer", "boolean"]
    buckets: int = Field(10, ge=2, le=1000, description="bucketized: number of quantile buckets.")
    max_vocabulary: int = Field(
        1000, ge=1, description="categorical: most frequent values that keep an id of their own."
    )
    min_count: int = Field(
        1, ge=1, description="categorical: rarer values share the id of unknown values."
    )


class Label(Section):
    """The label: a column, or a function of columns."""

    name: str = Field(description="Name of the label; the column itself unless `function` is set.")
    function: str | None = Field(
        None, description="Dotted path to a function of {column: dense tensor} -> label tensor."
    )
    columns: tuple[str, ...] = Field((), description="The columns that `function` reads.")

    @model_validator(mode="after")
    def _function_and_columns_together(self) -> "Label":
        if (self.function is None) != (not self.columns):
            raise ValueError("`function` and `columns` belong together: set both or neither")
        return self

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The raw columns that the label is made of."""
        return self.columns or (self.name,)


class Network(Section):
    """The wide-and-deep network."""

    hidden_units: tuple[int, ...] = Field((64, 32), description="Units of each hidden layer.")
    activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
    embedding_size: int = Field(8, ge=1, description="Largest width of a category's embedding.")
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    l2: Annotated[float, Field(ge=0.0)] = 1e-5


class Training(Section):
    """How the network is trained."""

    batch_size: int = Field(256, ge=1)
    max_epochs: int = Field(30, ge=1)
    learning_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    early_stopping_patience: int = Field(
        4, ge=1, description="Epochs without a better eval loss before training stops."
    )
    reduce_lr_patience: int = Field(
        2, ge=1, description="Epochs without a better eval loss before the learning rate halves."
    )
    class_weights: Literal["auto", "none"] = Field(
        "auto", description="auto: weigh classes evenly when the rarer one is below 20 % of rows."
    )
    seed: int = Field(42, ge=0)


class Threshold(Section):
    """One condition of the quality gate."""

    metric: str
    slice: str | SliceKey | None = Field(
        None,
        description="A column (each of its values must pass), {column: value}, or nothing "
        "(all rows).",
    )
    min: float | None = Field(None, description="Lowest value allowed.")
    max: float | None = Field(None, description="Highest value allowed.")
    max_drop: Annotated[float, Field(ge=0.0)] | None = Field(
        None, description="How much worse than the baseline (the last pushed model) is allowed."
    )

    @model_validator(mode="after")
    def _bounds_something(self) -> "Threshold":
        if self.min is None and self.max is None and self.max_drop is None:
            raise ValueError("a threshold needs `min`, `max` or `max_drop`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` is above `max`: no value could pass")
        return self


class Evaluation(Section):
    """What the quality gate measures, on which slices, and what it demands (on the test split)."""

    metrics: tuple[str, ...] = DEFAULT_METRICS
    slices: tuple[str, ...] = Field((), description="Columns by whose values metrics are sliced.")
    min_slice_size: int = Field(
        50, ge=1, description="Slices with fewer test rows are neither reported nor judged."
    )
    thresholds: tuple[Threshold, ...] = Field(..., min_length=1)


class DataGate(Section):
    """What the data gate demands beside the schema."""

    min_rows: int = Field(100, ge=1, description="Fewest rows that the train split may have.")
    min_label_share: Share = Field(
        0.01, description="Smallest share of rows that the rarer class may have."
    )


class UseCase(Section):
    """A use case: everything that tells one pipeline from another.

    The code below it is generic: a feature is one line here, a data set is one file.
    """

    name: Name
    task: Literal["binary"] = "binary"
    data: Data
    schema_file: str = Field(alias="schema", description="The curated schema.pbtxt.")
    split: Split = Split()
    features: dict[str, FeatureRole] = Field(min_length=1)
    label: Label
    network: Network = Network()
    training: Training = Training()
    data_gate: DataGate = DataGate()
    evaluation: Evaluation

    @field_validator("features", mode="before")
    @classmethod
    def _role_alone_is_enough(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {k: {"role": v} if isinstance(v, str) else v for k, v in value.items()}

    @model_validator(mode="after")
    def _label_is_no_feature(self) -> "UseCase":
        if self.label.name in self.features:
            raise ValueError(f'the label "{self.label.name}" is also declared as a feature')
        return self
