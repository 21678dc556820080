"""The commands that tell of earlier runs: from parsed options to an exit status."""

import argparse
from typing import TextIO

from orchestration.local.history.comparing import difference
from orchestration.local.history.diff_view import diff_lines
from orchestration.local.history.explaining import explain_json, explain_lines, explained
from orchestration.local.history.folders import Recorded, choose, find_runs
from orchestration.local.history.listing import list_json, list_lines
from orchestration.local.history.output import print_json, print_lines, writer_of
from orchestration.local.history.showing import show_json, show_lines
from orchestration.local.shown_path import shown_path

DONE = 0


def runs(options: argparse.Namespace, out: TextIO) -> int:
    """Lists the runs of an output folder, newest first.

    Args:
        options: `output_dir`, `json`.
        out: Where the answer goes.

    Returns:
        0.
    """
    found = find_runs(options.output_dir)
    if options.json:
        print_json(out, list_json(found))
    else:
        print_lines(out, list_lines(found, writer_of(out).glyphs, shown_path(options.output_dir)))
    return DONE


def show(options: argparse.Namespace, out: TextIO) -> int:
    """Prints a run as its console showed it, and what it was made of.

    Args:
        options: `run_id`, `output_dir`, `json`.
        out: Where the answer goes.

    Returns:
        0.

    Raises:
        UserError: If there is no such run, or it left no record.
    """
    chosen = _choose(options, options.run_id)
    if options.json:
        print_json(out, show_json(chosen))
    else:
        print_lines(out, show_lines(chosen, writer_of(out).glyphs))
    return DONE


def diff(options: argparse.Namespace, out: TextIO) -> int:
    """Prints what two runs differ in.

    Args:
        options: `before`, `after`, `output_dir`, `json`.
        out: Where the answer goes.

    Returns:
        0, whether they differ or not.

    Raises:
        UserError: If there is no such run, or it left no record.
    """
    before, after = (_choose(options, name).record for name in (options.before, options.after))
    found = difference(before, after)
    if options.json:
        print_json(out, found.to_json())
    else:
        print_lines(out, diff_lines(found, writer_of(out).glyphs))
    return DONE


def explain(options: argparse.Namespace, out: TextIO) -> int:
    """Says why a run pushed or did not and why each node ran; or follows one example through.

    Args:
        options: `run_id`, `row`, `output_dir`, `json`.
        out: Where the answer goes.

    Returns:
        0.

    Raises:
        UserError: If there is no such run, it left no record or no model, or the row is none.
    """
    chosen = _choose(options, options.run_id)
    if options.row is not None:
        from orchestration.local.history.row_command import explain_row

        return explain_row(options.output_dir, chosen, options.row, out, as_json=options.json)
    found = explained(chosen, find_runs(options.output_dir))
    if options.json:
        print_json(out, explain_json(found))
    else:
        print_lines(out, explain_lines(found, writer_of(out).glyphs))
    return DONE


def clean(options: argparse.Namespace, out: TextIO) -> int:
    """Takes away old runs, and the artifacts that only they used.

    Args:
        options: `keep`, `dry_run`, `output_dir`.
        out: Where it is told what goes.

    Returns:
        0.

    Raises:
        UserError: If there is nothing, a run is at work, or something cannot be removed.
    """
    # It reads ML Metadata, which takes a moment to import.
    from orchestration.local.history.clean_command import clean_folder

    clean_folder(options.output_dir, options.keep, out, dry_run=options.dry_run)
    return DONE


def _choose(options: argparse.Namespace, name: str) -> Recorded:
    return choose(find_runs(options.output_dir), name, options.output_dir)
