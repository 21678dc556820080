"""The graph: what runs, in one picture.

ExampleGen ─ StatisticsGen ─┬─ ExampleValidator ─ DataGate ─ if it passed:
           (curated schema) ┘
             StatisticsGen ─┬─ DistributionValidator ─ where drift refuses: if it passed as well:
   last pushed statistics ──┘
             StatisticsGen ─── SpanDistributionValidator (of data in spans): likewise
    Transform ─ (Tuner) ─ Trainer ─┬─ ServingGate ────────────────┬─ Pusher
               last pushed model ──┼─ Evaluator ──────────────────┤
                                   └─ TFLiteExporter ─ TFLiteGate ┴─ MobilePusher
"""

from collections.abc import Mapping
from contextlib import ExitStack

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.experimental.conditionals import conditional
from tfx.types import BaseChannel

from components.data_gate import PASSED_PROPERTY
from pipeline import stages
from pipeline.places import Places
from usecase.config import Server, UseCase
from usecase.declaration import Declaration
from usecase.drift import Comparator, defaults


def create_nodes(
    use_case: UseCase,
    declaration: Declaration,
    places: Places,
    *,
    tune: bool = False,
    mobile: bool = False,
    server: Server | None = None,
    comparators: Mapping[str, Comparator] | None = None,
    spans: bool = False,
) -> list[BaseNode]:
    """Returns the nodes of the pipeline, in an order in which they can run.

    Args:
        use_case: The configuration.
        declaration: Its features and label, compiled with the schema.
        places: The files and folders to work on.
        tune: Whether a Tuner chooses what the Trainer trains with.
        mobile: Whether the model is delivered for phones as well.
        server: The model server that judges, where it is known already; None: as configured.
        comparators: How columns are compared with the last push; None: the usual way.
        spans: Whether the newest span is compared with the one before it.
    """
    ingest = stages.ingest(use_case, declaration, places)
    examples = ingest.outputs["examples"]
    statistics = stages.statistics(examples)
    schema = stages.curated_schema(places)
    validate = stages.validate(statistics.outputs["statistics"], schema.outputs["schema"])
    data_gate = stages.data_gate(
        use_case,
        declaration,
        examples,
        statistics.outputs["statistics"],
        validate.outputs["anomalies"],
        schema.outputs["schema"],
    )
    if comparators is None:
        comparators = defaults(declaration)
    comparing = _comparing(use_case, comparators, places, statistics, spans=spans)
    refuses = use_case.data_gate.drift == "refuse"
    with ExitStack() as gates:
        for gate in [data_gate, *(comparing[1:] if refuses else [])]:
            gates.enter_context(_if_passed(gate))
        transform = stages.transform(declaration, examples, schema.outputs["schema"])
        rows = transform.outputs["transformed_examples"], transform.outputs["transform_graph"]
        tuner = stages.tune(use_case, declaration, *rows) if tune else None
        best = tuner.outputs["best_hyperparameters"] if tuner else None
        train = stages.train(use_case, declaration, places, *rows, best)
        baseline = stages.baseline(places)
        evaluate = stages.evaluate(
            use_case, declaration, examples, train.outputs["model"], baseline.outputs["model"]
        )
        serve = stages.serving_gate(
            use_case,
            declaration,
            train.outputs["model"],
            examples,
            statistics.outputs["statistics"],
            server,
        )
        push = stages.push(
            use_case, places, evaluate.outputs["blessing"], serve.outputs["blessing"]
        )
        for_phones = (
            _mobile_nodes(use_case, declaration, places, examples, transform, train, evaluate)
            if mobile
            else []
        )
    return [
        ingest,
        statistics,
        schema,
        validate,
        *comparing,
        data_gate,
        transform,
        *([tuner] if tuner else []),
        train,
        baseline,
        evaluate,
        serve,
        push,
        *for_phones,
    ]


def _comparing(
    use_case: UseCase,
    comparators: Mapping[str, Comparator],
    places: Places,
    statistics: BaseNode,
    *,
    spans: bool,
) -> list[BaseNode]:
    """Returns the nodes that hold rows against others: the baseline, then who compares, if any."""
    if use_case.data_gate.drift == "off":
        return []
    found = statistics.outputs["statistics"]
    baseline = stages.baseline_statistics(places)
    drift = stages.drift(use_case, comparators, found, baseline.outputs["statistics"])
    newest = [stages.span_drift(use_case, comparators, found)] if spans else []
    return [baseline, drift, *newest]


def _if_passed(gate: BaseNode) -> conditional.Cond:
    # What is inside is keyed by the verdict, so one that is new after each push, as that on drift
    # is, must not stand before the training unless it decides on it.
    return conditional.Cond(
        gate.outputs["verdict"].future()[0].custom_property(PASSED_PROPERTY) == 1
    )


def _mobile_nodes(
    use_case: UseCase,
    declaration: Declaration,
    places: Places,
    examples: BaseChannel,
    transform: BaseNode,
    train: BaseNode,
    evaluate: BaseNode,
) -> list[BaseNode]:
    model = train.outputs["model"]
    export = stages.export_tflite(
        use_case, declaration, model, transform.outputs["transform_graph"]
    )
    gate = stages.tflite_gate(use_case, declaration, export.outputs["model"], model, examples)
    push = stages.push_mobile(places, evaluate.outputs["blessing"], gate.outputs["blessing"])
    return [export, gate, push]
