"""What was inferred, loaded as a run will load it, before anything is written for a user."""

from pathlib import Path
from tempfile import TemporaryDirectory

from autoconfig.inference import Inferred
from usecase.checks import check_evaluation, require_parsed_dates
from usecase.data_files import find_data
from usecase.declaration import declare
from usecase.drift import comparators
from usecase.errors import UserError
from usecase.loading import load_use_case
from usecase.schema import read_schema


def require_loadable(inferred: Inferred, data: str) -> None:
    """Checks that a run can load what was inferred, and finds its data.

    Args:
        inferred: What is to be written.
        data: What it was inferred from, as the user named it.

    Raises:
        UserError: If a run cannot, which is a fault of the inference and not of the user.
    """
    with TemporaryDirectory() as folder:
        try:
            _load(inferred, Path(folder))
        except (UserError, UnicodeError) as error:
            why = error.what if isinstance(error, UserError) else str(error)
            raise UserError(
                f"what was inferred from {data} cannot be loaded: {why.replace(f'{folder}/', '')}",
                expected="a config and a schema that a run takes as they are; nothing was written",
                fix="this is a fault of the inference: rename or leave out of the data what is "
                "named there, or write the config by hand (docs/CONFIGURATION.md)",
            ) from error


def _load(inferred: Inferred, folder: Path) -> None:
    config, schema_file = folder / f"{inferred.name}.yaml", folder / "schema.pbtxt"
    config.write_bytes(inferred.use_case_yaml.encode())
    schema_file.write_bytes(inferred.schema_text.encode())
    use_case, schema = load_use_case(config), read_schema(schema_file)
    declaration = declare(use_case, schema)
    comparators(schema, declaration)
    check_evaluation(use_case, schema)
    require_parsed_dates(use_case.data.source, declaration.dates)
    find_data(use_case.data)
