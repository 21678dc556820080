"""What a backtest is of: which spans there are, which of them train, and what is measured."""

import shutil
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from orchestration import fingerprints
from orchestration.local.backtest.periods import By, period_name
from orchestration.local.preflight import check_data
from orchestration.plan import Plan
from usecase.errors import ConfigError, DataError, UserError, did_you_mean
from usecase.metrics import METRICS
from usecase.roles import DateTime
from usecase.span_paths import has_span
from usecase.spans import SpanFiles, Spans, find_spans

ROWS = "example_count"
LEAST_SPANS = 2
KEPT_CUTS = 3
DEFAULT_BY: By = "quarter"


class Selected(NamedTuple):
    """The spans of a backtest.

    Attributes:
        spans: All of them.
        by: How long they are; None where the user's own paths tell.
        train: How many first ones are trained on.
        digest: Of the contents of all files.
        undated: Rows without a moment, which are in no span.
    """

    spans: Spans
    by: By | None
    train: int
    digest: str
    undated: int = 0

    @property
    def unit(self) -> str:
        """What a span is."""
        return self.by or "span"

    @property
    def names(self) -> list[str]:
        """The names of the spans, the oldest first."""
        return [period_name(number, self.by) for number in self.spans.files]

    @property
    def files(self) -> SpanFiles:
        """What the ExampleGen is told: each later span is a split of its own."""
        numbers = list(self.spans.files)
        first, later = numbers[: self.train], self.names[self.train :]
        rows = tuple(path for number in first for path in self.spans.files[number])
        splits = dict(zip(later, (self.spans.files[n] for n in numbers[self.train :]), strict=True))
        return SpanFiles(first[-1], rows, splits, self.digest)


def metric_of(plan: Plan, wanted: str | None) -> str:
    """Returns the metric to judge by.

    Raises:
        ConfigError: If the use case does not measure it.
    """
    known = [name for name in plan.use_case.metrics if name != ROWS]
    table = METRICS[plan.use_case.task]
    if wanted is None:
        return next(n for n in (*known, *table) if table[n].higher_is_better is not None)
    if wanted not in known:
        fix = did_you_mean(wanted, known)
        if wanted in table:
            fix = f"add it to evaluation.metrics; {fix}"
        raise ConfigError(f'metric "{wanted}" is not measured', f"one of {', '.join(known)}", fix)
    return wanted


def select(plan: Plan, options: Namespace, folder: Path) -> Selected:
    """Finds or cuts the spans.

    Args:
        plan: The use case and its rows.
        options: The command line.
        folder: Where files of cut rows go.

    Raises:
        UserError: If there are fewer than two, or the rows cannot be cut.
    """
    data = plan.use_case.data
    if data.source not in ("csv", "parquet") or not plan.files:
        raise DataError(
            "a backtest reads CSV and Parquet files on this machine alone",
            expected="a local path in data.path",
            fix="copy or export the rows",
        )
    selected = _cut(plan, options, folder) if options.time else _own_spans(plan, options)
    count = len(selected.spans.files)
    if count < LEAST_SPANS:
        raise DataError(
            f"there is one span alone: {selected.names[0]}",
            expected="spans to train on, and later ones to score",
            fix="cut shorter spans, with --by month" if selected.by else "add later spans",
        )
    train = options.train or count // 2
    if train >= count:
        raise UserError(
            f"--train {train} leaves no later span: there are {count}",
            expected=f"a number from 1 to {count - 1}",
            fix=f"--train {count // 2}",
        )
    return selected._replace(train=train)


def _own_spans(plan: Plan, options: Namespace) -> Selected:
    path = plan.use_case.data.path or ""
    if not has_span(path):
        raise ConfigError(
            "a backtest needs to know when a row was",
            expected="--time with a column of dates, or {SPAN} in data.path",
            fix=f"--time {next(iter(_dates(plan)), 'COLUMN')}",
        )
    if options.by:
        raise ConfigError(
            "--by cuts rows by a column of moments, which --time names",
            fix="leave it out: the config's data come in spans already",
        )
    spans = find_spans(path)
    for number, empty in spans.empty.items():
        raise DataError(
            f"span {number} has no files: {empty}", "rows in every span", "remove the folder"
        )
    files = [path for files in spans.files.values() for path in files]
    check_data(plan.use_case.data, files)
    return Selected(spans, None, 0, fingerprints.combined(fingerprints.file_digests(files)))


def _cut(plan: Plan, options: Namespace, folder: Path) -> Selected:
    from orchestration.local.backtest.cutting import cut, undated_rows  # Arrow

    data, by = plan.use_case.data, options.by or DEFAULT_BY
    if has_span(data.path):
        raise ConfigError(
            "--time cuts rows into spans, but the config's data come in spans already",
            fix="leave --time out, or name their files with * in place of {SPAN}",
        )
    check_data(data, plan.files)
    date = plan.declaration.dates.get(options.time)
    how = f"{options.time} {by} {date} {data.source} {data.delimiter} {data.missing}"
    digest = fingerprints.combined({**plan.data_digests, "how": how})
    pattern = cut(data, plan.files, options.time, date, by, folder / digest)
    _prune(folder, folder / digest)
    return Selected(find_spans(pattern), by, 0, digest, undated_rows(folder / digest))


def _dates(plan: Plan) -> list[str]:
    """Returns the columns that the configuration knows to hold moments."""
    features = plan.declaration.features
    dates = [f for f in features if isinstance(f.declared, DateTime)]
    return [column.name for feature in dates for column in feature.columns]


def _prune(folder: Path, current: Path) -> None:
    """Removes what was cut of other rows long ago."""
    current.touch()
    cuts = sorted(folder.glob("*/"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in cuts[KEPT_CUTS:]:
        shutil.rmtree(old, ignore_errors=True)
