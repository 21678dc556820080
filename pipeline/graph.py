"""The graph: what runs, in one picture.

ExampleGen ─ StatisticsGen ─┬─ ExampleValidator ─ DataGate ─ if it passed:
           (curated schema) ┘
    Transform ─ (Tuner) ─ Trainer ─┬─ ServingGate ────────────────┬─ Pusher
               last pushed model ──┼─ Evaluator ──────────────────┤
                                   └─ TFLiteExporter ─ TFLiteGate ┴─ MobilePusher
"""

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.experimental.conditionals import conditional
from tfx.types import BaseChannel

from components.data_gate import PASSED_PROPERTY
from pipeline import stages
from pipeline.places import Places
from usecase.config import Server, UseCase
from usecase.declaration import Declaration


def create_nodes(
    use_case: UseCase,
    declaration: Declaration,
    places: Places,
    *,
    tune: bool = False,
    mobile: bool = False,
    server: Server | None = None,
) -> list[BaseNode]:
    """Returns the nodes of the pipeline, in an order in which they can run.

    Args:
        use_case: The configuration.
        declaration: Its features and label, compiled with the schema.
        places: The files and folders to work on.
        tune: Whether a Tuner chooses what the Trainer trains with.
        mobile: Whether the model is delivered for phones as well.
        server: The model server that judges, where it is known already; None: as configured.
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
    passed = data_gate.outputs["verdict"].future()[0].custom_property(PASSED_PROPERTY) == 1
    with conditional.Cond(passed):
        transform = stages.transform(declaration, examples, schema.outputs["schema"])
        rows = transform.outputs["transformed_examples"], transform.outputs["transform_graph"]
        tuner = stages.tune(use_case, declaration, *rows) if tune else None
        best = tuner.outputs["best_hyperparameters"] if tuner else None
        train = stages.train(use_case, declaration, places, *rows, best)
        baseline = stages.baseline(places)
        evaluate = stages.evaluate(
            use_case, declaration, examples, train.outputs["model"], baseline.outputs["model"]
        )
        serve = stages.serving_gate(use_case, declaration, train.outputs["model"], examples, server)
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
