"""A use case and its curated schema, read together; data are not looked for."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from usecase.checks import check_evaluation, require_parsed_dates
from usecase.config import UseCase
from usecase.declaration import Declaration, declare
from usecase.errors import ConfigError
from usecase.loading import load_use_case
from usecase.paths import resolve
from usecase.schema import read_schema

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2


@dataclasses.dataclass(frozen=True)
class Curated:
    """What `schema` works on.

    Attributes:
        use_case: The configuration.
        path: The schema's file.
        schema: Its contents.
        declaration: Features and label, compiled with it.
    """

    use_case: UseCase
    path: Path
    schema: "schema_pb2.Schema"
    declaration: Declaration


def read_curated(config: str) -> Curated:
    """Reads a configuration and the schema that it names.

    Raises:
        ConfigError: If they cannot be read, or do not fit each other.
    """
    use_case = load_use_case(config)
    try:
        path = resolve(use_case.schema_file, "schema")
        schema = read_schema(path)
        return Curated(use_case, path, schema, require_usable(use_case, schema))
    except ConfigError as error:
        raise ConfigError(f"{config}: {error.what}", error.expected, error.fix) from error


def require_usable(use_case: UseCase, schema: "schema_pb2.Schema") -> Declaration:
    """Checks that a configuration can use a schema; returns the two compiled.

    Raises:
        ConfigError: If it cannot.
    """
    declaration = declare(use_case, schema)
    check_evaluation(use_case, schema)
    require_parsed_dates(use_case.data.source, declaration.dates)
    return declaration
