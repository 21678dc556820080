"""The rows of several spans: split by hash as ever, and whole spans beside them."""

from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import json_format
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs as keys
from tfx.types.artifact_utils import decode_split_names
from tfx.types.standard_artifacts import Examples
from tfx.utils import proto_utils

from components.examples import batches
from components.span_config import read_spans, with_spans
from components.span_examples import Executor
from pipeline.sources import example_gen
from usecase.config import Data, Split
from usecase.errors import DataError
from usecase.spans import SpanFiles, find_spans

SPLITS = ("train", "eval", "test")
IMAGE = "--sdk_container_image=registry/image:1"  # without it TFX packs itself for the workers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spans")
    for span in (1, 2, 3):
        cells = "".join(f"{span * 1000 + row},x{span}\n" for row in range(40 * span))
        (folder / f"s-{span}.csv").write_text("a,b\n" + cells)
    # Only here a number is no integer: the column is of one type in all spans.
    with (folder / "s-1.csv").open("a") as file:
        file.write("0.5,\n")
    return folder


def node_of(folder, spans):
    pattern = find_spans(str(folder / "s-{SPAN}.csv")).pattern
    return example_gen(Data(path=pattern), Split(), {}, pattern, spans=spans)


def read(folder, spans, out, arguments=()):
    node = node_of(folder, spans)
    examples = Examples()
    examples.uri = str(out)
    context = Executor.Context(beam_pipeline_args=list(arguments))
    Executor(context).Do({}, {keys.EXAMPLES_KEY: [examples]}, dict(node.exec_properties))
    names = decode_split_names(examples.split_names)
    return {name: sorted(map(cells, rows(out, name))) for name in names}


def rows(out, split):
    return [row for batch in batches(out, split).as_numpy_iterator() for row in batch]


def cells(serialized):
    feature = tf.train.Example.FromString(serialized).features.feature
    return feature["a"].float_list.value[0], [*feature["b"].bytes_list.value]


def rows_of(span):
    found = [(float(span * 1000 + row), [b"x%d" % span]) for row in range(40 * span)]
    return sorted([*found, *([(0.5, [])] if span == 1 else [])])


@pytest.fixture(scope="module")
def window(folder, tmp_path_factory):
    """Spans 1 and 2 together, 3 and 1 for themselves."""
    files = find_spans(str(folder / "s-{SPAN}.csv")).files
    spans = SpanFiles(2, (*files[1], *files[2]), {"latest": files[3], "previous": files[1]}, "d")
    return read(folder, spans, tmp_path_factory.mktemp("window"))


def test_every_row_of_the_window_is_in_one_split(window):
    assert sorted(row for name in SPLITS for row in window[name]) == sorted(rows_of(1) + rows_of(2))
    assert len(window["train"]) > 60
    assert min(len(window["eval"]), len(window["test"])) > 2


def test_whole_spans_beside_it(window):
    assert [*window] == [*SPLITS, "latest", "previous"]
    assert window["latest"] == rows_of(3)
    assert window["previous"] == rows_of(1)


def test_a_row_is_in_the_same_split_whatever_the_window(window, folder, tmp_path):
    files = find_spans(str(folder / "s-{SPAN}.csv")).files
    alone = read(folder, SpanFiles(1, files[1], {"other": files[2]}), tmp_path)
    for name in SPLITS:
        assert alone[name] == [row for row in window[name] if row in rows_of(1)]


@pytest.mark.parametrize("runner", ["FnApiRunner", "DataflowRunner"])
def test_workers_who_would_read_one_span_are_refused(folder, tmp_path, runner):
    files = find_spans(str(folder / "s-{SPAN}.csv")).files
    spans = SpanFiles(2, (*files[1], *files[2]))
    with pytest.raises(DataError, match=f"not by the workers of {runner}") as caught:
        read(folder, spans, tmp_path, [f"--runner={runner}", IMAGE])
    assert caught.value.expected
    assert caught.value.fix
    assert list(tmp_path.iterdir()) == []
    here = read(folder, spans, tmp_path, ["--runner=DirectRunner", IMAGE])
    assert sorted(row for name in SPLITS for row in here[name]) == sorted(rows_of(1) + rows_of(2))


def test_the_node_reads_one_span_by_tfx_and_is_told_of_all(folder):
    files = find_spans(str(folder / "s-{SPAN}.csv")).files
    spans = SpanFiles(3, (*files[2], *files[3]), {"latest": files[3]}, "abc")
    properties = node_of(folder, spans).exec_properties
    assert '"start_span_number": 3' in properties[keys.RANGE_CONFIG_KEY]
    assert properties[keys.INPUT_BASE_KEY] == str(folder)
    assert "s-{SPAN}.csv" in properties[keys.INPUT_CONFIG_KEY]
    told = read_spans(properties[keys.CUSTOM_CONFIG_KEY])
    assert told == spans._replace(span=None)
    other = node_of(folder, spans._replace(digest="abd")).exec_properties
    assert other[keys.CUSTOM_CONFIG_KEY] != properties[keys.CUSTOM_CONFIG_KEY]


def test_what_else_a_node_is_told_stays(folder):
    config = proto_utils.proto_to_json
    plain = node_of(folder, None)
    from tfx.proto import example_gen_pb2

    parsed = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(plain.exec_properties[keys.CUSTOM_CONFIG_KEY], parsed)
    from components.reading_config import read_reading_config

    told = config(with_spans(parsed, SpanFiles(1, (Path("/a"),))))
    assert read_reading_config(told) == read_reading_config(
        plain.exec_properties[keys.CUSTOM_CONFIG_KEY]
    )


@pytest.mark.parametrize("order", [("latest", "previous"), ("previous", "latest")])
def test_splits_come_in_one_order_whatever_a_protobuf_map_makes_of_it(order):
    files = {name: (Path(f"/{name}.csv"),) for name in order}
    config = with_spans(example_gen_pb2.CustomConfig(), SpanFiles(3, (), files, ""))
    text = json_format.MessageToJson(config)  # in any order
    assert [*read_spans(text).splits] == ["latest", "previous"]
