"""Which files of which spans an ExampleGen reads, as a property of the node."""

from pathlib import Path

from tfx.proto import example_gen_pb2
from tfx.utils import proto_utils

from components.custom_config import packed, unpacked
from usecase.spans import SpanFiles

KEY = "spans"


def with_spans(
    config: example_gen_pb2.CustomConfig, spans: SpanFiles
) -> example_gen_pb2.CustomConfig:
    """Returns a node's `custom_config` with the files of spans, and the digest of their contents.

    TFX's own cache key knows the files of one span alone.
    """
    told = unpacked(proto_utils.proto_to_json(config))
    told[KEY] = {
        "rows": [str(path) for path in spans.rows],
        "splits": {name: [str(p) for p in files] for name, files in spans.splits.items()},
        "digest": spans.digest,
    }
    return packed(told)


def read_spans(config: str) -> SpanFiles:
    """Reads what `with_spans` wrote, from the JSON that TFX makes of it; the span is not there.

    A protobuf map has no order: splits come in that of their names.
    """
    spans = unpacked(config)[KEY]
    splits = {name: tuple(map(Path, files)) for name, files in sorted(spans["splits"].items())}
    return SpanFiles(None, tuple(map(Path, spans["rows"])), splits, spans["digest"])
