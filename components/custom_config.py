"""What an ExampleGen of ours is told beside TFX's own properties: a part of its cache key."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from tfx.proto import example_gen_pb2


def packed(told: Mapping[str, Any]) -> example_gen_pb2.CustomConfig:
    """Returns values as the property `custom_config`.

    Args:
        told: Texts, numbers, truth values, and lists and dicts of these; all numbers become floats.
    """
    struct = struct_pb2.Struct()
    struct.update(told)
    config = example_gen_pb2.CustomConfig()
    config.custom_config.Pack(struct)
    return config


def unpacked(text: str) -> dict[str, Any]:
    """Returns what `packed` was given, from the JSON that TFX makes of it."""
    struct = struct_pb2.Struct()
    json_format.Parse(text, example_gen_pb2.CustomConfig()).custom_config.Unpack(struct)
    return json_format.MessageToDict(struct)
