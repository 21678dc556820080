"""The data gate: bad data ends the run before anything is trained on it."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema

from components.artifacts import GateVerdict
from components.settings import DataGateSettings

PASSED_PROPERTY = "passed"


@component
def DataGate(  # noqa: N802, a component is a class to its users
    settings: Parameter[str],
    examples: InputArtifact[Examples],
    statistics: InputArtifact[ExampleStatistics],
    anomalies: InputArtifact[ExampleAnomalies],
    schema: InputArtifact[Schema],
    verdict: OutputArtifact[GateVerdict],
) -> None:
    """Judges the data: schema anomalies, empty columns, enough rows, a label that can be learned.

    It never raises on bad data: the verdict says no, and what follows stands inside a `Cond` on it.

    Args:
        settings: JSON of `DataGateSettings`.
        examples: The examples, all splits.
        statistics: Their statistics.
        anomalies: What ExampleValidator found.
        schema: The schema, for the share of rows that must have a value.
        verdict: Output; its custom property `passed` is 1 or 0.
    """
    # TensorFlow is needed here, not where the graph is built.
    from components.data_checks import judge_data

    result = judge_data(
        DataGateSettings.model_validate_json(settings),
        examples_uri=examples.uri,
        statistics_uri=statistics.uri,
        anomalies_uri=anomalies.uri,
        schema_uri=schema.uri,
    )
    result.write(verdict.uri)
    verdict.set_int_custom_property(PASSED_PROPERTY, int(result.passed))
