"""What a model for phones promises: its inputs, its output, its label, and the files there are."""

from collections.abc import Mapping
from dataclasses import dataclass

Classes = tuple[str, ...] | tuple[int, ...]

# The output of each task; beside it, where classes have names, the class.
PROBABILITY, PROBABILITIES, PREDICTION = "probability", "probabilities", "prediction"
OUTPUTS = {"binary": PROBABILITY, "multiclass": PROBABILITIES, "regression": PREDICTION}
CLASS = "class"


@dataclass(frozen=True)
class Input:
    """One input tensor, [batch].

    Attributes:
        name: Its name in the file's signature.
        column: The name of the data's column.
        dtype: "float32", "int64" or "string".
        missing: What stands for a missing value: NaN, an integer or "".
        unit: What its numbers count, where that needs saying; else "".
    """

    name: str
    column: str
    dtype: str
    missing: float | int | str
    unit: str = ""


@dataclass(frozen=True)
class Output:
    """The output tensor, float32.

    Attributes:
        name: "probability", "probabilities" or "prediction".
        row_shape: The shape of one row's answer: (), or (classes,).
    """

    name: str
    row_shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Label:
    """What is predicted.

    Attributes:
        task: "binary", "multiclass" or "regression".
        name: Its name.
        classes: Its values in the order of the probabilities, the positive one of two last; empty
            where they have no names.
        decision_threshold: The probability from which on a binary label is positive; else None.
    """

    task: str
    name: str
    classes: Classes = ()
    decision_threshold: float | None = None


@dataclass(frozen=True)
class Vocabulary:
    """How many words a string input knows, and the SHA-256 of their list in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class ModelFile:
    """One .tflite file.

    Attributes:
        variant: "float32", "float16" or "int8".
        size: In bytes.
        sha256: Of its contents, in hex.
        max_difference: Largest difference of an answer from the served model's.
        metrics: Its metrics on the test split, by name.
    """

    variant: str
    size: int
    sha256: str
    max_difference: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Metadata:
    """All that is known of one version of a model.

    Attributes:
        model: The use case's name.
        signature: The signature to run.
        inputs: In the order of the declaration.
        output: The one output.
        label: What is predicted.
        vocabularies: By the column of the string that is looked up.
        parameters: How many weights the network has.
        saved_model_sha256: Of the served model that this one was made from, in hex.
        versions: Of what it was made with, by package.
        files: By file name; empty where the metadata come from inside of a file.
        left_out: Why a file was not shipped, by its name.
    """

    model: str
    signature: str
    inputs: tuple[Input, ...]
    output: Output
    label: Label
    vocabularies: Mapping[str, Vocabulary]
    parameters: int
    saved_model_sha256: str
    versions: Mapping[str, str]
    files: Mapping[str, ModelFile]
    left_out: Mapping[str, str]
