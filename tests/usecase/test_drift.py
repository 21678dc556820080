"""Comparators: the defaults by type, what the schema says, and thresholds of small samples."""

import math

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tensorflow_metadata.proto.v0 import schema_pb2

from usecase.drift import Comparator, comparators, defaults, widened, written
from usecase.errors import ConfigError

TEXT = Comparator("infinity_norm", 0.1)
NUMBER = Comparator("jensen_shannon_divergence", 0.05)
DEFAULT = {
    "amount": NUMBER,
    "age": NUMBER,
    "city": TEXT,
    "code": NUMBER,
    "hour": NUMBER,
    "member": TEXT,
}
ROWS = st.integers(1, 10**6)


def test_each_column_is_compared_by_its_type(compiled, schema):
    assert comparators(schema, compiled()) == DEFAULT | {"clicked": NUMBER}
    assert defaults(compiled()) == DEFAULT | {"clicked": NUMBER}


def test_requests_hold_no_label(compiled, schema):
    assert comparators(schema, compiled(), "skew_comparator") == DEFAULT


def test_time_goes_on_without_being_drift(compiled, schema):
    found = comparators(schema, compiled({"features.hour": {"role": "datetime"}}))
    assert "hour" not in found
    assert found["age"] == NUMBER


def test_the_schema_has_its_own_way(compiled, schema, put_column):
    put_column(
        'name: "city" type: BYTES drift_comparator { infinity_norm { threshold: 0.3 } } '
        "skew_comparator { infinity_norm { threshold: 0.2 } }"
    )
    put_column('name: "age" type: INT drift_comparator {}')
    # No feature, and compared all the same.
    put_column(
        'name: "tips" type: FLOAT '
        "drift_comparator { jensen_shannon_divergence { threshold: 0.01 } }"
    )
    found = comparators(schema, compiled())
    assert found["city"] == TEXT._replace(threshold=0.3)
    assert found["tips"] == NUMBER._replace(threshold=0.01)
    assert "age" not in found
    of_requests = comparators(schema, compiled(), "skew_comparator")
    assert of_requests == DEFAULT | {"city": TEXT._replace(threshold=0.2)}


@pytest.mark.parametrize(
    ("kind", "measure", "fits"),
    [
        ("BYTES", "jensen_shannon_divergence", "infinity_norm"),
        ("INT", "infinity_norm", "jensen_shannon_divergence"),
        ("FLOAT", "normalized_abs_difference", "jensen_shannon_divergence"),
    ],
)
def test_a_measure_that_does_not_fit_the_type(compiled, schema, put_column, kind, measure, fits):
    declaration = compiled()
    put_column(f'name: "tips" type: {kind} drift_comparator {{ {measure} {{ threshold: 0.1 }} }}')
    with pytest.raises(ConfigError) as caught:
        comparators(schema, declaration)
    assert caught.value.what == (
        f'column "tips": drift_comparator {{ {measure} }} does not fit its type'
    )
    assert caught.value.expected.startswith(f"{fits}, or an empty drift_comparator")
    # What it proposes can be pasted.
    assert text_format.Parse(caught.value.fix, schema_pb2.Feature()).HasField("drift_comparator")


@pytest.mark.parametrize("comparator", ["", "infinity_norm { threshold: 0.1 }"])
def test_a_column_without_a_type_is_not_compared(compiled, schema, put_column, comparator):
    declaration = compiled()
    put_column(f'name: "tips" drift_comparator {{ {comparator} }}')
    if comparator:
        with pytest.raises(ConfigError, match='"tips" is to be compared, but has no type'):
            comparators(schema, declaration)
    else:
        assert "tips" not in comparators(schema, declaration)


def test_defaults_are_written_where_the_schema_says_nothing(schema, put_column, compiled):
    put_column('name: "age" type: INT drift_comparator {}')
    before = schema.SerializeToString(deterministic=True)
    made = written(schema, ["age", "city", "amount"], skew=["city"])
    assert schema.SerializeToString(deterministic=True) == before
    by_name = {feature.name: feature for feature in made.feature}
    assert by_name["city"].drift_comparator.infinity_norm.threshold == TEXT.threshold
    assert by_name["city"].skew_comparator.infinity_norm.threshold == TEXT.threshold
    amount = by_name["amount"]
    assert amount.drift_comparator.jensen_shannon_divergence.threshold == NUMBER.threshold
    assert not amount.HasField("skew_comparator")
    assert not by_name["age"].drift_comparator.ListFields()
    assert not by_name["hour"].HasField("drift_comparator")
    # What was written means what it meant before.
    assert comparators(made, compiled()) == comparators(schema, compiled())


def test_many_rows_need_no_wider_threshold():
    assert widened(TEXT, (12_000, 12_000), 50, 20) == TEXT
    assert widened(NUMBER, (12_000, 12_000), 11, 20) == NUMBER


def test_few_rows_widen_it_by_the_formula():
    chance = 0.001 / 10
    text = widened(TEXT, (160, 160), 7, 10)
    assert text.threshold == pytest.approx(math.sqrt(math.log(14 / chance) / 2 / 80))
    number = widened(NUMBER, (160, 160), 11, 10)
    exact = stats.chi2.isf(chance, 10) / 80 / (8 * math.log(2))
    assert number.threshold == pytest.approx(exact, rel=0.02)


def test_no_distance_is_above_what_a_handful_of_rows_are_held_to():
    assert widened(TEXT, (3, 12_000), 3, 1).threshold == 1.0
    assert widened(NUMBER, (0, 12_000), 3, 1).threshold == 1.0


@given(st.sampled_from([TEXT, NUMBER]), ROWS, ROWS, st.integers(1, 1000), st.integers(1, 500))
def test_widening_never_narrows_and_fewer_rows_never_help(comparator, n, m, cells, columns):
    made = widened(comparator, (n, m), cells, columns).threshold
    assert comparator.threshold <= made <= 1.0
    assert made <= widened(comparator, (max(n // 2, 1), m), cells, columns).threshold
    assert made == pytest.approx(widened(comparator, (m, n), cells, columns).threshold)
