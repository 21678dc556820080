"""Batch prediction: the rows of a CSV file through BulkInferrer, in their own order."""

import csv
import shutil
from pathlib import Path
from typing import NamedTuple

from components import push_destination
from orchestration.local.logs import redirected
from orchestration.local.preflight import check_csv
from orchestration.local.rows import read_header, read_rows
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from orchestration.records import LOG_FILE
from usecase.errors import UserError

PROBABILITY_SUFFIX = "_probability"


class Predicted(NamedTuple):
    """How many rows were predicted, and by which version."""

    rows: int
    version: int


def predict_csv(plan: Plan, output_dir: Path, out: Path) -> Predicted:
    """Predicts every row of a CSV file with the last pushed model.

    The output holds the input's columns and one more, `<label>_probability`, in the input's order.
    It replaces what was there only when it is whole.

    Args:
        plan: The use case; its data are the rows to predict.
        output_dir: Where the pipeline ran.
        out: The CSV file to write.

    Raises:
        UserError: If there is no pushed model, or a row cannot be read.
    """
    workspace = Workspace(output_dir, plan.use_case.name)
    version = push_destination.latest_version(workspace.serving)
    if version is None:
        raise UserError(
            f'no model of "{plan.use_case.name}" has been pushed to {workspace.serving}',
            fix=f"python local_runner.py run --config {plan.config}",
        )
    check_csv(plan.data)
    if not out.absolute().parent.is_dir():
        raise UserError(
            f"output folder does not exist: {out.absolute().parent}",
            fix="create it, or choose another --out",
        )
    # Every row is read before TFX is imported: a bad cell must not cost seconds.
    rows = sum(1 for _ in read_rows(plan.data, plan.declaration.features))
    with workspace.locked():
        _, folder = workspace.new_run()
        work = folder / "prediction"
        try:
            with redirected(folder / LOG_FILE, lambda _: None):
                from orchestration.local.inference import infer

                scores = infer(plan, work, str(workspace.serving), version)
        except Exception as error:
            raise UserError(
                f"prediction failed: {type(error).__name__}", fix=f"see {folder / LOG_FILE}"
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    _write(plan, scores, out)
    return Predicted(rows, version)


def _write(plan: Plan, scores: list[float], out: Path) -> None:
    incoming = out.with_name(out.name + ".new")
    with incoming.open("w", newline="", encoding="utf-8") as file:
        minimal = csv.writer(file, lineterminator="\n")
        # Python before 3.13 leaves a lone carriage return unquoted, which ends a row when read.
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        column = plan.declaration.label_name + PROBABILITY_SUFFIX
        minimal.writerow([*read_header(plan.data), column])
        for row, score in zip(read_rows(plan.data, plan.declaration.features), scores, strict=True):
            writer = quoted if any("\r" in cell for cell in row.cells) else minimal
            writer.writerow([*row.cells, f"{score:.9g}"])
    incoming.replace(out)
