"""A run, planned: the checked configuration and everything that decides what has to run."""

import dataclasses
from pathlib import Path

from orchestration import fingerprints
from usecase.checks import check_evaluation
from usecase.config import UseCase
from usecase.errors import ConfigError
from usecase.features import Declaration, declare, read_schema
from usecase.loading import load_use_case
from usecase.paths import resolve


@dataclasses.dataclass(frozen=True)
class Plan:
    """A configuration that can run.

    Attributes:
        config: The configuration file, as the user named it.
        use_case: Its contents.
        declaration: Features and label, compiled with the schema.
        data: The CSV file.
        schema: The curated schema.
    """

    config: str
    use_case: UseCase
    declaration: Declaration
    data: Path
    schema: Path

    def key(self) -> str:
        """Returns a digest of all that a run is made of: data, config, schema, code and lock."""
        parts = {
            "config": self.use_case.model_dump_json(),
            "data path": str(self.data),
            "data": fingerprints.file_digest(self.data),
            "schema": fingerprints.file_digest(self.schema),
            "code": fingerprints.combined(fingerprints.project_code() | self._label_code()),
            "lock": fingerprints.lock_digest(),
        }
        return fingerprints.combined(parts)

    def _label_code(self) -> dict[str, str]:
        function = self.declaration.label_function
        return fingerprints.code_of([function.rpartition(".")[0]]) if function else {}


def make_plan(config: str, data: str | None = None) -> Plan:
    """Reads and checks a configuration with its schema; nothing expensive is imported.

    Args:
        config: The configuration file.
        data: A CSV file in place of the configuration's.

    Raises:
        ConfigError: If the configuration cannot run.
    """
    use_case = load_use_case(config)
    try:
        schema_path = resolve(use_case.schema_file, "schema")
        schema = read_schema(schema_path)
        declaration = declare(use_case, schema)
        check_evaluation(use_case, schema)
        data_path = resolve(data or use_case.data.path, "data")
    except ConfigError as error:
        raise ConfigError(f"{config}: {error.what}", error.expected, error.fix) from error
    return Plan(config, use_case, declaration, data_path, schema_path)
