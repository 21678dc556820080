"""The graph of a backtest: the use case's own nodes, from rows to a trained model, without gates.

ExampleGen ─┬─ StatisticsGen
            └─ Transform ─ Trainer
  (curated schema) ┘
"""

from tfx.dsl.components.base.base_node import BaseNode

from pipeline import stages
from pipeline.places import Places
from usecase.config import UseCase
from usecase.declaration import Declaration


def create_nodes(use_case: UseCase, declaration: Declaration, places: Places) -> list[BaseNode]:
    """Returns the nodes, in an order in which they can run.

    Args:
        use_case: The configuration.
        declaration: Its features and label, compiled with the schema.
        places: The files and folders to work on; its spans are those to train on, and each later
            one as a split of its own.
    """
    ingest = stages.ingest(use_case, declaration, places)
    examples = ingest.outputs["examples"]
    statistics = stages.statistics(examples)
    schema = stages.curated_schema(places)
    transform = stages.transform(declaration, examples, schema.outputs["schema"])
    rows = transform.outputs["transformed_examples"], transform.outputs["transform_graph"]
    train = stages.train(use_case, declaration, places, *rows)
    return [ingest, statistics, schema, transform, train]
