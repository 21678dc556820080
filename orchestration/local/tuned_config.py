"""What a search leaves for later runs: the configuration, with the best values put in."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from models.trials import Trial
from orchestration.plan import Plan
from orchestration.records import RunRecord
from usecase.config import UseCase
from usecase.errors import UserError
from usecase.loading import parse_use_case
from usecase.overrides import put_in
from usecase.search_space import Settings

MARK = "# Written by `local_runner.py run --tune`"  # only such a file is ever replaced


class Tuned(NamedTuple):
    """What came of a search.

    Attributes:
        trials: The trials, the best first.
        config: The file with the best values; None where there is none.
        warnings: Why it could not be written.
    """

    trials: tuple[Trial, ...] = ()
    config: str | None = None
    warnings: tuple[str, ...] = ()


def tuned_path(plan: Plan) -> Path:
    """Returns where the best values go: beside the configuration, under the use case's name."""
    return Path(plan.config).absolute().parent / f"{plan.use_case.name}.tuned.yaml"


def keep_best(plan: Plan, trials: Sequence[Trial], run_id: str, *, searched: bool = True) -> Tuned:
    """Writes the best values, if they can be written; a run does not fail for them.

    Args:
        plan: What was run.
        trials: The trials, the best first.
        run_id: The run that writes.
        searched: Whether it made the trials itself; if not, a file that says the same stays.
    """
    path = tuned_path(plan)
    try:
        _write(plan, trials, run_id, path, searched=searched)
    except (UserError, OSError, ValueError, yaml.YAMLError) as error:
        why = error.what if isinstance(error, UserError) else str(error)
        return Tuned(tuple(trials), None, (f"the best values are not in {path}: {why}",))
    return Tuned(tuple(trials), str(path))


def renewed(plan: Plan, record: RunRecord) -> RunRecord:
    """Writes the best values of a search anew where they are gone."""
    result, path = record.result, tuned_path(plan)
    if not result.trials or (result.tuned_config == str(path) and path.exists()):
        return record
    tuned = keep_best(plan, result.trials, result.run_id)
    warnings = (*plan.warnings, *tuned.warnings)
    result = dataclasses.replace(result, tuned_config=tuned.config, warnings=warnings)
    return dataclasses.replace(record, result=result)


def _write(plan: Plan, trials: Sequence[Trial], run_id: str, path: Path, *, searched: bool) -> None:
    """Writes the file, whole or not at all.

    Raises:
        UserError: If another's file is in the way, or the configuration has changed meanwhile.
        OSError: If it cannot be written.
    """
    given = Path(plan.config).read_text(encoding="utf-8")
    _require_same(plan.use_case, {}, given, plan.overrides)
    best = trials[0]
    raw = yaml.safe_load(given)
    put_in(raw, plan.overrides)
    for name, value in best.values.items():
        section, _, field = name.partition(".")
        raw[section] = {**(raw.get(section) or {}), field: value}
    # Leaves in one line, as people write them.
    body = yaml.safe_dump(
        raw, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    _require_same(plan.use_case, best.values, body)
    if path.exists():
        text = path.read_text(encoding="utf-8", errors="replace")
        if not text.startswith(MARK) and not path.samefile(plan.config):
            raise UserError("it is there, and was not written by --tune: move it away")
        if not searched and yaml.safe_load(text) == raw:
            return
    _replace(path, _header(plan, trials, run_id) + body)


def _require_same(
    use_case: UseCase, values: dict[str, Any], text: str, overrides: Sequence[str] = ()
) -> None:
    """Checks that a text is the configuration that was run, with other values.

    Raises:
        UserError: If it is not: the file was changed while the search went on.
    """
    settings = Settings(use_case.network, use_case.training).changed(values)
    expected = use_case.model_copy(update=settings._asdict())
    made = parse_use_case(text, overrides=overrides)
    if made.model_copy(update={"data": expected.data}) != expected:  # --data may stand for it
        raise UserError("the config was changed during the search: run it again")


def _header(plan: Plan, trials: Sequence[Trial], run_id: str) -> str:
    best, (own,) = trials[0], [trial for trial in trials if trial.is_own]
    before = "failed" if own.eval_loss is None else f"{own.eval_loss:.6f}"
    return (
        f"{MARK}, which replaces it.\n"
        f"# Run {run_id} of {plan.config}: trial {best.number} of {len(trials)} was the best, "
        f"with eval loss {best.eval_loss:.6f};\n# the config's own values: {before}.\n"
    )


def _replace(path: Path, text: str) -> None:
    incoming = path.with_name(f".{path.name}.{os.getpid()}")
    with incoming.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            incoming.replace(path)
        except OSError:
            incoming.unlink(missing_ok=True)
            raise
