"""What a run on a cluster may be told anew."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.parameters import runtime_parameters
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
