"""A difference between the curated schema and the data: in words, and how to mend it."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

Topic = Literal[
    "new", "gone", "type", "presence", "several", "values", "range", "no number", "classes", "other"
]
Mend = Callable[["schema_pb2.Schema"], None]
TAKES_IT = "schema update takes it"
MEND_THE_DATA = "mend the data"


@dataclasses.dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        column: The column.
        topic: What of it differs.
        text: In words.
        mend: Writes it into a schema; None where the data have to be mended.
        danger: What taking it does beyond this column's own check; "" if nothing.
        advice: How to mend it, where `mend` does not.
    """

    column: str
    topic: Topic
    text: str
    mend: Mend | None = None
    danger: str = ""
    advice: str = MEND_THE_DATA

    @property
    def fix(self) -> str:
        """How to mend it, in words."""
        if self.mend is None:
            return self.advice
        return f"{TAKES_IT} (caution: {self.danger})" if self.danger else TAKES_IT


def feature_of(schema: "schema_pb2.Schema", name: str) -> "schema_pb2.Feature":
    """Returns the entry of a column that the schema has."""
    return next(feature for feature in schema.feature if feature.name == name)
