"""The nodes of the graph in their order, and what people call them; free of TFX."""

STAGES = {
    "CsvExampleGen": "ingest",
    "ImportSchemaGen": "schema",
    "StatisticsGen": "statistics",
    "ExampleValidator": "validate",
    "DataGate": "data gate",
    "LatestPushedModel": "baseline",
    "Transform": "transform",
    "Trainer": "train",
    "Evaluator": "evaluate",
    "Pusher": "push",
}
