"""The typed configuration of a use case: one YAML file, strict, frozen, unknown keys refused."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from usecase.kubeflow import Kubeflow
from usecase.metadata_url import parse_metadata_url
from usecase.metrics import METRICS, Task
from usecase.roles import FeatureRole
from usecase.section import Section
from usecase.span_paths import has_span
from usecase.tuning import Tuning

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Source = Literal["csv", "parquet", "tfrecord", "bigquery"]
Server = Literal["auto", "binary", "docker", "embedded"]
# As serving.remote takes them: gRPC without a scheme, REST with one.
Address = Annotated[str, Field(pattern=r"^(https?://\S+|[^\s/]+:[0-9]+|unix:\S+)$")]
TFRECORD_NAME = re.compile(r"\.tfrecords?(\.gz)?$")
PARQUET_NAME = re.compile(r"\.parquet$")
Delimiter = Annotated[str, Field(pattern=r"^[\t !#-~]$")]
SliceKey = Annotated[dict[str, str | int], Field(min_length=1)]


class Data(Section):
    """Where the rows are: files, or the result of a query."""

    path: str | None = Field(
        None,
        description="A file or a pattern of files, here or under gs://; `pkg:PACKAGE/FILE` names "
        "one inside an installed Python package.",
    )
    format: Literal["csv", "parquet", "tfrecord"] | None = Field(
        None,
        description="csv: with a header line; parquet; tfrecord: of tf.Examples. Told by the name "
        "if unset.",
    )
    delimiter: Delimiter = Field(",", description="csv: the one character between cells.")
    missing: Literal["pandas"] | tuple[str, ...] = Field(
        ("",),
        description="csv: cells that are missing values, beside the empty one; pandas: what "
        "pandas.read_csv takes for one.",
    )
    window: int = Field(
        1, ge=1, description="How many of the last spans are read, where `path` holds {SPAN}."
    )
    query: str | None = Field(None, description="A BigQuery query, in place of `path`.")
    project: str | None = Field(None, description="query: the Google Cloud project that pays.")
    temp_location: str | None = Field(
        None, description="query: a gs:// folder for what BigQuery exports."
    )

    @model_validator(mode="after")
    def _files_or_query(self) -> "Data":
        if (self.path is None) == (self.query is None):
            raise ValueError("set either `path` or `query`")
        of_query = (self.project, self.temp_location)
        if self.query is None and of_query != (None, None):
            raise ValueError("`project` and `temp_location` belong to `query`")
        if self.query is not None and (None in of_query or self.format):
            raise ValueError("`query` needs `project` and `temp_location`, and has no `format`")
        if self.window > 1 and not has_span(self.path):
            raise ValueError("`window` counts spans: `path` needs {SPAN} where their number stands")
        if self.source != "csv" and (self.delimiter, self.missing) != (",", ("",)):
            raise ValueError("`delimiter` and `missing` say how CSV is written")
        return self

    @property
    def source(self) -> Source:
        """What kind of ExampleGen reads it."""
        if self.path is None:
            return "bigquery"
        return self.format or _source_by_name(self.path)

    def elsewhere(self, path: str) -> "Data":
        """Returns other files in place of these; CSV is written as it is here."""
        if _source_by_name(path) != "csv":
            return Data(path=path)
        return Data(path=path, delimiter=self.delimiter, missing=self.missing)


def _source_by_name(path: str) -> Source:
    if TFRECORD_NAME.search(path):
        return "tfrecord"
    return "parquet" if PARQUET_NAME.search(path) else "csv"


class Split(Section):
    """How rows are split, in hash buckets: training, early stopping (eval) and the gates (test)."""

    train: int = Field(8, ge=1)
    eval: int = Field(1, ge=1)
    test: int = Field(1, ge=1)


SPLITS = tuple(Split.model_fields)


class Label(Section):
    """The label: a column, or a function of columns."""

    name: str = Field(description="Name of the label; the column itself unless `function` is set.")
    function: str | None = Field(
        None, description="Dotted path to a function of {column: dense tensor} -> label tensor."
    )
    columns: tuple[str, ...] = Field((), description="The columns that `function` reads.")
    classes: Annotated[tuple[str, ...] | tuple[int, ...], Field(min_length=2)] | None = Field(
        None, description="What `function` returns; a column's classes are its schema's domain."
    )
    positive_class: str | int | None = Field(
        None, description="binary: the class whose probability is predicted."
    )

    @model_validator(mode="after")
    def _function_and_columns_together(self) -> "Label":
        if (self.function is None) != (not self.columns):
            raise ValueError("`function` and `columns` belong together: set both or neither")
        if self.classes and len(set(self.classes)) < len(self.classes):
            raise ValueError("`classes` names a class twice")
        return self

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The raw columns that the label is made of."""
        return self.columns or (self.name,)


class Network(Section):
    """The wide-and-deep network."""

    hidden_units: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (64, 32), description="Units of each hidden layer."
    )
    activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
    embedding_size: int = Field(8, ge=1, description="Largest width of a category's embedding.")
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    l2: Annotated[float, Field(ge=0.0)] = 1e-5


