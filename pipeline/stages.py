"""One builder a stage: each takes the use case and the channels that it needs."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from tensorflow_data_validation import StatsOptions
from tfx.components import ExampleValidator, Pusher, StatisticsGen, Trainer
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.proto import pusher_pb2, trainer_pb2, transform_pb2
from tfx.types import BaseChannel

from components import pusher as safe_pusher
from components.baseline import LatestPushedModel
from components.data_gate import DataGate
from components.distribution_validator import DistributionValidator, config_of
from components.evaluator import Evaluator
from components.pushed_statistics import LatestPushedStatistics
from components.serving_gate import ServingGate
from components.settings import (
    DataGateSettings,
    ExporterSettings,
    ServingGateSettings,
    TFLiteGateSettings,
)
from components.split_pair import SPANS
from components.tflite_exporter import TFLiteExporter
from components.tflite_gate import TFLiteGate
from components.transform import Transform
from components.tuner import Tuner
from models.settings import TrainerSettings, TunerSettings
from pipeline.evaluation import eval_config
from pipeline.places import Places
from pipeline.sources import declared_types, example_gen
from pipeline.stage_names import PUSHERS, SPAN_DRIFT
from usecase.config import OF_RELEASES, Server, UseCase
from usecase.declaration import Declaration
from usecase.drift import Comparator

PREPROCESSING_FN = "models.preprocessing.preprocessing_fn"
TUNER_FN = "models.tuner.tuner_fn"
RUN_FN = "models.trainer.run_fn"
QUANTILES = 30  # of each column; a hundred would cost a second on the taxi rows


def ingest(use_case: UseCase, declaration: Declaration, places: Places) -> BaseComponent:
    """Rows to tf.Examples, split by a hash of each row."""
    types = declared_types(declaration)
    return example_gen(
        use_case.data, use_case.split, declaration.dates, places.data, types, places.spans
    )


def statistics(examples: BaseChannel) -> StatisticsGen:
    """Statistics of every split, fine enough to compare distributions by them."""
    options = StatsOptions(num_quantiles_histogram_buckets=QUANTILES)
    return StatisticsGen(examples=examples, stats_options=options)


def curated_schema(places: Places) -> ImportSchemaGen:
    """The schema that is reviewed like code."""
    return ImportSchemaGen(schema_file=places.schema)


def validate(statistics: BaseChannel, schema: BaseChannel) -> ExampleValidator:
    """Every split held against the schema."""
    return ExampleValidator(statistics=statistics, schema=schema)


def baseline_statistics(places: Places) -> BaseComponent:
    """The statistics of the rows that the last pushed model was made of."""
    return LatestPushedStatistics(push_dir=places.serving, version=places.baseline_version)


def drift(
    use_case: UseCase,
    comparators: Mapping[str, Comparator],
    statistics: BaseChannel,
    baseline: BaseChannel,
) -> DistributionValidator:
    """The rows held against those of the last push."""
    return DistributionValidator(
        statistics=statistics,
        baseline_statistics=baseline,
        config=config_of(comparators),
        refuses=use_case.data_gate.drift == "refuse",
    )


def span_drift(
    use_case: UseCase, comparators: Mapping[str, Comparator], statistics: BaseChannel
) -> BaseComponent:
    """The newest span held against the one before it; both are splits of the same statistics."""
    node = DistributionValidator(
        statistics=statistics,
        baseline_statistics=statistics,
        config=config_of(comparators),
        refuses=use_case.data_gate.drift == "refuse",
        splits=SPANS,
    )
    return node.with_id(SPAN_DRIFT)


def data_gate(
    use_case: UseCase,
    declaration: Declaration,
    examples: BaseChannel,
    statistics: BaseChannel,
    anomalies: BaseChannel,
    schema: BaseChannel,
) -> BaseComponent:
    """The gate before anything expensive."""
    settings = DataGateSettings(declaration=declaration, thresholds=use_case.data_gate)
    return DataGate(
        settings=settings.model_dump_json(exclude={"thresholds": {"drift"}}),
        examples=examples,
        statistics=statistics,
        anomalies=anomalies,
        schema=schema,
    )


def transform(declaration: Declaration, examples: BaseChannel, schema: BaseChannel) -> Transform:
    """Features learned on the train split; the gates read raw rows, so test is not transformed."""
    return Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn=PREPROCESSING_FN,
        custom_config={"declaration": declaration.model_dump_json()},
        splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=["train", "eval"]),
    )


def tune(
    use_case: UseCase,
    declaration: Declaration,
    examples: BaseChannel,
    transform_graph: BaseChannel,
) -> Tuner:
    """A search for better values of the network and its training; it sees what the Trainer sees."""
    settings = TunerSettings(
        declaration=declaration,
        network=use_case.network,
        training=use_case.training,
        tuning=use_case.tuning,
    )
    return Tuner(
        tuner_fn=TUNER_FN,
        **_fitting(examples, transform_graph, settings),
    )


def train(
    use_case: UseCase,
    declaration: Declaration,
    places: Places,
    examples: BaseChannel,
    transform_graph: BaseChannel,
    hyperparameters: BaseChannel | None = None,
) -> Trainer:
    """The network and the linear baseline; early stopping sees the eval split."""
    settings = TrainerSettings(
        declaration=declaration,
        network=use_case.network,
        training=use_case.training,
        checkpoint_dir=places.checkpoints,
    )
    return Trainer(
        run_fn=RUN_FN,
        hyperparameters=hyperparameters,
        **_fitting(examples, transform_graph, settings),
    )


def _fitting(
    examples: BaseChannel, transform_graph: BaseChannel, settings: TrainerSettings | TunerSettings
) -> dict[str, Any]:
    """What Tuner and Trainer are given alike: they see the same rows, split the same way."""
    return {
        "examples": examples,
        "transform_graph": transform_graph,
        "train_args": trainer_pb2.TrainArgs(splits=["train"]),
        "eval_args": trainer_pb2.EvalArgs(splits=["eval"]),
        "custom_config": {"settings": settings.model_dump_json()},
    }


def baseline(places: Places) -> BaseComponent:
    """The model that serves now."""
    return LatestPushedModel(push_dir=places.serving, version=places.baseline_version)


def evaluate(
    use_case: UseCase,
    declaration: Declaration,
    examples: BaseChannel,
    model: BaseChannel,
    baseline: BaseChannel,
) -> Evaluator:
    """The quality gate, on the test split."""
    return Evaluator(
        examples=examples,
        model=model,
        baseline_model=baseline,
        example_splits=["test"],
        eval_config=eval_config(use_case, declaration.label),
    )


def serving_gate(
    use_case: UseCase,
    declaration: Declaration,
    model: BaseChannel,
    examples: BaseChannel,
    statistics: BaseChannel,
    server: Server | None,
) -> BaseComponent:
    """The gate before serving, on the test split; it waits for no verdict on the quality."""
    settings = ServingGateSettings(
        name=use_case.name,
        declaration=declaration,
        serving=use_case.serving.model_copy(update={"server": server or use_case.serving.server}),
    )
    told = settings.model_dump_json(exclude={"serving": set(OF_RELEASES)})
    return ServingGate(settings=told, trained_model=model, examples=examples, statistics=statistics)


def push(
    use_case: UseCase, places: Places, blessing: BaseChannel, infra_blessing: BaseChannel
) -> Pusher:
    """A blessed model becomes the next version, with the warm-up records that the gate gave it."""
    told = use_case.serving.model_dump(mode="json", include={*OF_RELEASES, "startup_timeout_s"})
    return Pusher(
        model_blessing=blessing,
        infra_blessing=infra_blessing,
        **_destination(places.serving, sibling=places.mobile, serving=told),
    )


def export_tflite(
    use_case: UseCase, declaration: Declaration, model: BaseChannel, transform_graph: BaseChannel
) -> BaseComponent:
    """The model as files for phones; it waits for no verdict, so that it can run beside it."""
    settings = ExporterSettings(name=use_case.name, declaration=declaration)
    return TFLiteExporter(
        settings=settings.model_dump_json(), trained_model=model, transform_graph=transform_graph
    )


def tflite_gate(
    use_case: UseCase,
    declaration: Declaration,
    files: BaseChannel,
    model: BaseChannel,
    examples: BaseChannel,
) -> BaseComponent:
    """The gate before phones, on the test split and on rows made to hurt."""
    settings = TFLiteGateSettings(
        declaration=declaration,
        mobile=use_case.mobile,
        eval_config=json_format.MessageToJson(eval_config(use_case, declaration.label))
        if use_case.mobile.evaluate
        else None,
    )
    return TFLiteGate(
        settings=settings.model_dump_json(), model=files, trained_model=model, examples=examples
    )


def push_mobile(places: Places, blessing: BaseChannel, infra_blessing: BaseChannel) -> Pusher:
    """The files that the gate let pass, of a blessed model, under the number that it serves as."""
    node = Pusher(
        model_blessing=blessing,
        infra_blessing=infra_blessing,
        **_destination(places.mobile, sibling=places.serving),
    )
    return node.with_id(PUSHERS["mobile"])


def _destination(folder: str, *, sibling: str, **more: Any) -> dict[str, Any]:
    """Where a Pusher pushes to, and the other destination, with which it shares its numbers."""
    return {
        "push_destination": pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=folder)
        ),
        "custom_config": {"sibling": sibling, **more},
        "custom_executor_spec": executor_spec.ExecutorClassSpec(safe_pusher.Executor),
    }
