"""The statistics of today's data, as the pipeline computes them."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from orchestration.local.logs import redirected
from orchestration.local.preflight import check_data
from orchestration.local.store_checks import ready_store
from orchestration.local.workspace import Workspace
from orchestration.plan import Plan
from orchestration.records import LOG_FILE
from usecase.errors import UserError

if TYPE_CHECKING:
    from orchestration.local.schema_commands.facts import DatasetStatistics

LOGGER = logging.getLogger(__name__)
Result = TypeVar("Result")


def with_statistics(
    plan: Plan, output_dir: Path, use: "Callable[[DatasetStatistics], Result]"
) -> Result:
    """Computes the statistics of every split, and what is made of them.

    The output folder is locked, and what frameworks print goes to a log in it, in both.

    Args:
        plan: The use case and its rows.
        output_dir: Where the pipeline runs: what it has computed already is not computed again.
        use: Is given the statistics by split; TFDV may be imported in it.

    Raises:
        UserError: If the data cannot be read, or something else went wrong.
    """
    check_data(plan.use_case.data, plan.files)
    workspace = Workspace(output_dir, plan.use_case.name)
    with workspace.locked():
        run_id, folder = workspace.new_run()
        moved = ready_store(plan.use_case, workspace, run_id)
        log = folder / LOG_FILE
        try:
            with redirected(log, _ignore):
                for warning in moved:
                    LOGGER.warning(warning)
                from orchestration.local.schema_commands.statistics_nodes import compute

                try:
                    return use(compute(plan, workspace, run_id))
                except Exception:
                    LOGGER.exception("no statistics")
                    raise
        except UserError:
            raise
        except Exception as error:
            raise UserError(
                f"the data could not be held against the schema: {type(error).__name__}",
                fix=f"see {log}",
            ) from error


def _ignore(_: Mapping[str, object]) -> None:
    """Nothing here trains."""
