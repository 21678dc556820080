"""Where runtime parameters end up: what is put there is what a build with it would hold."""

import json

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from components.settings import DataGateSettings
from orchestration.kubeflow.parameters import Range, runtime_parameters
from orchestration.kubeflow.runtime_places import (
    Place,
    apply,
    find_places,
    from_argument,
    to_argument,
)
from orchestration.plan import make_plan
from pipeline.evaluation import eval_config
from pipeline.graph import create_nodes
from pipeline.places import Places
from tests.orchestration.kubeflow.use_cases import use_case, use_cases
from usecase.config import Threshold
from usecase.errors import UserError
from usecase.labels import LabelSpec

PATHS = st.tuples(st.text(min_size=1), st.lists(st.text() | st.integers(0, 99))).map(
    lambda both: (both[0], *both[1])
)
ENDS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)
RANGES = st.builds(Range, ENDS, ENDS)
PLACES = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
    st.lists(st.builds(Place, PATHS, st.booleans(), RANGES), min_size=1, unique=True).map(tuple),
)


@pytest.fixture(scope="module")
def taxi():
    return make_plan("configs/taxi.yaml")


@pytest.fixture(scope="module")
def properties_of(taxi):
    places = Places("/d/*.csv", "s.pbtxt", "", "/c", "/serving", "/mobile", -1)

    def build(one):
        nodes = create_nodes(one, taxi.declaration, places, mobile=True, tune=True)
        return {node.id: dict(node.exec_properties) for node in nodes}

    return build


def small_graph(one):
    """Values as the real graph holds them: in JSON, in JSON in JSON, and plain."""
    label = LabelSpec(name="tip", task="binary", function=None, columns=())
    config = json_format.MessageToJson(eval_config(one, label))
    gate = one.data_gate.model_dump_json()
    return {
        "Gate": {"settings": json.dumps({"thresholds": json.loads(gate), "name": one.name})},
        "Judge": {"eval_config": config, "splits": '["test"]', "epochs": one.training.max_epochs},
        "Phone": {"settings": json.dumps({"eval_config": config})},
        "Other": {"text": "{not JSON", "number": 7},
    }


def test_places_in_the_real_graph(taxi, properties_of):
    found = find_places(taxi.use_case, runtime_parameters(taxi.use_case), properties_of)
    assert {node: sorted(places) for node, places in found.items()} == {
        "DataGate": ["min_label_share", "min_rows"],
        "Tuner": ["max_epochs"],
        "Trainer": ["max_epochs"],
        "Evaluator": [
            "max_calibration",
            "max_drop_auc",
            "max_loss",
            "min_auc",
            "min_auc_by_trip_start_hour",
            "min_calibration",
        ],
    }
    (drop,) = found["Evaluator"]["max_drop_auc"]
    assert drop.negated
    assert drop.path[0] == "eval_config"
    assert found["Trainer"]["max_epochs"] == (
        Place(("custom_config", "settings", "training", "max_epochs"), allowed=Range(1)),
    )


def test_a_phone_that_is_held_to_the_thresholds_too_has_its_copies(taxi, properties_of):
    evaluated = taxi.use_case.mobile.model_copy(update={"evaluate": True})
    one = taxi.use_case.model_copy(update={"mobile": evaluated})
    found = find_places(one, runtime_parameters(one), properties_of)
    assert sorted(found["TFLiteGate"]) == sorted(found["Evaluator"])
    (place,) = found["TFLiteGate"]["min_auc"]
    assert place.path[:2] == ("settings", "eval_config")


def test_the_real_graph_with_other_values(taxi, properties_of):
    parameters = runtime_parameters(taxi.use_case)
    found = find_places(taxi.use_case, parameters, properties_of)
    values = {p.name: 5 if p.type == "NUMBER_INTEGER" else 0.25 for p in parameters[1:]}
    changed = taxi.use_case
    for parameter in parameters[1:]:
        changed = parameter.set_in(changed, values[parameter.name])
    wanted = properties_of(changed)
    given_ones = properties_of(taxi.use_case)
    for node, properties in given_ones.items():
        assert trees(apply(properties, found.get(node, {}), values)) == trees(wanted[node])
    assert trees(given_ones["Evaluator"]) != trees(wanted["Evaluator"])
    gate = apply(given_ones["DataGate"], found["DataGate"], values)["settings"]
    assert DataGateSettings.model_validate_json(gate).thresholds.min_rows == 5


