"""How files of rows are read, as a property of the node, and so as part of its cache key."""

from tfx.proto import example_gen_pb2

from components.custom_config import packed, unpacked
from ingestion.columns import Reading
from ingestion.dialect import Dialect
from usecase.dates import DateText


def reading_config(reading: Reading) -> example_gen_pb2.CustomConfig:
    """Returns what an ExampleGen of ours is told."""
    return packed(
        {
            "source": reading.source,
            "delimiter": reading.dialect.delimiter,
            "missing": list(reading.dialect.missing),
            "types": dict(reading.types),
            "dates": {name: date._asdict() for name, date in reading.dates.items()},
        }
    )


def read_reading_config(config: str) -> Reading:
    """Reads what `reading_config` wrote, from the JSON that TFX makes of it."""
    told = unpacked(config)
    return Reading(
        source=told["source"],
        dialect=Dialect(told["delimiter"], tuple(told["missing"])),
        types=told["types"],
        dates={name: DateText(**date) for name, date in told["dates"].items()},
    )
