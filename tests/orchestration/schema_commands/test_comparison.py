"""Differences between hand-made schemas and statistics: the texts, and what taking them writes."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from orchestration.local.schema_commands.comparison import compare
from orchestration.local.schema_commands.differences import mended
from orchestration.local.schema_commands.facts import column_facts
from usecase.labels import LabelSpec
from usecase.schema import Column

LABEL = Column(name="label", dtype="string", values=("no", "yes"))
STATES = LabelSpec(
    name="label", task="binary", function=None, columns=(LABEL,), classes=("no", "yes")
)


def schema_of(text):
    return text_format.Parse(text, schema_pb2.Schema())


def strings(name, counts, *, rows=100, unique=None):
    """Statistics of a column of strings, one value a row at most."""
    feature = statistics_pb2.FeatureNameStatistics(type="STRING")
    feature.path.step.append(name)
    held = feature.string_stats
    held.unique = len(counts) if unique is None else unique
    for value, count in counts.items():
        held.rank_histogram.buckets.add(label=value, sample_count=count)
    return counted(feature, held.common_stats, sum(counts.values()), rows)


def numbers(name, low, high, *, kind="INT", values=100, rows=100, nans=0):
    """Statistics of a column of numbers, one value a row at most."""
    feature = statistics_pb2.FeatureNameStatistics(type=kind)
    feature.path.step.append(name)
    held = feature.num_stats
    held.min, held.max = low, high
    held.histograms.add(num_nan=nans)
    return counted(feature, held.common_stats, values, rows)


def counted(feature, common, values, rows):
    common.num_non_missing, common.num_missing = values, rows - values
    common.tot_num_values = values
    common.min_num_values = common.max_num_values = 1
    return feature


def found(schema, *features, rows=100, label=STATES, **more_splits):
    splits = {"train": features, **more_splits}
    statistics = {
        split: statistics_pb2.DatasetFeatureStatistics(num_examples=rows, features=held)
        for split, held in splits.items()
    }
    return compare(schema_of(schema), column_facts(statistics), label)


def one(schema, *features, **options):
    (change,) = found(schema, *features, **options)
    return change


def line(change):
    return f"{change.column}: {change.text} — {change.fix}"


def taken(schema, change):
    """What the first column says once the difference is taken."""
    return mended(schema_of(schema), (change,)).feature[0]


AGE = (
    'feature { name: "age" type: INT value_count { min: 1 max: 1 } presence { min_fraction: 1 } '
    "int_domain { min: 0 max: 120 } }"
)
CITY = 'feature { name: "city" type: BYTES string_domain { value: "Köln" value: "Paris" } }'
ANSWER = 'feature { name: "label" type: BYTES string_domain { value: "no" value: "yes" } }'


@pytest.mark.parametrize(
    ("schema", "features"),
    [
        (AGE, [numbers("age", 0, 120)]),
        (CITY, [strings("city", {"Köln": 99, "Paris": 1})]),
        (CITY, [strings("city", {"Köln": 1})]),  # every row may miss it
        (ANSWER, [strings("label", {"no": 50, "yes": 50})]),
        ('feature { name: "old" lifecycle_stage: DEPRECATED }', []),
        ('feature { name: "x" type: FLOAT }', [numbers("x", -1e9, 1e9, kind="FLOAT", nans=3)]),
        ('feature { name: "x" type: INT }', [strings("x", {})]),  # no value, so no type
    ],
)
def test_no_difference(schema, features):
    assert found(schema, *features) == []


def test_a_new_column():
    change = one(AGE, numbers("age", 1, 2), numbers("size", 1, 2, kind="FLOAT"))
    assert line(change) == "size: new column: float — schema update takes it"
    (_, new) = mended(schema_of(AGE), (change,)).feature
    assert (
        new
        == schema_of(
            'feature { name: "size" type: FLOAT value_count { min: 1 max: 1 } '
            "presence { min_fraction: 1 } }"
        ).feature[0]
    )


def test_a_new_column_with_missing_values():
    change = one("", strings("note", {"a": 1, "b": 32}))
    assert change.text == "new column: string, a value in 33.0% of rows"
    new = taken("", change)
    assert (new.value_count.min, new.presence.min_fraction) == (0, 0.33)


def test_a_new_column_without_values():
    assert one("", strings("note", {})).text == "new column: no value at all"


def test_a_gone_column():
    change = one(AGE + CITY, strings("city", {"Köln": 100}))
    assert line(change) == "age: gone: the data have no such column — schema update takes it"
    assert [f.name for f in mended(schema_of(AGE + CITY), (change,)).feature] == ["city"]


def test_another_type():
    schema = AGE.replace("int_domain", "drift_comparator { infinity_norm {} } int_domain")
    change = one(schema, strings("age", {"old": 100}))
    assert line(change) == (
        "age: type changed: int in the schema, string in the data — schema update takes it "
        "(caution: clients and the model must agree on another type)"
    )
    feature = taken(schema, change)
    assert feature.type == schema_pb2.BYTES
    assert feature.WhichOneof("domain_info") is None
    assert feature.HasField("drift_comparator")


def test_a_comparator_that_does_not_fit_the_new_type_goes():
    schema = CITY.replace("string_domain", "skew_comparator { infinity_norm {} } string_domain")
    feature = taken(schema, one(schema, numbers("city", 1, 2)))
    assert not feature.HasField("skew_comparator")


def test_the_widest_type_of_all_splits_counts():
    change = one(AGE, numbers("age", 1, 2), eval=[numbers("age", 0.5, 2, kind="FLOAT")])
    assert change.text == "type changed: int in the schema, float in the data"


def test_values_that_are_missing():
    change = one(AGE, numbers("age", 1, 2, values=97))
    assert line(change) == (
        "age: no value in 3 of 100 rows of train; every row must have one — schema update takes it"
    )
    feature = taken(AGE, change)
    assert (feature.value_count.min, feature.presence.min_fraction) == (0, 0.97)


def test_the_emptiest_split_counts():
    schema = 'feature { name: "city" type: BYTES presence { min_fraction: 0.5 } }'
    full, empty = strings("city", {"Köln": 100}), strings("city", {"Köln": 49})
    change = one(schema, full, test=[empty])
    assert change.text == "no value in 51 of 100 rows of test; 50% of rows must have one"
    assert taken(schema, change).presence.min_fraction == 0.49


def test_empty_lists_are_missing_where_a_row_must_have_a_value():
    schema = 'feature { name: "city" type: BYTES value_count { min: 1 max: 1 } }'
    absent = strings("city", {"Köln": 90})
    assert found(schema, absent) == []  # what a row has not need not have a value
    empty = strings("city", {"Köln": 90})
    common = empty.string_stats.common_stats
    common.num_non_missing, common.num_missing, common.min_num_values = 100, 0, 0
    change = one(schema, empty)
    assert change.text == "no value in 10 of 100 rows of train; every row must have one"
    assert taken(schema, change).value_count.min == 0


def test_a_split_without_the_column_has_no_value_of_it():
    change = one(AGE, numbers("age", 1, 2), test=[])
    assert change.text == "no value in 100 of 100 rows of test; every row must have one"


def test_a_label_without_values_is_for_the_data_to_mend():
    schema = ANSWER.replace("type", "presence { min_fraction: 1 } type")
    change = one(schema, strings("label", {"no": 50, "yes": 49}))
    assert (change.mend, change.fix) == (
        None,
        "mend the data: the data gate takes no row without a label",
    )


def test_new_values_of_a_domain():
    counts = {"Köln": 90, "Rom": 2, "Oslo": 3, 'a "b"': 1}
    change = one(CITY, strings("city", counts), eval=[strings("city", {"Rom": 100})])
    assert line(change) == (
        'city: 3 new values: "Rom" (102 of 196 values), "Oslo" (3), "a \\"b\\"" (1) — '
        "schema update takes it"
    )
    assert taken(CITY, change).string_domain.value == ["Köln", "Paris", "Rom", "Oslo", 'a "b"']


def test_many_new_values_are_cut():
    counts = {f"city {number}": 10 for number in range(7)} | {"x" * 99: 1}
    text = one(CITY, strings("city", counts)).text
    assert text.startswith('8 new values: "city 0" (10 of 71 values), "city 1" (10), ')
    assert text.endswith('"city 4" (10), and 3 more')


def test_a_domain_that_columns_share():
    schema = 'feature { name: "a" type: BYTES domain: "d" } string_domain { name: "d" value: "x" } '
    change = one(schema, strings("a", {"y": 100}))
    assert mended(schema_of(schema), (change,)).string_domain[0].value == ["x", "y"]


@pytest.mark.parametrize(("others", "differ"), [(1, 0), (2, 1)])
def test_as_many_other_values_as_the_schema_lets_pass(others, differ):
    schema = CITY.replace("} }", "} distribution_constraints { min_domain_mass: 0.99 } }")
    counts = {"Köln": 100 - others, "Rom": others}
    assert len(found(schema, strings("city", counts))) == differ


def test_values_that_no_domain_can_hold():
    change = one(CITY, strings("city", {"Rom": 50}, unique=5000))
    assert change.fix == "mend the data, or take the domain out of the schema by hand"
    change = one(CITY, strings("city", {"__BYTES_VALUE__": 50}))
    assert change.fix == "mend the data: write text in UTF-8, of 1 kB at most"


def test_a_new_class_of_the_label_is_dangerous():
    change = one(ANSWER, strings("label", {"no": 50, "yes": 49, "maybe": 1}))
    assert line(change) == (
        'label: 1 new value: "maybe" (1 of 100 values) — schema update takes it '
        "(caution: the label has other classes then, and so has the model)"
    )


def test_a_class_that_no_row_has():
    change = one(ANSWER, strings("label", {"no": 100}))
    assert line(change) == (
        'label: no row of the class "yes" — mend the data, or take the class out of the schema '
        "by hand"
    )


def test_integer_classes():
    column = Column(name="label", dtype="int64", lowest=0, highest=2)
    label = LabelSpec(
        name="label", task="multiclass", function=None, columns=(column,), classes=(0, 1, 2)
    )
    schema = 'feature { name: "label" type: INT int_domain { min: 0 max: 2 } }'
    assert found(schema, numbers("label", 0, 2), label=label) == []
    unseen = one(schema, numbers("label", 0, 1), label=label)
    assert unseen.text == 'no row of the class "2"'
    more = one(schema, numbers("label", 0, 3), label=label)
    assert more.danger == "the label has other classes then, and so has the model"
    assert taken(schema, more).int_domain.max == 3


def test_numbers_out_of_range():
    change = one(AGE, numbers("age", -3, 17_999_999_999))
    assert line(change) == (
        "age: out of range: lowest −3, the schema's minimum is 0; highest 17,999,999,999, the "
        "schema's maximum is 120 — schema update takes it"
    )
    domain = taken(AGE, change).int_domain
    assert (domain.min, domain.max) == (-3, 17_999_999_999)


def test_numbers_that_nearly_fit_are_told_apart():
    schema = 'feature { name: "x" type: FLOAT float_domain { max: 42 } }'
    change = one(schema, numbers("x", 0, 42.0004, kind="FLOAT"))
    assert change.text == "out of range: highest 42.0004, the schema's maximum is 42.0000"


def test_what_is_no_number_is_for_the_data_to_mend():
    schema = 'feature { name: "x" type: FLOAT float_domain { max: 1 disallow_nan: true } }'
    nan, infinite = found(schema, numbers("x", 0, float("inf"), kind="FLOAT", nans=2))
    assert line(nan) == "x: NaN in 2 of 100 values — mend the data"
    assert line(infinite) == (
        "x: out of range: highest inf, the schema's maximum is 1 — mend the data"
    )


def test_booleans():
    schema = 'feature {{ name: "b" type: {} bool_domain {{ {} }} }}'
    words = schema.format("BYTES", 'true_value: "yes" false_value: "no"')
    assert found(words, strings("b", {"yes": 1, "no": 99})) == []
    assert one(words, strings("b", {"yes": 99, "ja": 1})).text == (
        'neither "no" nor "yes": "ja" (1 of 100 values)'
    )
    assert line(one(schema.format("INT", ""), numbers("b", 0, 2))) == (
        "b: neither 0 nor 1: from 0 to 2 — mend the data, or change the bool_domain by hand"
    )


def test_several_values_in_a_row():
    several = numbers("age", 1, 2)
    several.num_stats.common_stats.max_num_values = 3
    assert line(one(AGE, several)) == "age: up to 3 values in a row, not 1 — mend the data"


def test_splits_without_rows_do_not_count():
    empty = statistics_pb2.DatasetFeatureStatistics()
    full = statistics_pb2.DatasetFeatureStatistics(
        num_examples=100, features=[numbers("age", 1, 2)]
    )
    facts = column_facts({"train": full, "test": empty})
    assert compare(schema_of(AGE), facts, STATES) == []
