"""From what the gates and the Pushers said to one verdict, and why, in one line."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

from components.verdict import GateResult, Verdict
from orchestration import headlines
from orchestration.local.text import number_pair
from orchestration.results import Destination, Release, RunVerdict

SIGNS = {"min": "<", "max": ">", "min_change": "<"}
# These speak for one destination alone, each other gate for all.
OWN_GATES = {"serving": "serving", "tflite": "mobile"}


@dataclasses.dataclass(frozen=True)
class Push:
    """What became of one destination.

    Attributes:
        name: "serving" or "mobile".
        pushed: Whether its Pusher pushed.
        up_to_date: Whether it found this very model there already.
        version: The newest version that lies there now; None if there is none.
        promoted: Whether its Pusher made that version the stable one.
    """

    name: str
    pushed: bool
    up_to_date: bool
    version: int | None
    promoted: bool = False


class Refusal(NamedTuple):
    """Why a destination did not get the model: the gate, and what did not hold."""

    gate: str
    reason: str


class Outcome(NamedTuple):
    """The verdict of a run and why, in one line; and each destination's share in it."""

    verdict: RunVerdict
    headline: str
    destinations: tuple[Destination, ...]


def decide(
    error: str,
    verdicts: Sequence[Verdict],
    pushes: Sequence[Push],
    release: Release | None = None,
) -> Outcome:
    """Decides what came of a run: each destination is judged for itself.

    Args:
        error: What went wrong; "" if nothing did.
        verdicts: The gates that were reached, in the order of the graph.
        pushes: The destinations that are wanted, "serving" first.
        release: The release as it is now; None if there is none.
    """
    refusals = {push.name: refusal(push.name, verdicts) for push in pushes}
    places = tuple(_destination(push, refusals[push.name], error) for push in pushes)
    refused = [place for place in places if place.refused]
    if error:
        return Outcome("failed", headlines.failed(error, places), places)
    if len(refused) == len(places):
        return Outcome("not_pushed", _nowhere(refusals, places), places)
    if refused:
        return Outcome("partly_pushed", headlines.partly(places, release), places)
    headline = headlines.everywhere(places, release, promoted=pushes[0].promoted)
    new = any(place.pushed for place in places)
    return Outcome("pushed" if new else "up_to_date", headline, places)


def decide_part(
    error: str, verdicts: Sequence[Verdict], pushes: Sequence[Push], end: str
) -> Outcome:
    """Decides what came of a run that was to end before anything is pushed.

    Args:
        error: What went wrong; "" if nothing did.
        verdicts: The gates that were reached, in the order of the graph.
        pushes: The destinations, as they are.
        end: Where it was to end, in words.
    """
    refusals = {push.name: refusal(push.name, verdicts) for push in pushes}
    texts = {name: f"{r.gate} gate: {r.reason}" if r else "" for name, r in refusals.items()}
    places = tuple(Destination(p.name, False, p.version, texts[p.name]) for p in pushes)
    first = next((r for r in refusals.values() if r), None)
    if error:
        return Outcome("failed", headlines.failed(error, places), places)
    if first:
        return Outcome("not_pushed", f"{first.gate} gate refused: {first.reason}", places)
    return Outcome("stopped", headlines.stopped(end), places)


def refusal(destination: str, verdicts: Sequence[Verdict]) -> Refusal | None:
    """Returns what the first gate that refused a destination has to say; None if none did."""
    for verdict in verdicts:
        if verdict.passed or OWN_GATES.get(verdict.gate, destination) != destination:
            continue
        failed = [result for result in verdict.results if result.refuses]
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        return Refusal(verdict.gate, f"{why(failed[0])}{more}")
    return None


def why(result: GateResult) -> str:
    """Returns one phrase on why a condition does not hold: the first line of its detail, if any."""
    if result.detail:
        return result.detail.splitlines()[0]
    where = f" of {result.slice}" if result.slice else ""
    if result.value is None:
        return f"{result.metric}{where} could not be measured"
    what = result.metric
    if result.bound == "min_change":
        what = "change of " + what.removesuffix(" change")
    value, threshold = number_pair(result.value, result.threshold)
    return f"{what}{where} {value} {SIGNS[result.bound]} {threshold}"


def _destination(push: Push, refused: Refusal | None, error: str) -> Destination:
    if refused:
        text = f"{refused.gate} gate: {refused.reason}"
    else:
        text = "" if error or push.pushed or push.up_to_date else headlines.NO_BLESSING
    return Destination(push.name, push.pushed and not refused, push.version, text)


def _nowhere(refusals: dict[str, Refusal | None], places: Sequence[Destination]) -> str:
    first = refusals[places[0].name]
    if any(refusals[place.name] != first for place in places):
        return headlines.refused(places)
    return f"{first.gate} gate refused: {first.reason}" if first else headlines.NO_BLESSING
