"""`schema update`: the differences that a schema can take, written after a review."""

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

from orchestration.local.history.output import print_lines, writer_of
from orchestration.local.schema_commands.curated import require_usable
from orchestration.local.schema_commands.diff import lines
from orchestration.local.schema_commands.differences import (
    Differences,
    find_differences,
    mended,
)
from orchestration.local.schema_commands.patching import patch
from orchestration.local.schema_commands.text_diff import diff_lines
from orchestration.local.shown_path import shown_path
from orchestration.local.text import Line, Span
from usecase.errors import ConfigError, UserError
from usecase.loading import load_use_case
from usecase.paths import PACKAGE_PREFIX

DONE, LEFT = 0, 1


def update(
    config: str, data: str | None, output_dir: Path, out: TextIO, *, yes: bool = False
) -> int:
    """Writes what `schema diff` shows into the schema's file, as far as a schema can take it.

    Args:
        config: The configuration.
        data: Files in place of the configuration's; None for these.
        output_dir: Where the pipeline runs.
        out: Where to.
        yes: Whether nobody is asked.

    Returns:
        The exit status: 0 if nothing differs any more, 1 if something does: it was declined, or
        the data have to be mended.

    Raises:
        UserError: If the configuration cannot be used, the data cannot be read, there is no
            terminal to ask on, or the file cannot be changed; it stays as it is then.
    """
    require_someone_to_ask(yes=yes)
    require_own_file(config)
    found = find_differences(config, data, output_dir)
    print_lines(out, lines(found, writer_of(out).glyphs))
    if not found.taken:
        return LEFT if found.changes else DONE
    path = found.plan.schema.resolve()  # of a link, the file behind it changes
    before, after = proposal(found, path)
    print_lines(out, [Line(), *diff_lines(before, after, shown_path(path), writer_of(out).glyphs)])
    if not yes and not asked(question(found), out):
        print_lines(out, [Line.of("nothing was changed")])
        return LEFT
    replace(path, before, after)
    review = f"review it like code: git diff {shown_path(path)}"
    print_lines(out, [Line(), Line.of(f"{shown_path(path)} is changed; {review}")])
    return DONE if len(found.taken) == len(found.changes) else LEFT


def require_someone_to_ask(*, yes: bool) -> None:
    """Checks that the question can be answered, before anything is computed.

    Raises:
        UserError: If it cannot.
    """
    if not yes and not sys.stdin.isatty():
        raise UserError(
            "there is no terminal to ask on whether the schema may be changed",
            expected="an answer, or --yes",
            fix="look at `schema diff`, then add --yes and review the file like code",
        )


def require_own_file(config: str) -> None:
    """Checks that the schema is a file of the user's own.

    Raises:
        ConfigError: If it lies inside of an installed package.
    """
    schema_file = load_use_case(config).schema_file
    if schema_file.startswith(PACKAGE_PREFIX):
        raise ConfigError(
            f"{config}: the schema lies inside of an installed package: {schema_file}",
            expected="a file of your own, which can be reviewed like code",
            fix="copy it to schema/, and name the copy in the config",
        )


def proposal(found: Differences, path: Path) -> tuple[str, str]:
    """Returns the text of the schema's file, and what it would be.

    Raises:
        UserError: If the text cannot be changed, or the configuration cannot use the result.
    """
    before = path.read_bytes().decode("utf-8")  # line ends as they are
    schema = mended(found.schema, found.taken)
    try:
        require_usable(found.plan.use_case, schema)
    except ConfigError as error:
        raise ConfigError(
            f"the configuration could not use the schema that would result: {error.what}",
            error.expected,
            f"nothing was changed; {error.fix or 'change the config first, or mend the data'}",
        ) from error
    return before, patch(before, schema)


def question(found: Differences) -> str:
    """Returns what to ask, with what is dangerous about it."""
    dangers = [f"  caution, {c.column}: {c.danger}" for c in found.taken if c.danger]
    return "\n".join([*dangers, "take it? [y/N] "])


def asked(text: str, out: TextIO) -> bool:
    """Asks on the terminal; returns whether the answer is yes."""
    glyphs = writer_of(out).glyphs
    *cautions, last = text.split("\n")
    print_lines(out, [Line(), *(Line.of(Span(glyphs.show(line), "yellow")) for line in cautions)])
    out.write(last)
    out.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def replace(path: Path, before: str, after: str) -> None:
    """Puts a new text in the place of a file's, whole or not at all.

    Raises:
        UserError: If somebody has changed the file meanwhile, or it cannot be written.
    """
    incoming = path.with_name(f"{path.name}.new")
    try:
        if path.read_bytes().decode("utf-8") != before:
            raise UserError(
                f"the schema was changed meanwhile: {path}", fix="start again: schema update"
            )
        with incoming.open("wb") as file:
            file.write(after.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, incoming)
        incoming.replace(path)
    except OSError as error:
        raise UserError(
            f"schema not writable: {path} ({error.strerror})",
            expected="room on the disk, and leave to write there",
            fix="nothing was changed; make room, or correct the permissions",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            incoming.unlink(missing_ok=True)
