import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

import autoconfig
from tests.autoconfig.tables import ROWS, frame, schema_of, write

RANDOM = np.random.default_rng(1)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    table = frame(
        color=RANDOM.choice(["red", "green", "blue"], ROWS),
        code=RANDOM.choice(["01", "02", None], ROWS),
        kind=RANDOM.integers(1, 4, ROWS),
        flag=RANDOM.integers(0, 2, ROWS),
        agreed=RANDOM.choice(["ja", "nein"], ROWS),
        spoken=RANDOM.choice(["yes", "no"], ROWS),
        street=[f"{k % 40}. Street" for k in range(ROWS)],
        gaps=[1.5 + k if k % 4 else None for k in range(ROWS)],
        row_id=range(ROWS),
        day=[f"2024-0{1 + k % 9}-11" for k in range(ROWS)],
    )
    data = write(tmp_path_factory.mktemp("schema"), table)
    return {f.name: f for f in schema_of(autoconfig.infer(data, "label")).feature}


def test_every_column_is_there_in_its_order(features):
    assert list(features)[:3] == ["height", "weight", "label"]
    assert list(features)[-2:] == ["row_id", "day"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("height", "FLOAT"), ("kind", "INT"), ("code", "BYTES"), ("day", "INT"), ("gaps", "FLOAT")],
)
def test_types(features, name, kind):
    assert schema_pb2.FeatureType.Name(features[name].type) == kind


def test_what_is_left_out_is_disabled_and_unchecked(features):
    row_id = features["row_id"]
    assert row_id.lifecycle_stage == schema_pb2.DISABLED
    assert not row_id.HasField("presence")
    assert features["height"].lifecycle_stage == schema_pb2.UNKNOWN_STAGE


def test_presence_has_slack_where_values_are_missing_and_none_where_none_is(features):
    assert features["height"].presence.min_fraction == 1.0
    assert 0.3 < features["gaps"].presence.min_fraction < 0.6
    assert (features["gaps"].value_count.min, features["height"].value_count.min) == (0, 1)


def test_new_strings_may_come_but_not_many(features):
    color = features["color"]
    assert list(color.string_domain.value) == ["blue", "green", "red"]
    assert color.distribution_constraints.min_domain_mass == pytest.approx(0.9)
    assert not features["street"].HasField("string_domain")


def test_no_new_class_may_come(features):
    label = features["label"]
    assert list(label.string_domain.value) == ["ill", "well"]
    assert not label.HasField("distribution_constraints")


def test_integers_that_are_categories_say_so_and_may_be_new(features):
    assert features["kind"].int_domain.is_categorical
    assert not features["kind"].int_domain.HasField("max")
    assert (features["flag"].int_domain.min, features["flag"].int_domain.max) == (0, 1)


def test_words_of_truth_are_named(features):
    assert features["spoken"].bool_domain.true_value == "yes"
    assert features["spoken"].bool_domain.false_value == "no"
    assert not features["agreed"].HasField("bool_domain")


def test_every_column_of_the_model_is_compared_but_dates(features):
    compared = {n for n, f in features.items() if f.HasField("drift_comparator")}
    assert compared == {*features} - {"row_id", "day"}
    assert {n for n, f in features.items() if f.HasField("skew_comparator")} == compared - {"label"}
