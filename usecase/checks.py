"""Checks of what a configuration names: metrics, slices, columns, functions."""

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from usecase.config import Source, UseCase
from usecase.errors import ConfigError, did_you_mean
from usecase.metrics import METRICS
from usecase.paths import module_file

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2


def check_evaluation(use_case: UseCase, schema: "schema_pb2.Schema") -> None:
    """Checks metric names and slice columns, which TFMA would notice late or never.

    Raises:
        ConfigError: If a metric is unknown, is judged without being measured, cannot be compared
            with a baseline, or a slice column does not exist.
    """
    evaluation = use_case.evaluation
    columns = [feature.name for feature in schema.feature]
    table = METRICS[use_case.task]
    for metric in (*use_case.metrics, *(t.metric for t in evaluation.thresholds)):
        if metric not in table:
            raise ConfigError(
                f'unknown metric "{metric}" of task {use_case.task}',
                fix=did_you_mean(metric, table),
            )
    for column in evaluation.slices:
        require_column(column, columns, "evaluation.slices")
    for threshold in evaluation.thresholds:
        if threshold.metric not in use_case.metrics:
            raise ConfigError(
                f'threshold on "{threshold.metric}", which is not measured',
                fix=f'add "{threshold.metric}" to evaluation.metrics',
            )
        if threshold.max_drop is not None and table[threshold.metric].higher_is_better is None:
            raise ConfigError(
                f'"max_drop" on "{threshold.metric}", which has no better direction',
                fix="use `min` and `max`",
            )
        for column in slice_columns(threshold.slice):
            require_column(column, columns, "evaluation.thresholds")
            if column not in evaluation.slices:
                raise ConfigError(
                    f'threshold on slices of "{column}", by which nothing is sliced',
                    fix=f'add "{column}" to evaluation.slices',
                )


def slice_columns(key: str | dict[str, str | int] | None) -> tuple[str, ...]:
    """Returns the columns of a threshold's slice."""
    if key is None:
        return ()
    return (key,) if isinstance(key, str) else tuple(key)


def require_function(dotted_path: str) -> None:
    """Checks that a dotted path names a function, without importing its module.

    Raises:
        ConfigError: If the module or the function does not exist.
    """
    module, _, function = dotted_path.rpartition(".")
    path = module_file(module)
    if path is None:
        raise ConfigError(
            f'function "{dotted_path}": there is no module "{module}"',
            expected="a dotted path PACKAGE.MODULE.FUNCTION that can be imported",
            fix="correct the path",
        )
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f'function "{dotted_path}": {path} is no Python: {error}') from error
    functions = [n.name for n in tree.body if isinstance(n, ast.FunctionDef)]
    if function not in functions:
        raise ConfigError(
            f'function "{dotted_path}": {path} defines no function "{function}"',
            fix=did_you_mean(function, functions),
        )


def require_parsed_dates(source: Source, dates: Iterable[str]) -> None:
    """Checks that dates in text are read from CSV or Parquet, whose texts are parsed.

    Args:
        source: What the rows are read from.
        dates: The columns that hold dates in text.

    Raises:
        ConfigError: If rows with such columns come from elsewhere.
    """
    if source in ("csv", "parquet"):
        return
    for name in dates:
        raise ConfigError(
            f'feature "{name}" has a date format, but rows are read from {source}',
            expected="seconds since 1970 as integers: only the text of CSV and Parquet is parsed",
            fix="remove `format`, and "
            + (f"select UNIX_SECONDS({name})" if source == "bigquery" else "store seconds"),
        )


def require_column(name: str, columns: Iterable[str], where: str) -> None:
    """Checks that the schema has a column.

    Raises:
        ConfigError: If it has not; `where` names what asked for it.
    """
    if name not in columns:
        raise ConfigError(
            f'{where}: column "{name}" is not in the schema', fix=did_you_mean(name, columns)
        )
