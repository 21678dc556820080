"""Batch prediction: the rows of a file through BulkInferrer, in their own order."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from components import push_destination
from orchestration.local.asked import Asked, output_option
from orchestration.local.logs import redirected
from orchestration.local.preflight import check_data
from orchestration.local.rows import read_columns, read_rows
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from orchestration.records import LOG_FILE
from serving import tables
from serving.answers import cells as answer_cells
from serving.answers import header as answer_header
from usecase.config import Data
from usecase.data_files import is_remote
from usecase.errors import DataError, UserError

if TYPE_CHECKING:
    from orchestration.local.inference import Answer


def require_csv(data: str) -> None:
    """Checks, by its name, that what is to be predicted is CSV or Parquet on this machine.

    Raises:
        DataError: If it is a TFRecord file, or lies under gs://.
        ConfigError: If it can be nowhere.
    """
    if is_remote(data):
        raise DataError(
            f"predict cannot read from afar: {data}",
            expected="a CSV or Parquet file on this machine",
            fix=f"copy it here first: gcloud storage cp {data} .",
        )
    if Data(path=data).source == "tfrecord":
        raise DataError(
            f"predict does not read TFRecord files: {data}",
            expected="a CSV or Parquet file, to whose rows predictions are added",
            fix="write the rows as CSV",
        )


class Predicted(NamedTuple):
    """How many rows were predicted, and by which version."""

    rows: int
    version: int


def predict_csv(plan: Plan, output_dir: Path, out: Path) -> Predicted:
    """Predicts every row of a CSV or Parquet file with the last pushed model.

    The output is CSV, with commas. It holds the input's rows and columns in their order, and the
    columns of `serving.answers.header`. It replaces what was there only when it is whole.

    Args:
        plan: The use case; its data are the rows to predict, one local file.
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
            fix=Asked(plan.config).command(output_option(output_dir)),
        )
    data = _one_file(plan)
    check_data(plan.use_case.data, [data])
    if not out.absolute().parent.is_dir():
        raise UserError(
            f"output folder does not exist: {out.absolute().parent}",
            fix="create it, or choose another --out",
        )
    # Every row is read before TFX is imported: a bad cell must not cost seconds.
    rows = sum(1 for _ in _rows(plan))
    with workspace.locked():
        _, folder = workspace.new_run()
        work = folder / "prediction"
        try:
            with redirected(folder / LOG_FILE, lambda _: None):
                from orchestration.local.inference import infer

                answers = infer(plan, work, str(workspace.serving), version)
        except Exception as error:
            raise UserError(
                f"prediction failed: {type(error).__name__}", fix=f"see {folder / LOG_FILE}"
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    _write(plan, answers, out)
    return Predicted(rows, version)


def _one_file(plan: Plan) -> Path:
    if len(plan.files) != 1:
        raise DataError(
            f"predict reads one file, but {len(plan.files)} match {plan.data}",
            expected="one file, whose rows come back in their order",
            fix="predict one file after the other",
        )
    return plan.files[0]


def _write(plan: Plan, answers: "list[Answer]", out: Path) -> None:
    label = plan.declaration.label
    columns = read_columns(plan.files[0], plan.use_case.data)
    header = [*columns, *answer_header(label)]
    answered = zip(_rows(plan), answers, strict=True)
    with tables.whole_file(out) as file:
        lines = ([*row.cells, *answer_cells(label, answer)] for row, answer in answered)
        tables.write_rows(file, header, lines)


def _rows(plan: Plan) -> Iterator[tables.Row]:
    declaration = plan.declaration
    return read_rows(plan.files[0], declaration.inputs, declaration.dates, plan.use_case.data)
