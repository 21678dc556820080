"""The inferred files where a person can keep and edit them; nothing is overwritten unasked."""

import os
from pathlib import Path
from typing import NamedTuple

from autoconfig.config_text import schema_path
from autoconfig.inference import Inferred
from usecase.errors import ConfigError, UserError


class Written(NamedTuple):
    """Where the files of a use case are.

    Attributes:
        config: The configuration.
        schema: The schema.
        backups: What was there before, under other names.
        new: Whether anything was written.
    """

    config: Path
    schema: Path
    backups: tuple[Path, ...]
    new: bool


def write(inferred: Inferred, root: Path, data: str, *, overwrite: bool) -> Written:
    """Writes configuration and schema; files that say the same already stay as they are.

    Args:
        inferred: What to write.
        root: The folder in which `configs` and `schema` are.
        data: What it was inferred from, as the user named it.
        overwrite: Whether files that say something else are replaced; a copy is kept beside them.

    Raises:
        ConfigError: If there are such files, and they are not to be replaced.
        UserError: If a file cannot be read or written.
    """
    config = root / "configs" / f"{inferred.name}.yaml"
    schema = root / schema_path(inferred.name)
    texts = {schema: inferred.schema_text, config: inferred.use_case_yaml}
    try:
        others = [path for path, text in texts.items() if _differs(path, text)]
        if others and not overwrite:
            raise _in_the_way(others, config, data)
        backups = tuple(_back_up(path) for path in others)
        new = [path for path in texts if path in others or not path.exists()]
        for path in new:
            _write(path, texts[path])
    except OSError as error:
        raise UserError(
            f"{error.filename or root} cannot be written: {error.strerror}",
            expected="a folder that can be written, for configs and schema",
        ) from error
    return Written(config, schema, backups, bool(new))


def _differs(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() != text.encode()


def _in_the_way(others: list[Path], config: Path, data: str) -> ConfigError:
    shown = " and ".join(str(path) for path in others)
    return ConfigError(
        f"{shown}: there already, and not what these data say today",
        expected="no such file, or one that nobody has edited since, from the same data",
        fix=f"to run it as it is: run --config {config} --data {data}; to have another beside it: "
        "--name; to replace it, with a copy kept: --overwrite",
    )


def _back_up(path: Path) -> Path:
    number = 1
    while (backup := path.with_name(f"{path.name}.bak{number}")).exists():
        number += 1
    backup.write_bytes(path.read_bytes())
    return backup


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    incoming = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        incoming.write_text(text, encoding="utf-8", newline="")
        incoming.replace(path)
    finally:
        incoming.unlink(missing_ok=True)
