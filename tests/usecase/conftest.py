"""A small use case, and ways to change one value of it."""

import copy

import pytest
import yaml
from google.protobuf import text_format

from usecase.loading import parse_use_case

CONFIG = {
    "name": "clicks",
    "data": {"path": "clicks.csv"},
    "schema": "schema/clicks/schema.pbtxt",
    "label": {"name": "clicked"},
    "features": {
        "amount": {"role": "bucketized", "buckets": 4},
        "age": "numeric",
        "city": {"role": "categorical_string", "max_vocabulary": 9, "min_count": 2},
        "code": "categorical_integer",
        "hour": "categorical_integer",
        "member": "boolean",
    },
    "evaluation": {
        "slices": ["city", "hour"],
        "thresholds": [
            {"metric": "auc", "min": 0.7, "max_drop": 0.01},
            {"metric": "auc", "slice": {"hour": 7}, "min": 0.6},
        ],
    },
}

SCHEMA = """
feature { name: "amount" type: FLOAT presence { min_fraction: 1.0 } float_domain { min: 0 } }
feature { name: "age" type: INT presence { min_fraction: 0.5 } int_domain { min: 0 max: 120 } }
feature { name: "city" type: BYTES presence { min_fraction: 1.0 } }
feature { name: "code" type: INT presence { min_fraction: 1.0 } }
feature { name: "hour" type: INT presence { min_fraction: 1.0 } int_domain { min: 0 max: 23 } }
feature { name: "member" type: BYTES }
feature { name: "clicked" type: INT presence { min_fraction: 1.0 } }
feature { name: "tips" type: FLOAT presence { min_fraction: 1.0 } }
feature { name: "untyped" }
"""


def put(config, path, value):
    """Sets the value at a dotted path; `...` removes it."""
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in parents:
        config = config[key] if isinstance(config, list) else config.setdefault(key, {})
    if value is ...:
        del config[last]
    elif isinstance(config, list) and last == len(config):
        config.append(value)
    else:
        config[last] = value


def changed_text(changes):
    config = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        put(config, path, value)
    return yaml.safe_dump(config, sort_keys=False)


@pytest.fixture(scope="session")
def changed():
    """Parses the small use case after {dotted path: value} were put into it."""
    return lambda changes=(): parse_use_case(changed_text(dict(changes)))


@pytest.fixture
def schema():
    from tensorflow_metadata.proto.v0 import schema_pb2

    return text_format.Parse(SCHEMA, schema_pb2.Schema())
