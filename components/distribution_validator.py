"""The standard DistributionValidator, with a baseline that may not exist yet and a verdict."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from google.protobuf import json_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx import types
from tfx.components.distribution_validator import executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import distribution_validator_pb2
from tfx.proto.orchestration import execution_result_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.types import standard_component_specs as keys
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import GateVerdict
from components.split_pair import TRAIN, SplitPair, pair_of
from components.verdict import Verdict
from usecase.drift import Comparator, Measure, widened

STATISTICS_FILE = "FeatureStats.pb"
VERDICT = "verdict"
REFUSES = "refuses"
PASSED_PROPERTY = "passed"
BASELINE_PROPERTY = "baseline"
NOT_COMPARED_PROPERTY = "not_compared"
MEASURES: tuple[Measure, ...] = ("infinity_norm", "jensen_shannon_divergence")
Config: TypeAlias = distribution_validator_pb2.DistributionValidatorConfig
Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatistics
Artifacts = dict[str, list[types.Artifact]]


class Executor(executor.Executor):
    """Compares one split with one of the baseline, and writes a verdict.

    Three things differ from TFX: a baseline may be empty, or without the split; statistics are made
    comparable first (`components.comparable`); and no threshold is below what chance does to so few
    rows (`usecase.drift.widened`).
    """

    def Do(
        self,
        input_dict: Artifacts,
        output_dict: Artifacts,
        exec_properties: dict[str, Any],
    ) -> execution_result_pb2.ExecutorOutput:
        """Compares, and writes `verdict.json` into the `verdict` artifact.

        Its custom property `passed` is 1 or 0, `baseline` says what the rows were compared with,
        and `not_compared` which columns could not be.
        """
        verdict = artifact_utils.get_single_instance(output_dict[VERDICT])
        outputs = {key: each for key, each in output_dict.items() if key != VERDICT}
        baseline = artifact_utils.get_single_instance(input_dict[keys.BASELINE_STATISTICS_KEY])
        splits = pair_of(exec_properties)
        verdict.set_string_custom_property(BASELINE_PROPERTY, splits.baseline_name(baseline))
        if splits.is_missing(baseline):
            return self._without_baseline(input_dict, outputs, exec_properties, verdict)
        return self._compare(input_dict, outputs, exec_properties, verdict)

    def _without_baseline(
        self,
        input_dict: Artifacts,
        outputs: Artifacts,
        exec_properties: dict[str, Any],
        verdict: types.Artifact,
    ) -> execution_result_pb2.ExecutorOutput:
        without = {**input_dict, keys.BASELINE_STATISTICS_KEY: []}
        done = super().Do(without, outputs, exec_properties)
        return _settled(done, verdict, Verdict("data", ()))

    def _compare(
        self,
        input_dict: Artifacts,
        outputs: Artifacts,
        exec_properties: dict[str, Any],
        verdict: types.Artifact,
    ) -> execution_result_pb2.ExecutorOutput:
        from components.comparable import as_statistics, pairs
        from components.drift_verdict import judge_drift

        wanted = comparators_of(exec_properties[keys.DISTRIBUTION_VALIDATOR_CONFIG_KEY])
        given = {key: artifact_utils.get_single_instance(input_dict[key]) for key in _SIDES}
        splits = pair_of(exec_properties)
        sides = dict(zip(_SIDES, splits, strict=True))
        now, before = (_read(given[key], split) for key, split in sides.items())
        found = pairs(now, before, wanted)
        used = {
            name: widened(wanted[name], pair.rows, pair.cells, len(found))
            for name, pair in found.items()
        }
        missing = [name for name in wanted if name not in found]
        verdict.set_string_custom_property(NOT_COMPARED_PROPERTY, ", ".join(missing))
        if not found:
            return self._without_baseline(input_dict, outputs, exec_properties, verdict)
        texts = {name for name, comparator in used.items() if comparator.measure == MEASURES[0]}
        with tempfile.TemporaryDirectory() as folder:
            made = {}
            for index, (key, split) in enumerate(sides.items()):
                rows = {name: pair[index] for name, pair in found.items()}
                other = as_statistics(rows, texts)
                made[key] = [_written(other, split, given[key], Path(folder) / key)]
            told = {**exec_properties, keys.DISTRIBUTION_VALIDATOR_CONFIG_KEY: config_of(used)}
            done = super().Do({**input_dict, **made}, outputs, told)
        said = judge_drift(
            _distances(artifact_utils.get_single_uri(outputs[keys.ANOMALIES_KEY]), splits),
            used,
            found,
            (now, before),
            metric=splits.metric,
            baseline=splits.baseline_name(given[keys.BASELINE_STATISTICS_KEY]),
            refuses=bool(exec_properties[REFUSES]),
        )
        return _settled(done, verdict, said)


class DistributionValidatorSpec(keys.DistributionValidatorSpec):
    """TFX's, with a verdict and whether drift refuses."""

    PARAMETERS: ClassVar = {
        **keys.DistributionValidatorSpec.PARAMETERS,
        REFUSES: ExecutionParameter(type=int),
    }
    OUTPUTS: ClassVar = {
        **keys.DistributionValidatorSpec.OUTPUTS,
        VERDICT: ChannelParameter(type=GateVerdict),
    }


