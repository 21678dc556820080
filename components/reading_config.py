"""How files of rows are read, as a property of the node, and so as part of its cache key."""

from google.protobuf import json_format, struct_pb2
from tfx.proto import example_gen_pb2

from ingestion.columns import Reading
from ingestion.dialect import Dialect
from usecase.dates import DateText


def reading_config(reading: Reading) -> example_gen_pb2.CustomConfig:
    """Returns what an ExampleGen of ours is told."""
    struct = struct_pb2.Struct()
    struct.update(
        {
            "source": reading.source,
            "delimiter": reading.dialect.delimiter,
            "missing": list(reading.dialect.missing),
            "types": dict(reading.types),
            "dates": {name: date._asdict() for name, date in reading.dates.items()},
        }
    )
    config = example_gen_pb2.CustomConfig()
    config.custom_config.Pack(struct)
    return config


def read_reading_config(config: str) -> Reading:
    """Reads what `reading_config` wrote, from the JSON that TFX makes of it."""
    struct = struct_pb2.Struct()
    json_format.Parse(config, example_gen_pb2.CustomConfig()).custom_config.Unpack(struct)
    told = json_format.MessageToDict(struct)
    return Reading(
        source=told["source"],
        dialect=Dialect(told["delimiter"], tuple(told["missing"])),
        types=told["types"],
        dates={name: DateText(**date) for name, date in told["dates"].items()},
    )
