"""What people call the nodes of a run, for each source."""

import subprocess
import sys
from typing import get_args

import pytest

from pipeline.stage_names import EXAMPLE_GENS, PUSHERS, stage_names
from usecase.config import Source

STAGES = [
    *("ingest", "schema", "statistics", "validate", "drift baseline", "drift"),
    *("data gate", "baseline", "transform", "train", "evaluate", "serving gate", "push"),
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


@pytest.mark.parametrize("tune", [True, False])
def test_a_mobile_model_is_made_and_pushed_last(tune):
    names = stage_names("csv", tune=tune, mobile=True)
    assert list(names.items())[-4:] == [
        ("Pusher", "push"),
        ("TFLiteExporter", "export tflite"),
        ("TFLiteGate", "tflite gate"),
        ("MobilePusher", "push mobile"),
    ]
    assert dict(list(names.items())[:-3]) == stage_names("csv", tune=tune)


def test_without_a_comparison_its_nodes_are_gone():
    names = stage_names("csv", mobile=True, drift=False)
    every = stage_names("csv", mobile=True)
    assert {**every, **names} == every
    assert every.keys() - names.keys() == {"LatestPushedStatistics", "DistributionValidator"}


def test_spans_are_compared_behind_the_last_push():
    usual = list(stage_names("csv", mobile=True).items())
    place = usual.index(("DistributionValidator", "drift")) + 1
    added = ("SpanDistributionValidator", "span drift")
    expected = [*usual[:place], added, *usual[place:]]
    assert list(stage_names("csv", mobile=True, spans=True).items()) == expected


def test_each_destination_has_a_pusher():
    assert set(PUSHERS) == {"serving", "mobile"}
    assert set(PUSHERS.values()) <= set(stage_names("csv", mobile=True))


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