class DistributionValidator(base_component.BaseComponent):
    """TFX's DistributionValidator with the executor above and its verdict.

    Args:
        statistics: Those of the data.
        baseline_statistics: Those to compare them with, which may be the same; the artifact may be
            marked as empty.
        config: How each column is compared.
        refuses: Whether drift refuses the data; else it only warns.
        splits: The split of the data, and that of the baseline.
    """

    SPEC_CLASS = DistributionValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        statistics: types.BaseChannel,
        baseline_statistics: types.BaseChannel,
        config: Config,
        *,
        refuses: bool,
        splits: tuple[str, str] = TRAIN,
    ) -> None:
        super().__init__(
            DistributionValidatorSpec(
                **{
                    keys.STATISTICS_KEY: statistics,
                    keys.BASELINE_STATISTICS_KEY: baseline_statistics,
                    keys.DISTRIBUTION_VALIDATOR_CONFIG_KEY: config,
                    keys.INCLUDE_SPLIT_PAIRS_KEY: SplitPair(*splits).property_text(),
                    REFUSES: int(refuses),
                    keys.ANOMALIES_KEY: types.Channel(type=standard_artifacts.ExampleAnomalies),
                    VERDICT: types.Channel(type=GateVerdict),
                }
            )
        )


_SIDES = (keys.STATISTICS_KEY, keys.BASELINE_STATISTICS_KEY)


def config_of(comparators: Mapping[str, Comparator]) -> Config:
    """Returns comparators as TFX's config."""
    config = Config()
    for name, comparator in sorted(comparators.items()):
        feature = config.default_slice_config.feature.add()
        feature.path.step.append(name)
        measure = getattr(feature.distribution_comparator, comparator.measure)
        measure.threshold = comparator.threshold
    return config


def comparators_of(config: Config | str) -> dict[str, Comparator]:
    """Returns the comparators in TFX's config, which on a cluster comes as JSON."""
    if isinstance(config, str):
        config = json_format.Parse(config, Config())
    found = {}
    for feature in config.default_slice_config.feature:
        own = feature.distribution_comparator
        (measure,) = (each for each in MEASURES if own.HasField(each))
        found[".".join(feature.path.step)] = Comparator(measure, getattr(own, measure).threshold)
    return found


def _read(artifact: types.Artifact, split: str) -> Statistics:
    path = Path(artifact_utils.get_split_uri([artifact], split)) / STATISTICS_FILE
    every = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
    return every.datasets[0] if every.datasets else Statistics()


def _written(
    statistics: Statistics, split: str, like: types.Artifact, folder: Path
) -> types.Artifact:
    """Returns an artifact of other statistics of a split."""
    made = standard_artifacts.ExampleStatistics()
    made.mlmd_artifact.CopyFrom(like.mlmd_artifact)
    made.uri = str(folder)
    made.split_names = artifact_utils.encode_split_names([split])
    within = Path(artifact_utils.get_split_uri([made], split))
    within.mkdir(parents=True)
    every = statistics_pb2.DatasetFeatureStatisticsList(datasets=[statistics])
    (within / STATISTICS_FILE).write_bytes(every.SerializeToString())
    return made


def _distances(anomalies_uri: str, splits: SplitPair) -> dict[str, float]:
    """Returns what TFDV measured, by column."""
    raw = (Path(anomalies_uri) / splits.folder / executor.DEFAULT_FILE_NAME).read_bytes()
    return {
        ".".join(info.path.step): info.drift_measurements[0].value
        for info in anomalies_pb2.Anomalies.FromString(raw).drift_skew_info
        if info.drift_measurements
    }


def _settled(
    done: execution_result_pb2.ExecutorOutput, verdict: types.Artifact, said: Verdict
) -> execution_result_pb2.ExecutorOutput:
    """Writes the verdict, and adds its artifact to what TFX publishes."""
    said.write(verdict.uri)
    verdict.set_int_custom_property(PASSED_PROPERTY, int(said.passed))
    done.output_artifacts[VERDICT].artifacts.append(verdict.mlmd_artifact)
    return done
