"""What the data gate says of labels, by task."""

import math

import pytest

from tests.components.data_world import BIG_TIP, QUARTER, World, declared, failed, result

SIZES = ("small", "large", "medium")
SIZE = declared("multiclass", ("size", "string"), name="size", classes=SIZES)
STARS = declared("multiclass", ("stars", "int64"), name="stars", classes=(3, 4, 5))
ANSWER = declared("binary", ("answer", "string"), name="answer", classes=("no", "yes"))
KIND = declared("binary", ("kind", "int64"), name="kind", classes=(2, 1))
PRICE = declared("regression", ("price", "float32"), name="price")
COUNT = declared("regression", ("count", "int64"), name="count")
TIP = declared(
    "regression",
    ("tips", "float32"),
    ("fare", "float32"),
    name="tip",
    function="models.taxi.big_tip",
)
EVERY = [BIG_TIP, SIZE, STARS, ANSWER, KIND, PRICE, COUNT]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def judged(world):
    """Judges rows whose label has these values, the same in each split."""

    def judged(declaration, *values, **thresholds):
        (column, *_) = declaration.label.columns
        for split in ("train", "eval", "test"):
            world.examples(split, [{column.name: value} for value in values])
        return world.verdict(declaration, **thresholds)

    return judged


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("least", [0.0, 0.01])
def test_a_constant_label_never_passes(world, label, least):
    for split in ("train", "eval", "test"):
        world.examples(split, [{"clicked": label}] * 20)
    verdict = world.verdict(min_label_share=least)
    assert failed(verdict) == {("label_share", ""): 0}
    assert result(verdict, "label_share").detail == 'the label "clicked" is the same in every row'


@pytest.mark.parametrize("rare", [0, 1])
@pytest.mark.parametrize(("least", "passed"), [(0.25, True), (0.2501, False)])
def test_the_share_of_the_rarer_label(world, rare, least, passed):
    for split in ("train", "eval", "test"):
        world.examples(split, [{"clicked": abs(label - 1 + rare)} for label in 5 * QUARTER])
    verdict = world.verdict(min_label_share=least)
    assert failed(verdict) == ({} if passed else {("label_share", ""): 0.25})


def test_labels_that_are_neither_0_nor_1_or_missing(world):
    spoilt = [{"clicked": 2}, {"clicked": -1}, {"clicked": None}]
    world.examples("train", [{"clicked": label} for label in 5 * QUARTER] + spoilt)
    verdict = world.verdict()
    assert failed(verdict) == {("labels_unusable", ""): 3}
    text = 'rows whose label "clicked" is missing or neither 0 nor 1'
    assert result(verdict, "labels_unusable").detail == text
    # Of the usable ones, a quarter is still positive.
    assert result(verdict, "label_share").value == 0.25


@pytest.mark.parametrize("value", [1.0, b"yes"])
def test_a_label_of_another_type_than_the_schema(world, value):
    world.examples("eval", [{"clicked": value}])
    verdict = world.verdict()
    assert failed(verdict) == {("labels_unusable", ""): None}
    assert '"clicked" cannot be read' in result(verdict, "labels_unusable").detail
    assert result(verdict, "rows", "split=train").passed


def test_a_label_may_be_computed(world):
    trips = [(3.0, 10.0), (2.0, 10.0), (0.0, 10.0), (None, 10.0), (3.0, None)]
    for split in ("train", "eval", "test"):
        world.examples(split, [{"tips": tips, "fare": fare} for tips, fare in trips])
    verdict = world.verdict(BIG_TIP)
    assert failed(verdict) == {("labels_unusable", ""): 6}
    assert result(verdict, "label_share").value == pytest.approx(1 / 3)


def test_a_gate_of_each_task_has_a_condition_of_its_own(judged):
    of_label = {
        declaration.label.name: [
            r.metric for r in judged(declaration, *values).results if r.metric.startswith("label")
        ]
        for declaration, values in [
            (ANSWER, [b"no", b"yes"]),
            (SIZE, [size.encode() for size in SIZES]),
            (PRICE, [1.0, 2.0]),
        ]
    }
    assert of_label == {
        "answer": ["labels_unusable", "label_share"],
        "size": ["labels_unusable", "label_share"],
        "price": ["labels_unusable", "label_values"],
    }


@pytest.mark.parametrize(
    ("declaration", "values", "share"),
    [
        (ANSWER, [b"yes", b"no", b"no", b"no"], 0.25),
        (ANSWER, [b"yes", b"yes", b"yes", b"no"], 0.25),
        (KIND, [1, 1, 2, 1, 1], 0.2),
        (SIZE, [b"small"] * 5 + [b"large"] * 3 + [b"medium"] * 2, 0.2),
        (SIZE, [b"small"] * 1 + [b"large"] * 4 + [b"medium"] * 5, 0.1),
        (STARS, [3, 4, 4, 5, 5], 0.2),
    ],
)
def test_the_share_of_the_rarest_class(judged, declaration, values, share):
    verdict = judged(declaration, *values, min_label_share=share)
    assert verdict.passed
    assert result(verdict, "label_share").value == pytest.approx(share)
    refused = judged(declaration, *values, min_label_share=share + 1e-6)
    assert failed(refused) == {("label_share", ""): pytest.approx(share)}
    assert result(refused, "label_share").detail == ""


