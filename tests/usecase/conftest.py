"""A small use case, and ways to change one value of it."""

import copy

import pytest
import yaml
from google.protobuf import text_format

from usecase.checks import check_evaluation
from usecase.declaration import declare
from usecase.errors import ConfigError
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


def _parsed(text):
    from tensorflow_metadata.proto.v0 import schema_pb2

    return text_format.Parse(text, schema_pb2.Schema())


@pytest.fixture
def schema():
    return _parsed(SCHEMA)


@pytest.fixture
def put_column(schema):
    """Puts a column, `name: "x" type: INT`, into the schema, in place of one of its name."""

    def put_column(text):
        (column,) = _parsed(f"feature {{ {text} }}").feature
        same = [f for f in schema.feature if f.name == column.name]
        (same[0] if same else schema.feature.add()).CopyFrom(column)

    return put_column


@pytest.fixture
def compiled(changed, schema):
    """Compiles the small use case after {dotted path: value} were put into it."""
    return lambda changes=(): declare(changed(changes), schema)


@pytest.fixture
def declared(compiled):
    """The features of the changed use case, by name."""
    return lambda changes=(): {f.name: f for f in compiled(changes).features}


@pytest.fixture
def fault(changed, schema):
    """Checks a changed use case, as a plan does, and returns the error."""

    def fault(changes=()):
        use_case = changed(changes)
        with pytest.raises(ConfigError) as caught:
            (declare(use_case, schema), check_evaluation(use_case, schema))
        return caught.value

    return fault
