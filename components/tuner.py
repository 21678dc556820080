"""The standard Tuner with an executor that keeps a record of every trial."""

from typing import Any

from tfx import types
from tfx.components import Tuner as StandardTuner
from tfx.components.tuner import executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as keys

from models.trials import write_trials


class Executor(executor.Executor):
    """Searches, and writes `trials.json` beside TFX's own results.

    TFX's file leaves out trials that failed, epochs and times.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the search of `tuner_fn`, which is one of `models.tuner`."""
        search = executor.search(
            input_dict, exec_properties, self._get_tmp_dir(), print_tuning_summary=False
        )
        executor.write_best_hyperparameters(search, output_dict)
        write_trials(
            search.trials, artifact_utils.get_single_uri(output_dict[keys.TUNER_RESULTS_KEY])
        )


class Tuner(StandardTuner):
    """TFX's Tuner with the executor above."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
