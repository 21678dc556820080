"""The label: its columns, and the classes that it can take, by task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.labels import MAX_CLASSES, LabelSpec, compile_label
from usecase.schema import Column

YES_NO = 'type: BYTES bool_domain { true_value: "yes" false_value: "no" }'
SIZES = 'type: BYTES string_domain { value: "small" value: "large" value: "medium" }'
TWO_SIZES = 'type: BYTES string_domain { value: "small" value: "large" }'
FUNCTION = "models.taxi.big_tip"


def computed(*columns, **options):
    return {"name": "y", "function": FUNCTION, "columns": list(columns or ["tips"]), **options}


@pytest.fixture
def label(changed, schema, put_column):
    """Compiles a label: of a column `y` of the schema, or one that `options` describe."""

    def label(task, column=None, **options):
        if column:
            put_column(f'name: "y" {column}')
        changes = {"task": task, "label": {"name": "y", **options}}
        return compile_label(changed(changes), schema)

    return label


def test_a_label_is_a_column(label):
    assert label("binary", "type: INT presence { min_fraction: 1.0 }") == LabelSpec(
        name="y",
        task="binary",
        function=None,
        columns=(Column(name="y", dtype="int64"),),
        classes=(),
    )


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_label_may_be_made_by_a_function(label, task):
    made = label(task, **computed("tips", "amount"))
    assert (made.name, made.key, made.function) == ("y", "y_xf", FUNCTION)
    assert made.columns == (
        Column(name="tips", dtype="float32"),
        Column(name="amount", dtype="float32"),
    )
    assert made.classes == ()


def test_after_transform_a_label_is_called_as_features_are():
    spec = LabelSpec(name="big tip", task="binary", function=None, columns=())
    assert spec.key == "big_tip_xf"


@pytest.mark.parametrize(
    ("column", "options", "classes"),
    [
        # 0 or 1 already: there is nothing to name.
        ("type: INT", {}, ()),
        ("type: FLOAT", {}, ()),
        ("type: INT int_domain { min: 0 max: 1 }", {}, ()),
        ('type: INT bool_domain { true_value: "1" false_value: "0" }', {}, ()),
        ("type: INT bool_domain {}", {}, ()),
        # The schema says which is which.
        (YES_NO, {}, ("no", "yes")),
        (YES_NO, {"positive_class": "yes"}, ("no", "yes")),
        # The positive class is the last, wherever the domain names it.
        (YES_NO, {"positive_class": "no"}, ("yes", "no")),
        (TWO_SIZES, {"positive_class": "small"}, ("large", "small")),
        (TWO_SIZES, {"positive_class": "large"}, ("small", "large")),
        ("type: INT int_domain { min: 0 max: 1 }", {"positive_class": 1}, (0, 1)),
        ("type: INT int_domain { min: 0 max: 1 }", {"positive_class": 0}, (1, 0)),
        ("type: INT int_domain { min: 1 max: 2 }", {"positive_class": 1}, (2, 1)),
        (
            'type: INT bool_domain { true_value: "1" false_value: "0" }',
            {"positive_class": 0},
            (1, 0),
        ),
        # What the configuration repeats is no fault.
        (TWO_SIZES, {"positive_class": "small", "classes": ["small", "large"]}, ("large", "small")),
        (None, computed(), ()),
        (None, computed(classes=[0, 1]), ()),
        (None, computed(classes=["b", "a"], positive_class="b"), ("a", "b")),
        (None, computed(classes=[7, -7], positive_class=-7), (7, -7)),
        # A function may make numbers of strings.
        (None, computed("city"), ()),
    ],
)
def test_the_classes_of_a_binary_label(label, column, options, classes):
    assert label("binary", column, **options).classes == classes


@pytest.mark.parametrize(
    ("column", "options", "classes"),
    [
        (SIZES, {}, ("small", "large", "medium")),
        (TWO_SIZES, {}, ("small", "large")),
        (YES_NO, {}, ("no", "yes")),
        ("type: INT int_domain { min: 3 max: 5 }", {}, (3, 4, 5)),
        ("type: INT int_domain { min: -1 max: 0 is_categorical: true }", {}, (-1, 0)),
        (SIZES, {"classes": ["large", "medium", "small"]}, ("small", "large", "medium")),
        (None, computed(classes=["b", "a", "c"]), ("b", "a", "c")),
        (None, computed(classes=[3, 1]), (3, 1)),
    ],
)
def test_the_classes_of_a_multiclass_label_stand_as_they_are_written(
    label, column, options, classes
):
    assert label("multiclass", column, **options).classes == classes


def test_a_domain_beside_the_columns_names_classes_too(label, schema):
    schema.string_domain.add(name="sizes", value=["S", "L", "M"])
    assert label("multiclass", 'type: BYTES domain: "sizes"').classes == ("S", "L", "M")


def test_a_class_for_each_integer_up_to_a_limit(label):
    column = f"type: INT int_domain {{ min: 1 max: {MAX_CLASSES} }}"
    assert label("multiclass", column).classes == tuple(range(1, MAX_CLASSES + 1))


@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("type: FLOAT", {}),
        ("type: INT", {}),
        ("type: INT int_domain { min: 0 max: 1 }", {}),
        ("type: INT int_domain { min: 0 max: 9 is_categorical: false }", {}),
        (None, computed()),
        # What a function reads may be of any kind.
        (None, computed("city")),
        (None, computed("kind", "tips")),
    ],
)
def test_a_number_has_no_classes(label, put_column, column, options):
    put_column('name: "kind" type: INT int_domain { is_categorical: true }')
    assert label("regression", column, **options).classes == ()


CLASSES = st.lists(st.text(), unique=True).map(tuple) | st.lists(
    st.integers(-(2**63), 2**63 - 1), unique=True
).map(tuple)


@given(
    st.builds(
        LabelSpec,
        name=st.text(),
        task=st.sampled_from(["binary", "multiclass", "regression"]),
        function=st.none() | st.text(),
        columns=st.just((Column(name="y", dtype="int64", lowest=0, highest=9),)),
        classes=CLASSES,
    )
)
def test_a_label_survives_json(spec):
    read = LabelSpec.model_validate_json(spec.model_dump_json())
    assert read == spec
    assert [type(value) for value in read.classes] == [type(value) for value in spec.classes]
