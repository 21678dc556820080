"""Today's data against the curated schema: every difference, and what the schema would say."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.local.schema_commands.changes import Change
from orchestration.local.schema_commands.comparison import compare
from orchestration.local.schema_commands.curated import require_usable
from orchestration.local.schema_commands.facts import DatasetStatistics, column_facts
from orchestration.local.schema_commands.todays import with_statistics
from orchestration.plan import Plan, make_plan
from usecase.config import UseCase
from usecase.errors import ConfigError
from usecase.schema import read_schema

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2


@dataclasses.dataclass(frozen=True)
class Differences:
    """What differs.

    Attributes:
        plan: The use case and the data.
        schema: The curated schema.
        changes: Every difference.
        rows: Rows of the data.
    """

    plan: Plan
    schema: "schema_pb2.Schema"
    changes: tuple[Change, ...]
    rows: int

    @property
    def taken(self) -> tuple[Change, ...]:
        """Those that the schema can take."""
        return tuple(change for change in self.changes if change.mend)


def find_differences(config: str, data: str | None, output_dir: Path) -> Differences:
    """Holds the data of a use case against its schema.

    Args:
        config: The configuration.
        data: Files in place of the configuration's; None for these.
        output_dir: Where the pipeline runs.

    Raises:
        UserError: If the configuration cannot be used, or the data cannot be read.
    """
    plan = make_plan(config, data)
    schema = read_schema(plan.schema)

    def use(statistics: DatasetStatistics) -> Differences:
        # TFDV is there by now: StatisticsGen has used it.
        from orchestration.local.schema_commands.anomalies import untold

        told = compare(schema, column_facts(statistics), plan.declaration.label)
        found = [*told, *untold(schema, statistics, told)]
        changes = tuple(if_usable(change, plan.use_case, schema) for change in found)
        rows = sum(int(split.num_examples) for split in statistics.values())
        return Differences(plan, schema, changes, rows)

    return with_statistics(plan, output_dir, use)


def if_usable(change: Change, use_case: UseCase, schema: "schema_pb2.Schema") -> Change:
    """Returns the difference; for the data to mend, where the configuration forbids to take it."""
    if change.mend is None:
        return change
    try:
        require_usable(use_case, mended(schema, (change,)))
    except ConfigError as error:
        advice = f"mend the data, or change the config first: {error.what}"
        return dataclasses.replace(change, mend=None, danger="", advice=advice)
    return change


def mended(schema: "schema_pb2.Schema", changes: tuple[Change, ...]) -> "schema_pb2.Schema":
    """Returns a copy of a schema that has taken the differences."""
    copy = type(schema)()
    copy.CopyFrom(schema)
    for change in changes:
        if change.mend:
            change.mend(copy)
    return copy
