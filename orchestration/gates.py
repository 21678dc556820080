"""What the gates of a run said: one answer to "why was my model not pushed?"."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from components.verdict import Verdict

# Each gate's node and the output in which its verdict lies.
GATES = {
    "DataGate": "verdict",
    "DistributionValidator": "verdict",  # of the data gate as well
    "SpanDistributionValidator": "verdict",  # likewise
    "Evaluator": "evaluation",
    "ServingGate": "verdict",
    "TFLiteGate": "verdict",
}


def gate_results(outputs: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Verdict]:
    """Reads the verdicts of a run.

    Args:
        outputs: For each node that ran or was reused, its output artifacts' folders by output.

    Returns:
        The verdicts of the gates that were reached, in the order of the graph.
    """
    return [
        Verdict.read(Path(outputs[node][key][0]))
        for node, key in GATES.items()
        if node in outputs and outputs[node].get(key)
    ]
