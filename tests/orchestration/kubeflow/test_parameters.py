"""What a run on a cluster may be told anew."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestration.kubeflow.parameters import Range, runtime_parameters
from tests.orchestration.kubeflow.use_cases import use_case, use_cases
from usecase.config import Data, Threshold
from usecase.loading import load_use_case

NAME = re.compile(r"[a-z][a-z0-9_]*")


def test_the_parameters_of_the_taxi_use_case():
    found = runtime_parameters(load_use_case("configs/taxi.yaml"))
    assert [(p.name, p.type, p.default) for p in found] == [
        ("data", "STRING", "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"),
        ("max_epochs", "NUMBER_INTEGER", 30),
        ("min_rows", "NUMBER_INTEGER", 100),
        ("min_label_share", "NUMBER_DOUBLE", 0.01),
        ("min_auc", "NUMBER_DOUBLE", 0.93),
        ("max_drop_auc", "NUMBER_DOUBLE", 0.01),
        ("max_loss", "NUMBER_DOUBLE", 0.3),
        ("min_calibration", "NUMBER_DOUBLE", 0.9),
        ("max_calibration", "NUMBER_DOUBLE", 1.1),
        ("min_auc_by_trip_start_hour", "NUMBER_DOUBLE", 0.85),
    ]
    assert {p.name: p.description for p in found if p.name in ("max_epochs", "max_drop_auc")} == {
        "max_epochs": "Most epochs of training, at least 1",
        "max_drop_auc": "How much worse than the last pushed model is allowed: auc, at least 0",
    }
    assert found[3].description == "Smallest share of the rarest class, from 0 to 1"
    assert found[-1].description == "Lowest value allowed: auc of each trip_start_hour"


def test_a_query_is_no_parameter():
    query = Data(query="SELECT 1", project="p", temp_location="gs://b/t")
    names = [p.name for p in runtime_parameters(use_case(data=query))]
    assert names == ["max_epochs", "min_rows", "min_label_share", "min_auc"]


@pytest.mark.parametrize(
    ("of_slice", "name"),
    [
        (None, "min_auc"),
        ("Trip Start.Hour", "min_auc_by_trip_start_hour"),
        ({"company": "Flash Cab", "hour": 7}, "min_auc_of_company_flash_cab_hour_7"),
        ({"city": "München"}, "min_auc_of_city_m_nchen"),
    ],
)
def test_names_say_metric_and_slice(of_slice, name):
    found = runtime_parameters(use_case(Threshold(metric="auc", slice=of_slice, min=0.5)))
    assert found[-1].name == name


def test_equal_names_are_numbered():
    of_slices = [{"city": "Ülm"}, {"city": "Älm"}, {"city": "lm_2"}]
    thresholds = [Threshold(metric="auc", slice=each, min=0.5) for each in of_slices]
    names = [p.name for p in runtime_parameters(use_case(*thresholds))]
    assert names[-3:] == ["min_auc_of_city_lm", "min_auc_of_city_lm_2", "min_auc_of_city_lm_2_2"]


@given(use_cases())
def test_names_are_valid_and_unique_and_defaults_the_configuration(one):
    found = runtime_parameters(one)
    names = [p.name for p in found]
    assert len(set(names)) == len(names)
    assert all(NAME.fullmatch(name) for name in names)
    assert all(p.set_in(one, p.default) == one for p in found)
    bounds = [getattr(t, b) for t in one.evaluation.thresholds for b in ("min", "max", "max_drop")]
    assert len(found) == 4 + sum(bound is not None for bound in bounds)


@given(use_cases(), st.data())
def test_another_value_changes_nothing_else(one, data):
    parameter = data.draw(st.sampled_from(runtime_parameters(one)))
    value = "other.csv" if parameter.type == "STRING" else 7
    changed = parameter.set_in(one, value)
    others = [(p.name, p.default) for p in runtime_parameters(one) if p.keys != parameter.keys]
    assert [
        (p.name, p.default) for p in runtime_parameters(changed) if p.keys != parameter.keys
    ] == others
    assert {p.keys: p.default for p in runtime_parameters(changed)}[parameter.keys] == value
    assert parameter.set_in(changed, parameter.default) == one


@settings(deadline=None)
@given(use_cases(), st.data())
def test_a_value_is_allowed_where_the_configuration_takes_it(one, data):
    parameter = data.draw(st.sampled_from([p for p in runtime_parameters(one) if p.name != "data"]))
    ends = [end for end in parameter.allowed if end is not None]
    near = [math.nextafter(end, towards) for end in ends for towards in (-9.0, 9.0)]
    if parameter.type == "NUMBER_INTEGER":
        value = data.draw(st.integers(-(10**6), 10**6) | st.sampled_from([-1, 0, 1]))
    else:
        value = data.draw(st.floats() | st.sampled_from([0.0, 1.0, *ends, *near]))
    *outer, field = parameter.keys
    section = one
    for key in outer:
        section = section[key] if isinstance(key, int) else getattr(section, key)
    try:
        # A threshold's ends are compared with each other as well, which is no range of one of them.
        alone = {"metric": "auc"} if isinstance(section, Threshold) else {}
        type(section).model_validate({**alone, field: value})
        taken = True
    except ValidationError:
        taken = False
    assert parameter.allowed.holds(value) == taken


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        (Range(), ""),
        (Range(1), "at least 1"),
        (Range(0.0, 1.0), "from 0 to 1"),
        (Range(most=0.5), "at most 0.5"),
    ],
)
def test_a_range_in_words(allowed, text):
    assert str(allowed) == text
