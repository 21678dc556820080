"""The command `init`, and what `run` does where a label stands in place of a configuration."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from autoconfig.files import Written


def init(options: argparse.Namespace, out: TextIO, root: Path = PROJECT_ROOT) -> int:
    """Infers a configuration and a schema, says what was decided, and writes them.

    Args:
        options: As `arguments.add_init` parses them.
        out: Where to say it.
        root: The folder in which `configs` and `schema` are.

    Returns:
        The exit status 0.

    Raises:
        UserError: If nothing can be inferred, or other files are in the way.
    """
    written = _infer_and_write(options, out, root)
    print(f"  next     python local_runner.py run --config {_shown(written.config)}", file=out)
    return 0


def prepare(options: argparse.Namespace, out: TextIO, root: Path = PROJECT_ROOT) -> str:
    """Infers what `run --data FILES --label NAME` is to run, and writes it.

    The configuration names the data, with delimiter and missing values: it is run without --data.

    Args:
        options: As `arguments.add_run` parses them.
        out: Where to say what was decided.
        root: The folder in which `configs` and `schema` are.

    Returns:
        The configuration file.

    Raises:
        UserError: If nothing can be inferred, or files that were edited are in the way.
    """
    if options.config is not None:
        raise ConfigError(
            "--label and --config contradict each other: a config names its label",
            fix="leave one of them out",
        )
    if options.data is None:
        raise ConfigError("--label needs --data", fix="name the rows: --data rows.csv")
    return _shown(_infer_and_write(options, out, root).config)


def _infer_and_write(options: argparse.Namespace, out: TextIO, root: Path) -> "Written":
    from autoconfig.checking import require_loadable
    from autoconfig.files import write
    from autoconfig.inference import infer

    inferred = infer(
        options.data,
        options.label,
        name=options.name,
        task=options.task,
        positive=options.positive,
        delimiter=options.delimiter,
    )
    print(f"{inferred.name} · inferred from {options.data}\n", file=out)
    for line in inferred.report:
        print(f"  {line}", file=out)
    for warning in inferred.warnings:
        print(f"  WARNING {warning}", file=out)
    require_loadable(inferred, options.data)
    written = write(inferred, root, options.data, overwrite=options.overwrite)
    print(f"\n  config   {_shown(written.config)}", file=out)
    print(f"  schema   {_shown(written.schema)}", file=out)
    for backup in written.backups:
        print(f"  backup   {_shown(backup)}", file=out)
    return written


def _shown(path: Path) -> str:
    """Returns a path from the current folder, if it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
