"""Data in spans in a pod, which alone sees the volume that they lie on."""

import json
import shutil

import pytest
import tensorflow as tf
from tfx.utils import proto_utils

from components.arrow_examples import Executor
from components.reading_config import reading_config
from components.span_examples import Executor as OfSpans
from ingestion.columns import Reading
from ingestion.dialect import Dialect
from orchestration.kubeflow.entrypoint.__main__ import main
from orchestration.kubeflow.entrypoint.arguments import parse
from orchestration.kubeflow.entrypoint.run import run
from orchestration.kubeflow.entrypoint.span_files import (
    ONE_SPAN,
    WHOLE_SPANS,
    reading_spans,
)
from tests.orchestration.kubeflow.pod_world import (
    ROOT,
    TASK_ID,
    asked,
    command_line,
    executor_input,
    spec,
)

SPLITS = ("train", "eval")
URI = f"{ROOT}/CsvExampleGen/{TASK_ID}/examples"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a container starts: spans 3, 4 and 10, of as many rows; a wildcard is in its name."""
    folder = tmp_path / "s[1]"
    for span in (3, 4, 10):
        path = folder / f"span-{span}" / "rows.csv"
        path.parent.mkdir(parents=True)
        path.write_text("a\n" + "".join(f"{span * 100 + row}\n" for row in range(span)))
    (folder / "span-backup").mkdir()
    (folder / "span-backup" / "rows.csv").write_text("a\n1\n")
    monkeypatch.chdir(folder)
    return folder


def node(data, output_file, executor=ONE_SPAN):
    """The command line of a CsvExampleGen that is told of its data when it starts."""
    buckets = [{"hash_buckets": 2, "name": name} for name in SPLITS]
    told = {
        "input_base": "nowhere",
        "input_config": json.dumps({"splits": [{"name": "rows", "pattern": "old.csv"}]}),
        "output_config": json.dumps({"split_config": {"splits": buckets}}),
        "output_data_format": 6,
        "output_file_format": 5,
        "custom_config": proto_utils.proto_to_json(
            reading_config(Reading("csv", Dialect(",", ("",)), {}, {}))
        ),
    }
    kinds = [(key, "STRING" if isinstance(v, str) else "NUMBER_INTEGER") for key, v in told.items()]
    given = {**told, "runtime_data": str(data)}
    whole = executor_input({}, {"examples": asked(URI, "tfx.Examples")}, given, output_file)
    return command_line(executor, whole, spec(kinds))


@pytest.fixture
def read(folder):
    """Runs the node; returns what it says of its examples, and the rows of each split."""

    def read(data):
        output_file = folder / "output_metadata.json"
        run(parse(node(data, output_file)), {"KUBEFLOW_MOUNT_ROOT": str(folder / "pod")})
        said = json.loads(output_file.read_text())["artifacts"]["examples"]["artifacts"][0]
        names = json.loads(said["metadata"]["split_names"])
        where = folder / "pod" / "minio" / URI.removeprefix("minio://")
        return said["metadata"], {name: rows(where / f"Split-{name}") for name in names}

    return read


def rows(split):
    files = sorted(map(str, split.glob("*.gz")))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    features = [tf.train.Example.FromString(record).features.feature for record in records]
    return sorted(feature["a"].int64_list.value[0] for feature in features)


def of_span(span):
    return [span * 100 + row for row in range(span)]


def test_the_newest_span_and_the_one_before_it_are_splits(read):
    metadata, found = read("span-{SPAN}/*.csv")
    assert metadata["custom:span"] == 10
    assert set(found) == {*SPLITS, "latest", "previous"}
    assert sorted(found["train"] + found["eval"]) == found["latest"] == of_span(10)
    assert found["previous"] == of_span(4)


def test_the_first_span_has_none_before_it(folder, read):
    for span in (4, 10):
        shutil.rmtree(folder / f"span-{span}")
    metadata, found = read("span-{SPAN}/*.csv")
    assert metadata["custom:span"] == 3
    assert found["latest"] == of_span(3)
    assert set(found) == {*SPLITS, "latest"}


def test_data_without_spans_have_no_such_splits(read):
    _, found = read("span-10/rows.csv")
    assert set(found) == set(SPLITS)
    assert sorted(found["train"] + found["eval"]) == of_span(10)


def test_spans_that_are_not_there_are_one_message(folder, monkeypatch, capsys):
    monkeypatch.setenv("KUBEFLOW_MOUNT_ROOT", str(folder / "pod"))
    assert main(node("no-{SPAN}/*.csv", folder / "out.json")) == 1
    told = capsys.readouterr().err
    assert "data not found: no span matches no-{SPAN}/*.csv" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("executor", "base", "pattern"),
    [
        (ONE_SPAN, "gs://shop/rows", "span-{SPAN}/*.csv"),
        (ONE_SPAN, "/rows", "span-4/*.csv"),
        ("tfx.components.example_gen.import_example_gen.executor.Executor", "/rows", "{SPAN}.tfr"),
    ],
)
def test_what_tfx_reads_by_itself_stays_as_it_is(executor, base, pattern):
    given = {"input_base": base, "input_config": json.dumps({"splits": [{"pattern": pattern}]})}
    told = executor_input({}, {}, given, "/out.json")
    arguments = parse(command_line(executor, told, spec()))
    assert reading_spans(arguments, told, 4) == (arguments, told)


def test_executors_are_those_of_the_local_runner(folder):
    assert f"{Executor.__module__}.{Executor.__qualname__}" == ONE_SPAN
    told = executor_input(
        {},
        {},
        {
            "input_base": str(folder.parent),
            "input_config": json.dumps({"splits": [{"pattern": "s?1?/span-{SPAN}/*.csv"}]}),
            "custom_config": "{}",
        },
        "/out.json",
    )
    arguments, _ = reading_spans(parse(command_line(ONE_SPAN, told, spec())), told, 4)
    assert arguments.executor == WHOLE_SPANS == f"{OfSpans.__module__}.{OfSpans.__qualname__}"
