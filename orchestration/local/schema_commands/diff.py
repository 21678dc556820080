"""`schema diff`: what today's data changed, one line each."""

import shlex
from pathlib import Path
from typing import TextIO

from orchestration.local.asked import RUNNER, option
from orchestration.local.history.output import print_lines, writer_of
from orchestration.local.schema_commands.differences import Differences, find_differences
from orchestration.local.shown_path import shown_path
from orchestration.local.text import Glyphs, Line, Span

SAME, DIFFERENT = 0, 1
NEXT = "next  mend the data where they are wrong; what has changed for good, take over:"


def diff(config: str, data: str | None, output_dir: Path, out: TextIO) -> int:
    """Prints how the data differ from the curated schema.

    Args:
        config: The configuration.
        data: Files in place of the configuration's; None for these.
        output_dir: Where the pipeline runs.
        out: Where to.

    Returns:
        The exit status: 0 if nothing differs, else 1.

    Raises:
        UserError: If the configuration cannot be used, or the data cannot be read.
    """
    found = find_differences(config, data, output_dir)
    glyphs = writer_of(out).glyphs
    print_lines(out, lines(found, glyphs))
    if found.taken:
        command = next_command(config, data, output_dir)
        print_lines(out, [Line(), Line.of(NEXT, hang=6), Line.of(f"      {command}")])
    return DIFFERENT if found.changes else SAME


def lines(found: Differences, glyphs: Glyphs) -> list[Line]:
    """Returns a headline, and one line for each difference."""
    count = len(found.changes)
    differ = "no difference" if not count else f"{count} difference{'' if count == 1 else 's'}"
    where = found.plan.use_case.data.path or "the query's rows"
    headline = f"{shown_path(found.plan.schema)} against {where} ({found.rows:,} rows): {differ}"
    told = [
        Line.of(
            Span(f"  {glyphs.show(change.column)}", "bold"),
            f": {glyphs.show(change.text)} {glyphs.show('—')} ",
            Span(glyphs.prose(change.fix), "yellow" if change.danger else "dim"),
            hang=4,
        )
        for change in found.changes
    ]
    return [Line.of(glyphs.show(headline)), *([Line()] if told else []), *told]


def next_command(config: str, data: str | None, output_dir: Path) -> str:
    """Returns the command that takes the differences."""
    words = ["schema", "update", *option("--config", config), *option("--data", data or "")]
    words += option("--output-dir", shown_path(output_dir))
    return f"{RUNNER} {shlex.join(words)}"
