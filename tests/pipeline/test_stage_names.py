"""What people call the nodes of a run, for each source."""

import subprocess
import sys
from typing import get_args

import pytest

from pipeline.stage_names import EXAMPLE_GENS, stage_names
from usecase.config import Source

STAGES = [
    *("ingest", "schema", "statistics", "validate", "data gate", "baseline", "transform", "train"),
    *("evaluate", "push"),
]


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ("csv", "CsvExampleGen"),
        ("tfrecord", "ImportExampleGen"),
        ("bigquery", "BigQueryExampleGen"),
    ],
)
def test_the_source_is_read_by_the_first_node(source, first):
    names = stage_names(source)
    assert list(names.values()) == STAGES
    assert next(iter(names)) == first


def test_every_source_has_a_node():
    assert set(EXAMPLE_GENS) == set(get_args(Source))
    rest = [dict(list(stage_names(source).items())[1:]) for source in EXAMPLE_GENS]
    assert rest[0] == rest[1] == rest[2]


def test_names_are_known_without_tfx():
    code = (
        "import sys; import pipeline.stage_names; print({'tfx', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
