"""Labels that cannot be learned as they are declared: each is told with a way out."""

import pytest

from usecase.labels import MAX_CLASSES

YES_NO = 'type: BYTES bool_domain { true_value: "yes" false_value: "no" }'
SIZES = 'type: BYTES string_domain { value: "small" value: "large" value: "medium" }'
TWO_SIZES = 'type: BYTES string_domain { value: "small" value: "large" }'
FUNCTION = "models.taxi.big_tip"


def computed(*columns, **options):
    return {"name": "y", "function": FUNCTION, "columns": list(columns or ["tips"]), **options}


@pytest.fixture
def refused(fault, put_column):
    """Compiles a label that must be refused; returns the error."""

    def refused(task, column=None, **options):
        if column:
            put_column(f'name: "y" {column}')
        metric = {"binary": "auc", "multiclass": "auc", "regression": "rmse"}[task]
        thresholds = [{"metric": metric, "max": 1.0}]
        return fault(
            {
                "task": task,
                "label": {"name": "y", **options},
                "evaluation.thresholds": thresholds,
            }
        )

    return refused


@pytest.mark.parametrize(("lowest", "highest"), [(0, MAX_CLASSES), (-(2**63), 2**63 - 1)])
def test_more_integers_than_a_limit_are_no_classes(refused, lowest, highest):
    column = f"type: INT int_domain {{ min: {lowest} max: {highest} }}"
    error = refused("multiclass", column)
    assert error.what == 'label "y": its classes are not known'
    assert error.expected.startswith("2 to 1,000 classes in ")


@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("type: BYTES", {}),
        (SIZES, {}),
        (YES_NO, {}),
        ("type: INT int_domain { min: 0 max: 9 is_categorical: true }", {}),
        ("type: INT", {"positive_class": 1}),
        ("type: INT int_domain { min: 0 max: 1 }", {"classes": [0, 1]}),
        (None, computed(classes=[1, 2])),
        (None, computed(positive_class="a")),
    ],
)
def test_classes_are_not_for_regression(refused, column, options):
    error = refused("regression", column, **options)
    assert error.what == 'task is regression, but label "y" has classes'
    assert (error.expected, error.fix) == ("a number", "task: multiclass (or binary)")


@pytest.mark.parametrize(
    ("column", "options", "one_of", "fix"),
    [
        (
            "type: BYTES",
            {},
            "its classes",
            "label: {positive_class: ...}, and a domain of two classes in the schema",
        ),
        (TWO_SIZES, {}, "small, large", "label: {positive_class: large}"),
        ("type: INT int_domain { min: 1 max: 2 }", {}, "1, 2", "label: {positive_class: 2}"),
        (
            SIZES,
            {},
            "small, large, medium",
            "label: {positive_class: ...}, and a domain of two classes in the schema",
        ),
        (
            "type: INT int_domain { min: 0 max: 9 }",
            {},
            "0, 1, 2, 3, 4, ...",
            "label: {positive_class: ...}, and a domain of two classes in the schema",
        ),
        (None, computed(classes=["a", "b"]), "a, b", "label: {positive_class: b}"),
        (None, computed(classes=[1, 2]), "1, 2", "label: {positive_class: 2}"),
    ],
)
def test_a_binary_label_needs_a_positive_class(refused, column, options, one_of, fix):
    error = refused("binary", column, **options)
    assert error.what == 'label "y" is not 0 or 1, and nothing says which class is positive'
    assert error.expected == f"label.positive_class, one of {one_of}"
    assert error.fix == fix


@pytest.mark.parametrize(
    ("column", "options", "shown", "fix"),
    [
        (TWO_SIZES, {"positive_class": "lrge"}, "'lrge'|small, large", 'did you mean "large"?'),
        (TWO_SIZES, {"positive_class": 1}, "1|small, large", "known: large, small"),
        (
            "type: INT int_domain { min: 1 max: 2 }",
            {"positive_class": "yes"},
            "'yes'|1, 2",
            "known: 1, 2",
        ),
        (
            SIZES,
            {"positive_class": "small"},
            "'small'|small, large, medium",
            "name two classes there, or set task: multiclass",
        ),
        (
            "type: BYTES",
            {"positive_class": "yes"},
            "'yes'|none is known",
            "name two classes there, or set task: multiclass",
        ),
        (
            None,
            computed(positive_class="yes"),
            "'yes'|none is known",
            "name two classes there, or set task: multiclass",
        ),
        (
            None,
            computed(classes=["a", "b", "c"], positive_class="a"),
            "'a'|a, b, c",
            "name two classes there, or set task: multiclass",
        ),
    ],
)
def test_a_positive_class_is_one_of_two(refused, column, options, shown, fix):
    positive, known = shown.split("|")
    error = refused("binary", column, **options)
    assert error.what == (
        f'label "y": positive_class {positive} is not one of two classes ({known})'
    )
    assert error.expected == (
        "two classes, in the schema's domain of the label (or in label.classes)"
    )
    assert error.fix == fix


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize(
    ("column", "of_schema"),
    [
        (TWO_SIZES, "small, large"),
        ("type: BYTES", "no domain"),
        ("type: INT int_domain { min: 1 max: 5 }", "1, 2, 3, 4, 5"),
        ("type: INT int_domain { min: 1 max: 6 }", "1, 2, 3, 4, 5, ..."),
    ],
)
def test_configuration_and_schema_name_the_same_classes(refused, task, column, of_schema):
    error = refused(task, column, classes=["small", "big"])
    assert error.what == (
        f'label "y" has other classes in the config (small, big) than in the schema ({of_schema})'
    )
    assert error.fix == "leave label.classes out: the schema's domain says what they are"


@pytest.mark.parametrize(
    ("column", "options", "where", "fix"),
    [
        (
            column,
            {},
            "the schema's domain of the label",
            "string_domain { value: ... } or int_domain { min: ... max: ... } in the schema",
        )
        for column in (
            "type: BYTES",
            "type: FLOAT",
            "type: INT",
            "type: INT int_domain { min: 4 max: 4 }",
            "type: INT int_domain { min: 4 }",
            'type: BYTES string_domain { value: "a" }',
        )
    ]
    + [(None, computed(), "label.classes", "label: {classes: [...]}")],
)
def test_a_multiclass_label_needs_classes(refused, column, options, where, fix):
    error = refused("multiclass", column, **options)
    assert error.what == 'label "y": its classes are not known'
    assert (error.expected, error.fix) == (f"2 to 1,000 classes in {where}", fix)


def test_only_a_binary_label_has_a_positive_class(refused):
    error = refused("multiclass", SIZES, positive_class="small")
    assert error.what == "label.positive_class is for task: binary"
    assert error.fix == "remove it"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    ("options", "what", "fix"),
    [
        (
            {"name": "clicks"},
            'label "clicks": column "clicks" is not in the schema',
            'did you mean "clicked"?',
        ),
        (
            computed("tip"),
            'label "y": column "tip" is not in the schema',
            'did you mean "tips"?',
        ),
        (
            computed() | {"function": "models.txi.big_tip"},
            'function "models.txi.big_tip": there is no module "models.txi"',
            "correct the path",
        ),
        ({"name": "untyped"}, 'column "untyped" has no type in the schema', "add the type"),
    ],
)
def test_a_label_names_what_is_there(refused, task, options, what, fix):
    error = refused(task, **options)
    assert (error.what, error.fix) == (what, fix)
