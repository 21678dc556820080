"""A run, planned: the checked configuration and everything that decides what has to run."""

import dataclasses
from pathlib import Path

from orchestration import fingerprints
from pipeline.stage_names import stage_names
from usecase.checks import check_evaluation
from usecase.config import Data, UseCase
from usecase.declaration import Declaration, declare
from usecase.errors import ConfigError
from usecase.loading import load_use_case
from usecase.paths import resolve
from usecase.schema import read_schema


@dataclasses.dataclass(frozen=True)
class Plan:
    """A configuration that can run.

    Attributes:
        config: The configuration file, as the user named it.
        use_case: Its contents.
        declaration: Features and label, compiled with the schema.
        data: The data file.
        schema: The curated schema.
    """

    config: str
    use_case: UseCase
    declaration: Declaration
    data: Path
    schema: Path

    @property
    def stages(self) -> dict[str, str]:
        """The stage of each node, in the order in which they run."""
        return stage_names(self.use_case.data.source)

    def key(self) -> str:
        """Returns a digest of all that a run is made of: data, config, schema, code and lock."""
        parts = {
            "config": self.use_case.model_dump_json(),
            "data path": str(self.data),
            "data": fingerprints.file_digest(self.data),
            "schema": fingerprints.file_digest(self.schema),
            "code": fingerprints.combined(fingerprints.project_code() | self._own_code()),
            "lock": fingerprints.lock_digest(),
        }
        return fingerprints.combined(parts)

    def _own_code(self) -> dict[str, str]:
        return fingerprints.code_of(f.rpartition(".")[0] for f in self.declaration.functions)


def make_plan(config: str, data: str | None = None) -> Plan:
    """Reads and checks a configuration with its schema; nothing expensive is imported.

    Args:
        config: The configuration file.
        data: A file in place of the configuration's.

    Raises:
        ConfigError: If the configuration cannot run.
    """
    use_case = load_use_case(config)
    if data:
        use_case = use_case.model_copy(update={"data": Data(path=data)})
    try:
        schema_path = resolve(use_case.schema_file, "schema")
        schema = read_schema(schema_path)
        declaration = declare(use_case, schema)
        check_evaluation(use_case, schema)
        data_path = resolve(use_case.data.path or "", "data")
    except ConfigError as error:
        raise ConfigError(f"{config}: {error.what}", error.expected, error.fix) from error
    return Plan(config, use_case, declaration, data_path, schema_path)
