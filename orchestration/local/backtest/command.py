"""`backtest`: from the command line to a table, a sentence and a picture."""

import json
from argparse import Namespace
from pathlib import Path
from typing import TextIO

from orchestration import fingerprints
from orchestration.audit import require_sound_functions
from orchestration.local.backtest import plot as picture
from orchestration.local.backtest import report
from orchestration.local.backtest.judgement import judge
from orchestration.local.backtest.scores import Backtest, Score
from orchestration.local.backtest.selected import Selected, metric_of, select
from orchestration.local.logs import redirected
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan, make_plan
from usecase.errors import UserError
from usecase.metrics import METRICS

LOG_FILE = "backtest.log"
RESULTS_KEPT = 20


def backtest(options: Namespace, out: TextIO) -> int:
    """Trains on the first spans of the data, and scores each later one.

    Everything lies in `backtest/<use case>` of the output folder. What was trained or scored of the
    same rows, configuration and code before is not done again.

    Args:
        options: As `orchestration.local.arguments.add_backtest` defines them.
        out: Where the table goes, or one JSON object.

    Returns:
        The exit status: 0, whatever was found.

    Raises:
        UserError: If the configuration cannot run, the rows cannot be cut or read, a span has no
            rows to judge by, or training failed.
    """
    plan = make_plan(options.config)
    metric = metric_of(plan, options.metric)
    folder = options.output_dir / "backtest" / plan.use_case.name
    path = options.plot or folder / "quality.svg"
    with Workspace(folder, plan.use_case.name).locked():
        picture.require_plottable(path)
        say = _Said(out, quiet=options.json)
        selected = select(plan, options, folder / "rows")
        say.beginning(plan, selected)
        found = _scored(plan, selected, folder, say)
        evaluation = plan.use_case.evaluation
        judgement = judge(found, metric, METRICS[plan.use_case.task][metric], evaluation)
        picture.plot(found, metric, evaluation, path)
    if options.json:
        print(json.dumps(report.as_json(plan.use_case, found, metric, judgement, path)), file=out)
        return 0
    for line in report.lines(found, metric, plan.use_case.metrics, judgement):
        print(line, file=out)
    print(f"plot  {path}", file=out)
    return 0


class _Said:
    """What is said while it works."""

    def __init__(self, out: TextIO, *, quiet: bool) -> None:
        self._out, self._quiet = out, quiet

    def beginning(self, plan: Plan, selected: Selected) -> None:
        names, train = selected.names, selected.train
        self._print(
            f"{plan.use_case.name} · backtest · config {plan.config} · trained on "
            f"{_range(names[:train])} · scored on {_range(names[train:])}"
        )
        if selected.undated:
            self._print(f"  {selected.undated:,} rows without a moment are in no span")

    def step(self, name: str, seconds: float, reused: bool) -> None:
        self._print(f"  {name:<12} {seconds:6.1f}s{'  reused' if reused else ''}")

    def _print(self, line: str) -> None:
        if not self._quiet:
            print(line, file=self._out, flush=True)


def _range(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]} ({len(names)})"


def _scored(plan: Plan, selected: Selected, folder: Path, say: _Said) -> Backtest:
    """Returns the scores: those of before, if nothing has changed since."""
    parts = {"plan": plan.key(), "rows": selected.digest, "train": str(selected.train)}
    key = fingerprints.combined(parts)
    results = folder / "results"
    known = Backtest.read(results / f"{key}.json", key)
    if known is not None:
        say.step("everything", 0.0, reused=True)
        return known
    require_sound_functions(plan.declaration)
    try:
        with redirected(folder / LOG_FILE, lambda _: None):
            scores = _train_and_score(plan, selected, folder, say)
    except UserError as error:
        fix = error.fix or f"see {folder / LOG_FILE}"
        raise type(error)(error.what, error.expected, fix) from error
    found = Backtest(
        plan.use_case.name,
        selected.unit,
        tuple(selected.names[: selected.train]),
        scores[0],
        scores[1:],
    )
    results.mkdir(exist_ok=True)
    found.write(results / f"{key}.json", key)
    for old in sorted(results.glob("*.json"), key=lambda p: p.stat().st_mtime)[:-RESULTS_KEPT]:
        old.unlink(missing_ok=True)
    return found


def _train_and_score(plan: Plan, selected: Selected, folder: Path, say: _Said) -> tuple[Score, ...]:
    # TFX and TensorFlow are imported here and not before: they cost seconds.
    from orchestration.local.backtest.scoring import score
    from orchestration.local.backtest.training import train

    trained = train(plan, selected.spans.pattern, selected.files, folder, say.step)
    return score(plan, trained, selected.names[selected.train :])