@pytest.mark.parametrize(
    ("declaration", "values", "absent"),
    [
        (SIZE, [b"small", b"medium"], "'large'"),
        (SIZE, [b"large", b"medium", b"large"], "'small'"),
        (STARS, [3, 4], "5"),
        (STARS, [3, 5], "4"),
    ],
)
@pytest.mark.parametrize("least", [0.0, 0.01])
def test_a_class_that_no_row_has_is_named(judged, declaration, values, absent, least):
    verdict = judged(declaration, *values, min_label_share=least)
    assert failed(verdict) == {("label_share", ""): 0}
    name = declaration.label.name
    assert result(verdict, "label_share").detail == f'no row has the label "{name}" {absent}'


@pytest.mark.parametrize(
    ("declaration", "value"), [(ANSWER, b"yes"), (KIND, 2), (SIZE, b"large"), (STARS, 5)]
)
def test_a_single_class_is_nothing_to_learn(judged, declaration, value):
    verdict = judged(declaration, value, value, min_label_share=0.0)
    assert failed(verdict) == {("label_share", ""): 0}
    name = declaration.label.name
    assert result(verdict, "label_share").detail == f'the label "{name}" is the same in every row'


@pytest.mark.parametrize(
    ("declaration", "values", "unusable", "why"),
    [
        (ANSWER, [b"yes", b"no", b"Yes", b"", None], 9, "none of its 2 classes"),
        # 0 and 1 are ids, not classes.
        (KIND, [1, 2, 0, 3, None], 9, "none of its 2 classes"),
        (SIZE, [*(s.encode() for s in SIZES), b"huge", b"Small"], 6, "none of its 3 classes"),
        (STARS, [3, 4, 5, 0, 6, -1], 9, "none of its 3 classes"),
        (PRICE, [1.0, 2.0, math.nan, math.inf, -math.inf, None], 12, "no finite number"),
        (COUNT, [1, 2, None, None], 6, "no finite number"),
    ],
)
def test_labels_that_nothing_can_be_learned_of(judged, declaration, values, unusable, why):
    verdict = judged(declaration, *values)
    assert failed(verdict) == {("labels_unusable", ""): unusable}
    text = f'rows whose label "{declaration.label.name}" is missing or {why}'
    assert result(verdict, "labels_unusable").detail == text


@pytest.mark.parametrize(
    ("declaration", "values"),
    [(PRICE, [7.5] * 4), (COUNT, [-3, -3, -3]), (PRICE, [0.0, -0.0]), (PRICE, [3e38, 3e38])],
)
def test_a_number_that_is_always_the_same_is_nothing_to_learn(judged, declaration, values):
    verdict = judged(declaration, *values)
    assert failed(verdict) == {("label_values", ""): 1}
    name = declaration.label.name
    assert result(verdict, "label_values").detail == f'the label "{name}" is the same in every row'


@pytest.mark.parametrize(
    ("declaration", "values", "different"),
    [
        (PRICE, [1.0, 1.0, 1.0, 1.0000001], 2),
        (PRICE, [-3e38, 3e38], 2),
        (PRICE, [1e-40, 2e-40, 2e-40], 2),
        (COUNT, [0, 0, 1], 2),
        (COUNT, [5, 6, 7, 7, 8], 4),
    ],
)
def test_two_numbers_are_enough_to_learn_from_whatever_their_share(
    judged, declaration, values, different
):
    verdict = judged(declaration, *values, min_label_share=1.0)
    assert verdict.passed
    values = result(verdict, "label_values")
    assert (values.value, values.bound, values.threshold) == (different, "min", 2)


def test_a_number_may_be_computed(world):
    for split in ("train", "eval", "test"):
        world.examples(split, [{"tips": tips, "fare": 10.0} for tips in (3.0, 0.0, None)])
    assert failed(world.verdict(TIP)) == {("labels_unusable", ""): 3}


@pytest.mark.parametrize("declaration", EVERY, ids=lambda declaration: declaration.label.name)
def test_without_rows_no_label_passes(world, declaration):
    for split in ("train", "eval", "test"):
        world.examples(split, [])
    measured = "label_values" if declaration.label.task == "regression" else "label_share"
    verdict = world.verdict(declaration)
    assert failed(verdict) == {(measured, ""): 0}
    assert result(verdict, measured).detail == ""


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        (BIG_TIP, 1),
        (SIZE, 1),
        (STARS, b"3"),
        (STARS, 3.0),
        (ANSWER, 1.0),
        (KIND, b"1"),
        (PRICE, 7),
        (PRICE, b"7"),
        (COUNT, 7.0),
    ],
)
def test_of_any_task_a_label_of_another_type_cannot_be_read(judged, declaration, value):
    verdict = judged(declaration, value)
    assert failed(verdict) == {("labels_unusable", ""): None}
    assert result(verdict, "labels_unusable").detail == (
        f'the label "{declaration.label.name}" cannot be read: its columns have not the type of '
        "the schema"
    )


def test_large_integers_are_classes_of_their_own(judged):
    classes = (2**60, 2**60 + 1)
    codes = declared("multiclass", ("code", "int64"), name="code", classes=classes)
    verdict = judged(codes, *classes, classes[1], classes[1])
    assert verdict.passed
    assert result(verdict, "label_share").value == 0.25
