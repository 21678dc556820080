"""Which files of which spans an ExampleGen reads, as a property of the node."""

from pathlib import Path

from google.protobuf import json_format, struct_pb2
from tfx.proto import example_gen_pb2

from usecase.spans import SpanFiles

KEY = "spans"


def with_spans(
    config: example_gen_pb2.CustomConfig, spans: SpanFiles
) -> example_gen_pb2.CustomConfig:
    """Returns a node's `custom_config` with the files of spans, and the digest of their contents.

    TFX's own cache key knows the files of one span alone.
    """
    told = struct_pb2.Struct()
    config.custom_config.Unpack(told)
    told.update(
        {
            KEY: {
                "rows": [str(path) for path in spans.rows],
                "splits": {name: [str(p) for p in files] for name, files in spans.splits.items()},
                "digest": spans.digest,
            }
        }
    )
    with_more = example_gen_pb2.CustomConfig()
    with_more.custom_config.Pack(told)
    return with_more


def read_spans(config: str) -> SpanFiles:
    """Reads what `with_spans` wrote, from the JSON that TFX makes of it; the span is not there."""
    told = struct_pb2.Struct()
    json_format.Parse(config, example_gen_pb2.CustomConfig()).custom_config.Unpack(told)
    spans = json_format.MessageToDict(told)[KEY]
    splits = {name: tuple(map(Path, files)) for name, files in spans["splits"].items()}
    return SpanFiles(None, tuple(map(Path, spans["rows"])), splits, spans["digest"])
