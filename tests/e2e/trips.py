"""The bundled trips as files of every kind, and runs on them."""

import csv
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from tests.e2e.conftest import Finished, Project
from usecase.schema import read_schema

DATE = "trip_start_timestamp"
CHICAGO = timezone(timedelta(hours=-6))  # without summer time, as the offset of a config
FEATURE = f"{DATE}: {{role: datetime, parts: [hour, day_of_year], utc_offset_hours: -6"


class Source(NamedTuple):
    """One run, and the configuration and folder that it worked with."""

    config: Path
    outputs: Path
    done: Finished

    def records(self, artifact: str, split: str) -> list[bytes]:
        """Returns the examples of a split of its newest artifact, in an order of their own."""
        (folder,) = (self.outputs / "artifacts" / "taxi").glob(f"{artifact}/*")
        files = [str(path) for path in folder.glob(f"Split-{split}/*.gz")]
        examples = [
            tf.train.Example.FromString(record)
            for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
        ]
        return sorted(example.SerializeToString(deterministic=True) for example in examples)

    def fact(self, stage: str) -> str:
        """Returns what the console says of a stage."""
        return next(node["fact"] for node in self.done.json["nodes"] if node["stage"] == stage)


class Trips(Project):
    """The project with a date among the features, few epochs, and one threshold."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        text = self.config.read_text(encoding="utf-8").partition("  thresholds:")[0]
        assert "\nfeatures:\n" in text
        text = text.replace("\nfeatures:\n", f"\nfeatures:\n  {FEATURE}}}\n")
        text += "  thresholds: [{metric: auc, min: 0.6}]\ntraining: {max_epochs: 2}\n"
        self.config.write_text(text, encoding="utf-8")
        with self.data.open(newline="", encoding="utf-8") as file:
            self.header, *self.rows = csv.reader(file)

    def run(self, name: str, data: str, date_format: str = "") -> Source:
        """Runs the project on other data, in an output folder of its own."""
        config, outputs = self.root / "configs" / f"{name}.yaml", self.root / f"outputs-{name}"
        shutil.copy(self.config, config)
        self.edit(config, f"path: {self.data}", data)
        if date_format:
            self.edit(config, f"{FEATURE}}}", f"{FEATURE}, {date_format}}}")
        done = self.again(config, outputs)
        return Source(config, outputs, done)

    def again(self, config: Path, outputs: Path) -> Finished:
        """Runs a configuration in its folder."""
        return self.command("run", "--json", "--config", str(config), "--output-dir", str(outputs))

    def in_text(self, rows: list[list[str]]) -> list[list[str]]:
        """Returns the rows with their dates as Chicago's clocks show them."""
        place = self.header.index(DATE)
        made = []
        for row in rows:
            moment = datetime.fromtimestamp(int(row[place]), CHICAGO)
            made.append([*row[:place], f"{moment:%d/%m/%Y %H:%M:%S}", *row[place + 1 :]])
        return made

    def write_csv(self, path: Path, rows: list[list[str]]) -> Path:
        """Writes rows with the header."""
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([self.header, *rows])
        return path

    def write_records(self, path: Path, rows: list[list[str]]) -> Path:
        """Writes rows as tf.Examples with the types of the schema, compressed if named so."""
        types = {
            c.name: c.type for c in read_schema(self.root / "schema/taxi/schema.pbtxt").feature
        }
        path.parent.mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(path), "GZIP" if path.suffix == ".gz" else "") as writer:
            for row in rows:
                features = {
                    name: _feature(types[name], cell)
                    for name, cell in zip(self.header, row, strict=True)
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())
        return path


def _feature(kind: Any, cell: str) -> tf.train.Feature:
    if kind == schema_pb2.INT:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(cell)] if cell else []))
    if kind == schema_pb2.FLOAT:
        return tf.train.Feature(float_list=tf.train.FloatList(value=[float(cell)] if cell else []))
    value = [cell.encode()] if cell else []
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
