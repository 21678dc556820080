"""What a person should look at before trusting what was inferred."""

from collections.abc import Iterable, Iterator

from autoconfig.decision import Decision
from autoconfig.label import LabelDecision
from autoconfig.label_texts import doubts_of_label
from autoconfig.profile import Profile
from usecase.config import DataGate

ROWS_OF_A_VALUE = 5  # on average: fewer say nothing of what stands beside a value


def doubts(
    table: Profile, label: LabelDecision, decisions: Iterable[Decision], least_share: float
) -> Iterator[str]:
    """Yields warnings, one line each.

    Args:
        table: The columns.
        label: The label.
        decisions: What became of the other columns.
        least_share: The smallest share of the rarest class that the data gate will allow.
    """
    if least_share < DataGate().min_label_share:
        yield (
            f"the rarest class is {min(label.shares):.2%} of rows: data_gate.min_label_share is "
            f"lowered to {least_share:g}"
        )
    if label.classes:
        yield from doubts_of_label(table.columns[label.name])
    for decision in decisions:
        column = table.columns[decision.name]
        if marked := column.marked:
            yield f'"{decision.name}" holds {marked.holds}: {marked.mend}'
        many = column.present >= ROWS_OF_A_VALUE * len(column.distinct.counts)
        if decision.role and many and table.leaks[decision.name].determines:
            yield (
                f'"{decision.name}" tells the label exactly: if it is not known before the label '
                "is, take it out of the config's features"
            )
