"""The nodes of the graph in their order, and what people call them; free of TFX."""

from usecase.config import Source

EXAMPLE_GENS: dict[Source, str] = {
    "csv": "CsvExampleGen",
    "parquet": "ParquetExampleGen",
    "tfrecord": "ImportExampleGen",
    "bigquery": "BigQueryExampleGen",
}
TUNER = "Tuner"
TRAINER = "Trainer"
SERVING_GATE = "ServingGate"
BASELINE_STATISTICS = "LatestPushedStatistics"
DRIFT = "DistributionValidator"
SPAN_DRIFT = "SpanDistributionValidator"
PUSHERS = {"serving": "Pusher", "mobile": "MobilePusher"}  # by destination


def stage_names(
    source: Source,
    *,
    tune: bool = False,
    mobile: bool = False,
    drift: bool = True,
    spans: bool = False,
) -> dict[str, str]:
    """Returns the stage of each node of a run, in the order in which nodes run.

    Args:
        source: What the rows are read from.
        tune: Whether the network is tuned before it is trained.
        mobile: Whether there is a model for phones.
        drift: Whether rows are compared with those of the last push.
        spans: Whether the newest span is compared with the one before it.
    """
    for_phones = {
        "TFLiteExporter": "export tflite",
        "TFLiteGate": "tflite gate",
        PUSHERS["mobile"]: "push mobile",
    }
    comparison = {BASELINE_STATISTICS: "drift baseline", DRIFT: "drift"}
    return {
        EXAMPLE_GENS[source]: "ingest",
        "ImportSchemaGen": "schema",
        "StatisticsGen": "statistics",
        "ExampleValidator": "validate",
        **(comparison if drift else {}),
        **({SPAN_DRIFT: "span drift"} if spans else {}),
        "DataGate": "data gate",
        "LatestPushedModel": "baseline",
        "Transform": "transform",
        **({TUNER: "tune"} if tune else {}),
        TRAINER: "train",
        "Evaluator": "evaluate",
        SERVING_GATE: "serving gate",
        PUSHERS["serving"]: "push",
        **(for_phones if mobile else {}),
    }
