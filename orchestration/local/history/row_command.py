"""Follows one example through the model of a run."""

import os
from pathlib import Path
from typing import TextIO

from orchestration.local.asked import RUNNER
from orchestration.local.history.encoding import encoded
from orchestration.local.history.folders import Recorded, place_of
from orchestration.local.history.output import print_json, print_lines, writer_of
from orchestration.local.history.row_values import parse_object, raw_values
from orchestration.local.history.row_view import Followed, row_json, row_lines
from orchestration.local.history.run_model import find_model
from orchestration.local.logs import redirected
from usecase.errors import UserError


def explain_row(root: Path, chosen: Recorded, text: str, out: TextIO, *, as_json: bool) -> int:
    """Prints what becomes of one example on its way through the run's own model.

    Args:
        root: The output folder.
        chosen: The run.
        text: The example, a JSON object of its columns.
        out: Where the answer goes.
        as_json: Whether one JSON object is printed.

    Returns:
        0.

    Raises:
        UserError: If the text is no such object, or the model is not there or cannot be asked.
    """
    followed = follow(root, chosen, text)
    if as_json:
        print_json(out, row_json(followed))
    else:
        print_lines(out, row_lines(followed, writer_of(out).glyphs))
    return 0


def follow(root: Path, chosen: Recorded, text: str) -> Followed:
    """Follows one example; takes what `explain_row` takes, and raises what it raises."""
    given = parse_object(text)
    model = find_model(root, chosen)
    row = raw_values(given, model.declaration)
    # TensorFlow says a lot as it starts, which is no part of the answer.
    with redirected(Path(os.devnull), lambda _: None):
        from orchestration.local.history.tracing import trace

        try:
            traced = trace(model, row)
        except Exception as error:  # TensorFlow raises whatever it likes of a bad model
            raise UserError(
                f"the model cannot be asked: {type(error).__name__}: {_first_line(error)}",
                expected=f"a SavedModel as the Trainer writes it: {model.saved_model}",
                fix=f"choose another run: {RUNNER} runs{place_of(chosen.run)}",
            ) from error
    label = model.declaration.label
    return Followed(
        chosen,
        model.origin,
        label,
        row,
        encoded(model.declaration, row, traced.features),
        traced.features[label.key],
        traced.scores,
        traced.outputs,
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")