@settings(deadline=None)
@given(use_cases(), st.data())
def test_what_is_put_there_is_what_a_build_would_hold(one, data):
    parameters = [p for p in runtime_parameters(one) if p.name != "data"]
    found = find_places(one, parameters, small_graph)
    numbers = st.integers(1, 10**6)
    values = {
        p.name: data.draw(numbers if p.type == "NUMBER_INTEGER" else st.floats(*_within(p.allowed)))
        for p in data.draw(st.lists(st.sampled_from(parameters), unique=True))
    }
    changed = one
    for parameter in parameters:
        if parameter.name in values:
            changed = parameter.set_in(changed, values[parameter.name])
    wanted = small_graph(changed)
    for node, properties in small_graph(one).items():
        places = from_argument(to_argument(found.get(node, {})))
        assert trees(apply(properties, places, values)) == trees(wanted[node])


@given(PLACES)
def test_places_survive_as_an_argument(places):
    text = to_argument(places)
    assert {k: sorted(v, key=repr) for k, v in from_argument(text).items()} == {
        k: sorted(v, key=repr) for k, v in places.items()
    }
    assert to_argument(from_argument(text)) == text


def test_an_argument_of_real_places_holds_no_braces(taxi, properties_of):
    found = find_places(taxi.use_case, runtime_parameters(taxi.use_case), properties_of)
    for places in found.values():
        assert "{" not in to_argument(places)
    drop = Place(("y",), negated=True, allowed=Range(0.0))
    assert to_argument({"b": (Place(("x", 0)),), "a": (drop,)}) == (
        '[["a",1,0.0,null,"y"],["b",0,null,null,"x",0]]'
    )


@pytest.mark.parametrize("given_value", [40, 40.0])
def test_a_whole_number_stays_one(given_value):
    properties = {"settings": '{"training": {"max_epochs": 30, "seed": 42}}'}
    places = {"max_epochs": (Place(("settings", "training", "max_epochs")),)}
    changed = apply(properties, places, {"max_epochs": given_value})
    assert changed == {"settings": '{"training": {"max_epochs": 40, "seed": 42}}'}
    assert properties == {"settings": '{"training": {"max_epochs": 30, "seed": 42}}'}


def test_a_fraction_where_a_whole_number_belongs():
    places = {"min_rows": (Place(("rows",)),)}
    with pytest.raises(UserError, match=r"min_rows is 1\.5\n  expected: a whole number"):
        apply({"rows": 100}, places, {"min_rows": 1.5})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_epochs", 0, "at least 1"),
        ("max_epochs", -3.0, "at least 1"),
        ("min_rows", 0, "at least 1"),
        ("min_label_share", 2, "from 0 to 1"),
        ("min_label_share", -0.001, "from 0 to 1"),
        ("min_label_share", float("nan"), "from 0 to 1"),
        ("max_drop_auc", -0.01, "at least 0"),
        ("min_auc", float("inf"), "a number"),
    ],
)
def test_a_value_that_the_configuration_would_refuse(name, value, expected):
    one = use_case(Threshold(metric="auc", min=0.5, max_drop=0.1))
    found = find_places(one, runtime_parameters(one), small_graph)
    takers = [node for node, places in found.items() if name in places]
    assert takers
    for node in takers:
        places = from_argument(to_argument(found[node]))
        with pytest.raises(UserError) as caught:
            apply(small_graph(one)[node], places, {name: value})
        assert caught.value.what == f"runtime parameter {name} is {value}"
        assert caught.value.expected == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_epochs", 1), ("min_label_share", 0), ("min_label_share", 1.0), ("max_drop_auc", 0.0)],
)
def test_the_ends_of_a_range_are_in_it(name, value):
    one = use_case(Threshold(metric="auc", min=0.5, max_drop=0.1))
    found = find_places(one, runtime_parameters(one), small_graph)
    for node, places in found.items():
        apply(small_graph(one)[node], from_argument(to_argument(places)), {name: value})


def test_a_value_that_is_not_told_stays():
    places = {"min_rows": (Place(("rows",)),)}
    assert apply({"rows": 100}, places, {"max_epochs": 3}) == {"rows": 100}


def test_a_value_that_ends_up_as_another_is_refused():
    one = use_case(Threshold(metric="auc", min=0.5))
    parameters = runtime_parameters(one)

    def doubled(of):
        return {"Node": {"rows": 2 * of.data_gate.min_rows}}

    with pytest.raises(ValueError, match="Node: no runtime parameter explains"):
        find_places(one, parameters, doubled)


def _within(allowed):
    """The ends of numbers to draw from."""
    least, most = allowed
    return -9.0 if least is None else least, 9.0 if most is None else most


def trees(value):
    """Properties as trees, with those in strings."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return trees(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: trees(below) for key, below in value.items()}
    if isinstance(value, list):
        return [trees(below) for below in value]
    return value
