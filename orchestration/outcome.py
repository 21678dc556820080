"""From what the gates and the Pusher said to one verdict and one line that says why."""

from collections.abc import Sequence
from typing import NamedTuple

from components.verdict import GateResult, Verdict
from orchestration.local.text import number_pair
from orchestration.results import RunVerdict

SIGNS = {"min": "<", "max": ">", "min_change": "<"}


class Outcome(NamedTuple):
    """The verdict of a run and why, in one line."""

    verdict: RunVerdict
    headline: str


def decide(
    error: str, verdicts: Sequence[Verdict], *, pushed: bool, up_to_date: bool, version: int | None
) -> Outcome:
    """Decides what came of a run.

    Args:
        error: What went wrong; "" if nothing did.
        verdicts: The gates that were reached.
        pushed: Whether the Pusher pushed.
        up_to_date: Whether it found this very model serving already.
        version: The version that serves now.
    """
    refusing = [verdict for verdict in verdicts if not verdict.passed]
    if error:
        return Outcome("failed", error.splitlines()[0])
    if refusing:
        failed = [result for result in refusing[0].results if not result.passed]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return Outcome("not_pushed", f"{refusing[0].gate} gate refused: {why(failed[0])}{more}")
    if pushed:
        return Outcome("pushed", f"version {version} serves now")
    if up_to_date:
        return Outcome("up_to_date", f"version {version} is this very model")
    return Outcome("not_pushed", "the Pusher found no blessing")


def why(result: GateResult) -> str:
    """Returns one phrase on why a condition failed."""
    if result.detail:
        return result.detail
    where = f" of {result.slice}" if result.slice else ""
    if result.value is None:
        return f"{result.metric}{where} could not be measured"
    what = "change of " + result.metric if result.bound == "min_change" else result.metric
    value, threshold = number_pair(result.value, result.threshold)
    return f"{what}{where} {value} {SIGNS[result.bound]} {threshold}"
