"""The curated schema: its columns with their types and domains."""

import keyword
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from usecase.errors import ConfigError
from usecase.missing import missing_value
from usecase.section import Section

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

DType = Literal["float32", "int64", "string"]


class Column(Section):
    """A raw column, or what a function makes of columns: one value a row.

    Attributes:
        name: Its name.
        dtype: Its type.
        lowest: Lowest legal integer of the schema's domain, if stated.
        highest: Highest legal integer of the schema's domain, if stated.
        values: Every legal string of the schema's domain, if stated.
        truth: The schema's words for (false, true), if stated.
        categorical: Whether the schema says that an integer is one; None if it does not say.
        optional: Whether it may be missing.
    """

    name: str
    dtype: DType
    lowest: int | None = None
    highest: int | None = None
    values: tuple[str, ...] = ()
    truth: tuple[str, str] | None = None
    categorical: bool | None = None
    optional: bool = False

    @property
    def input_name(self) -> str:
        """Its name where TensorFlow takes ASCII identifiers alone, as in dense inputs."""
        return identifier(self.name)

    @property
    def missing(self) -> float | int | str:
        """The sentinel that stands for a missing value in a dense tensor."""
        return missing_value(self.dtype, self.lowest)

    @property
    def integers(self) -> range | None:
        """The legal integers, where the schema states both ends."""
        if self.lowest is None or self.highest is None:
            return None
        return range(self.lowest, self.highest + 1)


def identifier(name: str) -> str:
    """Returns an ASCII identifier as like a name as can be.

    ASCII that is no letter or digit becomes `_`, any other character uXXXX by its code point: names
    of a language that is not written in ASCII would all be the same otherwise.
    """
    plain = re.sub(r"[^\x00-\x7f]", lambda match: f"u{ord(match[0]):04X}", name)
    plain = re.sub(r"\W", "_", plain, flags=re.ASCII)
    taken = keyword.iskeyword(plain) or plain == "self"
    return plain if plain[:1].isalpha() and not taken else f"x{plain}"


def transformed_name(name: str) -> str:
    """Returns the name after Transform, where Keras and TFLite take identifiers alone."""
    return f"{identifier(name)}_xf"


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


def compile_column(feature: "schema_pb2.Feature", schema: "schema_pb2.Schema") -> Column:
    """Returns a column with its type and domain.

    Raises:
        ConfigError: If it has no type, or several values a row.
    """
    if feature.value_count.max > 1 or feature.value_count.min > 1:
        raise ConfigError(
            f'column "{feature.name}" has several values a row in the schema',
            expected="value_count { min: 1 max: 1 }, or none",
            fix="give each value a column of its own",
        )
    domain = feature.int_domain if feature.HasField("int_domain") else None
    return Column(
        name=feature.name,
        dtype=_dtype(feature),
        lowest=domain.min if domain and domain.HasField("min") else None,
        highest=domain.max if domain and domain.HasField("max") else None,
        values=_strings(feature, schema),
        truth=_truth(feature),
        categorical=domain.is_categorical if domain and domain.HasField("is_categorical") else None,
        optional=feature.presence.min_fraction < 1.0,
    )


def _strings(feature: "schema_pb2.Feature", schema: "schema_pb2.Schema") -> tuple[str, ...]:
    if feature.HasField("domain"):  # the name of a domain of the whole schema
        shared = [d for d in schema.string_domain if d.name == feature.domain]
        if not shared:
            raise ConfigError(
                f'column "{feature.name}": the schema has no string_domain "{feature.domain}"',
                fix="add it, or correct the name",
            )
        return tuple(shared[0].value)
    return tuple(feature.string_domain.value)


def _truth(feature: "schema_pb2.Feature") -> tuple[str, str] | None:
    words = feature.bool_domain
    return (words.false_value, words.true_value) if words.true_value else None


def _dtype(feature: "schema_pb2.Feature") -> DType:
    from tensorflow_metadata.proto.v0 import schema_pb2

    names: dict[int, DType] = {
        schema_pb2.FLOAT: "float32",
        schema_pb2.INT: "int64",
        schema_pb2.BYTES: "string",
    }
    if feature.type not in names:
        raise ConfigError(
            f'column "{feature.name}" has no type in the schema',
            expected="type: INT, FLOAT or BYTES",
            fix="add the type",
        )
    return names[feature.type]
