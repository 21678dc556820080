"""What components of our own need of a use case."""

from usecase.config import DataGate, Mobile, Serving
from usecase.declaration import Declaration
from usecase.section import Section


class DataGateSettings(Section):
    """The declaration and the thresholds of the data gate."""

    declaration: Declaration
    thresholds: DataGate


class ExporterSettings(Section):
    """The use case's name and its declaration."""

    name: str
    declaration: Declaration


class TFLiteGateSettings(Section):
    """The declaration, the limits of the files for phones, and how they are measured.

    Attributes:
        declaration: Features and label.
        mobile: The limits.
        eval_config: JSON of the Evaluator's EvalConfig, if TFMA is to measure float32 as well.
        split: What the files are tried on.
    """

    declaration: Declaration
    mobile: Mobile
    eval_config: str | None
    split: str = "test"


class ServingGateSettings(Section):
    """The declaration, the limits of the served model, and what it is asked.

    Attributes:
        name: What the server calls the model.
        declaration: Features and label.
        serving: The limits, and which server.
        split: The rows that the server is asked.
    """

    name: str
    declaration: Declaration
    serving: Serving
    split: str = "test"