class Training(Section):
    """How the network is trained."""

    batch_size: int = Field(256, ge=1)
    max_epochs: int = Field(30, ge=1)
    learning_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    precision: Precision = Field(
        "auto", description="auto: what the accelerator computes fastest; float32 on a CPU."
    )
    early_stopping_patience: int = Field(
        4, ge=1, description="Epochs without a better eval loss before training stops."
    )
    reduce_lr_patience: int = Field(
        2, ge=1, description="Epochs without a better eval loss before the learning rate halves."
    )
    class_weights: Literal["auto", "none"] = Field(
        "auto",
        description="auto: weigh classes evenly when the rarest has below 40 % of an even share.",
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

    metrics: tuple[str, ...] | None = Field(
        None, min_length=1, description="What to measure; the task's usual metrics if unset."
    )
    slices: tuple[str, ...] = Field((), description="Columns by whose values metrics are sliced.")
    min_slice_size: int = Field(
        50, ge=1, description="Slices with fewer test rows are neither reported nor judged."
    )
    thresholds: tuple[Threshold, ...] = Field(..., min_length=1)


class DataGate(Section):
    """What the data gate demands beside the schema."""

    min_rows: int = Field(100, ge=1, description="Fewest rows that the train split may have.")
    min_label_share: Share = Field(
        0.01, description="Smallest share of rows that the rarest class may have."
    )
    drift: Literal["warn", "refuse", "off"] = Field(
        "warn",
        description="What a column does whose distribution is not that of the last push any more, "
        "or of the span before: it warns, or the rows are refused; off: nothing is compared.",
    )

    @field_validator("drift", mode="before")
    @classmethod
    def _off_as_yaml_reads_it(cls, value: object) -> object:
        return "off" if value is False else value


class QuantizedLimits(Section):
    """What a quantised variant of the mobile model may lose; one that loses more is not shipped."""

    max_difference: Annotated[float, Field(gt=0.0)] = Field(
        description="Largest difference of an answer to the served model's, on test rows."
    )
    max_quality_loss: Annotated[float, Field(ge=0.0)] = Field(
        0.001, description="How much worse its AUC may be, or its RMSE, as a share of it."
    )


class Mobile(Section):
    """The model for phones: one .tflite that takes raw features, beside the served one."""

    enabled: bool = Field(True, description="Whether a blessed model is delivered for phones too.")
    max_megabytes: Annotated[float, Field(gt=0.0)] = Field(
        20.0, description="Largest size of a file, in millions of bytes."
    )
    max_latency_ms: Annotated[float, Field(gt=0.0)] = Field(
        5.0, description="Slowest median answer to one row, on the machine of the gate."
    )
    slow_refuses: bool = Field(
        False, description="Whether a file slower than that is refused; else it is a warning."
    )
    evaluate: bool = Field(
        False, description="Whether TFMA also holds the file against evaluation.thresholds."
    )
    int8: QuantizedLimits = QuantizedLimits(max_difference=0.02)
    float16: QuantizedLimits = QuantizedLimits(max_difference=0.001)


class Serving(Section):
    """The serving gate, before anything is pushed, and what becomes of the version that was."""

    server: Server = Field(
        "auto",
        description="binary: tensorflow_model_server on PATH; docker: the official image; "
        "embedded: the one of this project; auto: the first of them that is there.",
    )
    max_rows: int = Field(
        2000, ge=1, description="Most test rows that the server is asked; all, if there are fewer."
    )
    max_latency_ms: Annotated[float, Field(gt=0.0)] = Field(
        50.0,
        description="Slowest median answer to one row, on the gate's machine; a slower is a "
        "warning.",
    )
    startup_timeout_s: Annotated[float, Field(gt=0.0)] = Field(
        120.0, description="Seconds in which the server must answer for the model."
    )
    promote: Literal["manual", "on_push"] = Field(
        "manual",
        description="manual: a push changes nothing of a release; on_push: each pushed version "
        "becomes the stable one.",
    )
    keep: int = Field(1, ge=0, description="on_push: how many versions for a rollback stay loaded.")
    servers: tuple[Address, ...] = Field(
        (),
        description="on_push: the running servers, REST or gRPC, that must load a version before "
        "it is stable; those that the release names, or http://localhost:8501, if unset.",
    )


# What the Pusher alone is told of it: no gate judges anew because one of them changes.
OF_RELEASES = frozenset({"promote", "keep", "servers"})


class UseCase(Section):
    """A use case: everything that tells one pipeline from another.

    The code below it is generic: a feature is one line here, a data set is one file.
    """

    name: Name
    task: Task = "binary"
    data: Data
    schema_file: str = Field(alias="schema", description="The curated schema.pbtxt.")
    split: Split = Split()
    features: dict[str, FeatureRole] = Field(min_length=1)
    label: Label
    network: Network = Network()
    training: Training = Training()
    tuning: Tuning = Tuning()
    data_gate: DataGate = DataGate()
    evaluation: Evaluation
    serving: Serving = Serving()
    mobile: Mobile = Mobile()
    kubeflow: Kubeflow | None = None
    metadata: str | None = Field(
        None,
        description="The database server of ML Metadata, mysql:// or postgresql://; a SQLite file "
        "in the output folder if unset.",
    )

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics to measure, by our names."""
        table = METRICS[self.task]
        return self.evaluation.metrics or tuple(n for n, m in table.items() if m.usual)

    @model_validator(mode="after")
    def _label_is_no_feature(self) -> "UseCase":
        if self.label.name in self.features:
            raise ValueError(f'the label "{self.label.name}" is also declared as a feature')
        return self

    @model_validator(mode="after")
    def _metadata_is_an_address(self) -> "UseCase":
        # Not by a validator of the field: a fault there would be told with the text that was given.
        if self.metadata is not None:
            try:
                parse_metadata_url(self.metadata)
            except ValueError as error:
                raise ValueError(f"metadata: {error}") from error
        return self
