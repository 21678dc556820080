"""From the lines of a run's gates and pushers to what became of its model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from orchestration.kubeflow.outcome_lines import (
    NOT_PUSHED,
    PUSHED,
    UP_TO_DATE,
    Refused,
    gate_of,
    refusal,
)
from orchestration.outcome import OWN_GATES
from pipeline.stage_names import PUSHERS

_SAYINGS = (PUSHED, UP_TO_DATE, NOT_PUSHED)
_DESTINATIONS = {node: destination for destination, node in PUSHERS.items()}


class Push(NamedTuple):
    """What became of the model at one destination.

    Attributes:
        destination: "serving" or "mobile"; of an unknown pusher, its node.
        text: What the pusher says, with the gate's reason where one refused; "" if nothing is
            known.
    """

    destination: str
    text: str

    @property
    def refused(self) -> bool:
        """Whether the model was refused there."""
        return self.text.startswith(NOT_PUSHED)

    @property
    def there(self) -> bool:
        """Whether the model is there."""
        return self.text.startswith((PUSHED, UP_TO_DATE))


def refusals(lines: Mapping[str, Sequence[str]]) -> list[Refused]:
    """Returns what the gates refused, by the lines of all nodes."""
    found = map(refusal, (line for said in lines.values() for line in said))
    return [one for one in found if one]


def pushes(nodes: Iterable[str], lines: Mapping[str, Sequence[str]]) -> list[Push]:
    """Returns what became of the model at each destination, that of serving first.

    Args:
        nodes: The pushers.
        lines: What nodes say of themselves, by their ids.
    """
    refused = refusals(lines)
    ordered = sorted(nodes, key=lambda node: node != PUSHERS["serving"])
    return [_push(node, lines.get(node, ()), refused) for node in ordered]


def model_line(places: Sequence[Push]) -> str:
    """Returns what became of the model, in one line; at least one destination is known."""
    first, *others = places
    if all(f"{first.text},".startswith(f"{place.text},") for place in others):
        if first.refused:
            return first.text
        return first.text + "".join(f", and on {place.destination}" for place in others)
    return "; ".join(f"{place.destination}: {place.text or 'not known'}" for place in places)


def _push(node: str, said: Sequence[str], refused: Sequence[Refused]) -> Push:
    destination = _DESTINATIONS.get(node, node)
    text = next((line for line in said if line.startswith(_SAYINGS)), "")
    gate = gate_of(text)
    for one in refused:
        speaks_here = OWN_GATES.get(one.gate, destination) == destination
        if one.gate == gate or (not text and speaks_here):
            return Push(destination, f"{NOT_PUSHED}{one.gate} gate refused: {one.reason}")
    return Push(destination, f"{NOT_PUSHED}{gate} gate refused" if gate else text)
