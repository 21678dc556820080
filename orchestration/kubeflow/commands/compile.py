"""`compile`: from a use case to the file that a cluster takes."""

import argparse
import os
import sys
from pathlib import Path

from orchestration.kubeflow.commands.compiling import compile_plan, plan_of
from orchestration.kubeflow.commands.summary import summary
from usecase.errors import UserError

STDOUT = "-"


def compile_to_file(options: argparse.Namespace) -> int:
    """Compiles a pipeline into a file, which is written whole or not at all."""
    if options.out != STDOUT:
        _require_folder(Path(options.out))
    plan = plan_of(options)
    compiled = compile_plan(plan, options, options.target, options.pipeline_root)
    if options.out == STDOUT:
        sys.stdout.write(compiled.text())
        sys.stdout.flush()
        return 0
    write_whole(Path(options.out), compiled.text())
    for line in summary(plan, compiled, options.out):
        print(line)
    return 0


def write_whole(path: Path, text: str) -> None:
    """Writes a file in one step: what was there before is there until all of it is written.

    Raises:
        UserError: If it cannot be written.
    """
    incoming = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            incoming.write_text(text, encoding="utf-8")
            incoming.replace(path)
        finally:
            incoming.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"not writable: {path} ({error.strerror})", fix="give --out another place"
        ) from error


def _require_folder(path: Path) -> None:
    if path.is_dir():
        raise UserError(f"--out is a folder: {path}", expected="the file to write")
    if not path.parent.is_dir():
        raise UserError(f"no such folder: {path.parent}", fix=f"mkdir -p {path.parent}")
