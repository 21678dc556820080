"""Trains the model of TFX's own Chicago taxi example on given splits, and scores given rows.

Usage: peer_example.py FOLDER, which holds train/data.csv, eval/data.csv and test.csv. Needs
TF_USE_LEGACY_KERAS=1: the example fails with Keras 3. Steps and batch size are the example's own.
"""

import json
import sys
from pathlib import Path

import pandas as pd
import tensorflow as tf
from tfx.components import CsvExampleGen, SchemaGen, StatisticsGen, Trainer, Transform
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto import example_gen_pb2, trainer_pb2

UTILS = "tfx.examples.chicago_taxi_pipeline.taxi_utils_native_keras"


def main(folder: Path) -> None:
    """Trains, scores, and writes scores.json."""
    splits = [example_gen_pb2.Input.Split(name=n, pattern=f"{n}/*") for n in ("train", "eval")]
    examples = CsvExampleGen(str(folder), input_config=example_gen_pb2.Input(splits=splits))
    statistics = StatisticsGen(examples=examples.outputs["examples"])
    schema = SchemaGen(statistics=statistics.outputs["statistics"], infer_feature_shape=True)
    transform = Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=f"{UTILS}.preprocessing_fn",
    )
    trainer = Trainer(
        run_fn=f"{UTILS}.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=trainer_pb2.TrainArgs(num_steps=1000),
        eval_args=trainer_pb2.EvalArgs(num_steps=150),
    )
    LocalDagRunner().run(
        pipeline.Pipeline(
            pipeline_name="peer",
            pipeline_root=str(folder / "artifacts"),
            components=[examples, statistics, schema, transform, trainer],
            metadata_connection_config=metadata.sqlite_metadata_connection_config(
                str(folder / "metadata.db")
            ),
            beam_pipeline_args=[],
        )
    )
    (model,) = (folder / "artifacts/Trainer/model").glob("*/Format-Serving")
    schema_types = pd.read_csv(folder / "train/data.csv").dtypes
    rows = pd.read_csv(folder / "test.csv")
    serialized = [_example(row, schema_types) for row in rows.to_dict("records")]
    signature = tf.saved_model.load(str(model)).signatures["serving_default"]
    (scores,) = signature(tf.constant(serialized)).values()
    (folder / "scores.json").write_text(json.dumps(scores.numpy().reshape(-1).tolist()))


def _example(row: dict, types: pd.Series) -> bytes:
    example = tf.train.Example()
    for name, value in row.items():
        feature = example.features.feature[name]
        if pd.isna(value):
            continue
        if isinstance(value, str):
            feature.bytes_list.value.append(value.encode())
        elif _is_whole(name, types):
            feature.int64_list.value.append(int(value))
        else:
            feature.float_list.value.append(float(value))
    return example.SerializeToString()


def _is_whole(name: str, types: pd.Series) -> bool:
    """Whether CsvExampleGen read a column as integers; pandas widens those with gaps."""
    return types[name].kind == "i" or name in INTEGERS_WITH_GAPS


INTEGERS_WITH_GAPS = (
    "pickup_community_area",
    "dropoff_community_area",
    "pickup_census_tract",
    "dropoff_census_tract",
    "trip_seconds",
)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
