"""What TFDV finds and no difference tells of is told in its own words; what is told is not."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from orchestration.local.schema_commands.anomalies import untold
from orchestration.local.schema_commands.comparison import compare
from orchestration.local.schema_commands.facts import column_facts
from usecase.labels import LabelSpec

LABEL = LabelSpec(name="y", task="regression", function="a.b", columns=())
STATISTICS = """
num_examples: 100
features {
  path { step: "x" }
  type: FLOAT
  num_stats {
    common_stats {
      num_non_missing: 90 num_missing: 10 tot_num_values: 90
      min_num_values: 1 max_num_values: 1 avg_num_values: 1
    }
    min: -1 max: 2 mean: 1
    histograms { num_nan: 3 buckets { low_value: -1 high_value: 2 sample_count: 87 } }
  }
}
features {
  path { step: "s" }
  type: STRING
  string_stats {
    common_stats {
      num_non_missing: 100 tot_num_values: 100
      min_num_values: 1 max_num_values: 1 avg_num_values: 1
    }
    unique: 2
    top_values { value: "a" frequency: 60 }
    top_values { value: "b" frequency: 40 }
    rank_histogram {
      buckets { low_rank: 0 high_rank: 0 label: "a" sample_count: 60 }
      buckets { low_rank: 1 high_rank: 1 label: "b" sample_count: 40 }
    }
  }
}
"""
TEXTS = 'feature { name: "s" type: BYTES }'
NUMBERS = 'feature { name: "x" type: FLOAT }'


def found(text, split="train"):
    """The differences of our own, and those of TFDV."""
    statistics = text_format.Parse(STATISTICS, statistics_pb2.DatasetFeatureStatistics())
    schema = text_format.Parse(text, schema_pb2.Schema())
    splits = {split: statistics, "test": statistics_pb2.DatasetFeatureStatistics()}
    told = compare(schema, column_facts(splits), LABEL)
    return told, untold(schema, splits, told)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NUMBERS + 'feature { name: "gone" presence { min_fraction: 1 } } ' + TEXTS,
        TEXTS + 'feature { name: "x" type: INT }',
        TEXTS + 'feature { name: "x" type: FLOAT presence { min_fraction: 1 } }',
        TEXTS + 'feature { name: "x" type: FLOAT float_domain { min: 0 max: 1 } }',
        TEXTS + 'feature { name: "x" type: FLOAT float_domain { disallow_nan: true } }',
        TEXTS + 'feature { name: "x" type: FLOAT bool_domain {} }',
        NUMBERS + 'feature { name: "s" type: BYTES string_domain { value: "a" } }',
        NUMBERS + 'feature { name: "s" type: BYTES bool_domain { true_value: "a" } }',
    ],
)
def test_every_anomaly_is_told_in_our_words(text):
    told, others = found(text)
    assert told
    assert others == []


@pytest.mark.parametrize(
    "text", [NUMBERS, 'feature { name: "x" type: FLOAT value_count { min: 1 } presence {} }']
)
def test_nothing_is_made_up(text):
    assert found(text + TEXTS) == ([], [])


def test_what_we_have_no_words_for():
    told, others = found(NUMBERS + 'feature { name: "s" type: BYTES presence { min_count: 200 } }')
    assert told == []
    (change,) = others
    assert (change.column, change.topic, change.mend) == ("s", "other", None)
    assert "200" in change.text
    assert change.text.endswith(" (train)")
    assert change.fix == "mend the data, or the schema by hand"


def test_anomalies_of_the_whole_data_set():
    _, (change,) = found(NUMBERS + TEXTS + "dataset_constraints { min_examples_count: 500 }")
    assert change.column == "all rows"
    assert change.text == "The dataset has 100 examples, which is fewer than expected (train)"
