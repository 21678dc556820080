"""TFMA's evaluation of the file for phones: the quality gate's thresholds, held against it."""

import functools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.extractors import tflite_predict_extractor
from tensorflow_model_analysis.proto import config_pb2

from components.quality import slice_metrics, threshold_results
from components.verdict import GateResult
from usecase.declaration import Declaration
from usecase.schema import Column

TFLITE_NAME = "tflite"  # what TFMA calls the file in a model's folder
STAGE = "ExtractTFLitePredictions"
FEATURES = "features"


def evaluate(
    gate: str,
    declaration: Declaration,
    *,
    eval_config: str,
    saved_model: str,
    model: Path,
    examples: str,
) -> list[GateResult]:
    """Measures a .tflite as the Evaluator measures the served model, slice by slice.

    Thresholds against the last pushed model are left out: it is no .tflite, and TFMA does not
    compare the two kinds.

    Args:
        gate: The gate's name.
        declaration: The model's inputs.
        eval_config: The Evaluator's EvalConfig, JSON.
        saved_model: The served model, which computes the labels.
        model: The .tflite.
        examples: Pattern of the TFRecords to measure on.

    Returns:
        One result for each threshold and slice.
    """
    config = _for_tflite(eval_config)
    least = config.options.min_slice_size.value
    config.options.ClearField("min_slice_size")
    with tempfile.TemporaryDirectory() as folder:
        both, results = Path(folder) / "model", Path(folder) / "results"
        shutil.copytree(saved_model, both)
        shutil.copyfile(model, both / TFLITE_NAME)
        shared = tfma.default_eval_shared_model(str(both), eval_config=config)
        tfma.run_model_analysis(
            eval_shared_model=shared,
            eval_config=config,
            data_location=examples,
            output_path=str(results),
            extractors=_extractors(declaration, shared, config),
        )
        measured = slice_metrics(str(results), "", config)
    config.options.min_slice_size.value = least
    return list(threshold_results(gate, config, measured, {}))


def _for_tflite(eval_config: str) -> config_pb2.EvalConfig:
    config = json_format.Parse(eval_config, config_pb2.EvalConfig())
    (spec,) = config.model_specs
    spec.model_type = tfma.TF_LITE
    spec.prediction_key = ""  # there is one output alone
    for metrics in config.metrics_specs:
        for metric in metrics.metrics:
            for threshold in metric.per_slice_thresholds:
                threshold.threshold.ClearField("change_threshold")
    return config


def _extractors(
    declaration: Declaration, shared: Any, config: config_pb2.EvalConfig
) -> Sequence[Any]:
    usual = tfma.default_extractors(eval_shared_model=shared, eval_config=config)
    predict = functools.partial(_Predict, declaration.inputs)
    ours = tflite_predict_extractor.TFLitePredictExtractor(config, shared, do_fn=predict)
    return [ours if extractor.stage_name == STAGE else extractor for extractor in usual]


class _Predict(tflite_predict_extractor.TFLitePredictionDoFn):
    """TFMA's, with each input's own sentinel where a value is missing.

    TFMA itself would fail on a row without a value, or fill in -1, which is a number like others.

    Args:
        inputs: The model's inputs.
        arguments: TFMA's.
    """

    def __init__(self, inputs: tuple[Column, ...], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._inputs = inputs

    def _batch_reducible_process(self, element: dict[str, Any]) -> Sequence[dict[str, Any]]:
        features = element[FEATURES]
        rows = len(next(iter(features.values())))
        filled = {
            c.input_name: _filled(c, features.get(c.name, [None] * rows)) for c in self._inputs
        }
        done = super()._batch_reducible_process({**element, FEATURES: filled})
        return [{**result, FEATURES: features} for result in done]


def _filled(column: Column, values: Sequence[Any]) -> list[np.ndarray]:
    dtype = object if column.dtype == "string" else np.dtype(column.dtype)
    return [
        np.array(
            [column.missing if value is None or not np.size(value) else np.ravel(value)[0]]
        ).astype(dtype)
        for value in values
    ]
