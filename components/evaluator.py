"""The standard Evaluator, with a baseline that may not exist yet and a verdict in our own words."""

from pathlib import Path
from typing import Any

from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components import Evaluator as StandardEvaluator
from tfx.components.evaluator import constants, executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as keys

from components.baseline import is_empty


class Executor(executor.Executor):
    """Runs TFMA, judges what it measured, and blesses or refuses the model.

    Two things differ from TFX: a baseline may be empty, and `options.min_slice_size` exempts small
    slices from thresholds on all values of a column, where TFMA would fail the model for them. The
    linear baseline that the Trainer left beside the model is measured on the same rows.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates, blesses, and writes `verdict.json` into the `evaluation` artifact."""
        # TFMA and TensorFlow are needed here, not where the graph is built.
        from components.quality import judge_quality

        baselines = [b for b in input_dict.get(keys.BASELINE_MODEL_KEY, []) if not is_empty(b)]
        config = exec_properties[keys.EVAL_CONFIG_KEY]
        super().Do(
            {**input_dict, keys.BASELINE_MODEL_KEY: baselines},
            output_dict,
            {**exec_properties, keys.EVAL_CONFIG_KEY: _without_slice_size(config)},
        )
        evaluation = _uri(output_dict, keys.EVALUATION_KEY)
        verdict = judge_quality(
            eval_config_json=config,
            evaluation_uri=evaluation,
            model_uri=_uri(input_dict, keys.MODEL_KEY),
            examples_uri=_uri(input_dict, keys.EXAMPLES_KEY),
            has_baseline=bool(baselines),
        )
        verdict.write(evaluation)
        _bless(artifact_utils.get_single_instance(output_dict[keys.BLESSING_KEY]), verdict.passed)


class Evaluator(StandardEvaluator):
    """TFX's Evaluator with the executor above."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)


def _without_slice_size(config: str) -> str:
    parsed = json_format.Parse(config, config_pb2.EvalConfig())
    parsed.options.ClearField("min_slice_size")
    return str(json_format.MessageToJson(parsed, preserving_proto_field_name=True))


def _bless(blessing: types.Artifact, passed: bool) -> None:
    """Replaces TFMA's blessing by ours: the marker file and the property that Pusher reads."""
    folder = Path(blessing.uri)
    for name in (constants.BLESSED_FILE_NAME, constants.NOT_BLESSED_FILE_NAME):
        (folder / name).unlink(missing_ok=True)
    name = constants.BLESSED_FILE_NAME if passed else constants.NOT_BLESSED_FILE_NAME
    (folder / name).touch()
    value = constants.BLESSED_VALUE if passed else constants.NOT_BLESSED_VALUE
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)


def _uri(artifacts: dict[str, list[types.Artifact]], key: str) -> str:
    return str(artifact_utils.get_single_uri(artifacts[key]))
