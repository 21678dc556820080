"""From YAML to a use case: every fault is a ConfigError that says where, and how to mend it."""

import contextlib
import string

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from usecase.checks import check_evaluation
from usecase.config import UseCase
from usecase.declaration import declare
from usecase.errors import ConfigError
from usecase.loading import load_use_case, parse_use_case
from usecase.paths import PROJECT_ROOT, resolve
from usecase.schema import read_schema

TAXI = PROJECT_ROOT / "configs" / "taxi.yaml"
YAML_TEXT = st.text(string.ascii_lowercase[:4] + ":-{}[]\n ,'\"!?|>#%.0", max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(SCALARS | st.sampled_from(list(UseCase.model_fields)), children)
    ),
    max_leaves=12,
)
ROLES = ("numeric", "bucketized", "categorical_string", "boolean", "datetime", "crossed", "role")
OPTIONS = ("role", "columns", "function", "mobile", "scaling", "buckets", "parts", "features")
LEAVES = (
    *("name", "task", "data", "data.path", "schema", "split.train", "label.name", "label.columns"),
    *("data.format", "data.query", "label.classes", "label.positive_class"),
    *("features", "features.age", "features.amount.role", "features.amount.buckets"),
    *("features.amount.columns", "features.when.parts", "features.both.features"),
    *("network.hidden_units", "training.class_weights", "training.seed", "evaluation"),
    *("evaluation.metrics", "evaluation.thresholds", "evaluation.thresholds.1.slice"),
)


def refused(text):
    with pytest.raises(ConfigError) as caught:
        parse_use_case(text, "my.yaml")
    assert caught.value.what.startswith("my.yaml: ")
    return caught.value


def test_the_taxi_config_compiles_with_its_schema():
    use_case = load_use_case(TAXI)
    schema = read_schema(resolve(use_case.schema_file, "schema"))
    check_evaluation(use_case, schema)
    declaration = declare(use_case, schema)
    roles = {
        f.name: (f.declared.role, f.value.dtype, f.direct_range, f.value.missing)
        for f in declaration.features
    }
    assert len(roles) == 15
    assert roles["trip_seconds"] == ("bucketized", "int64", None, -1)
    assert roles["trip_start_hour"] == ("categorical_integer", "int64", (0, 23), -1)
    assert roles["dropoff_census_tract"][2] is None
    assert roles["company"] == ("categorical_string", "string", None, "")
    assert [c.name for c in declaration.label.columns] == ["tips", "fare"]
    assert "tips" not in roles
    assert resolve(use_case.data.path, "data").name == "data.csv"


@pytest.mark.parametrize(
    ("path", "key", "fix"),
    [
        ("trainig", "trainig", "training"),
        ("schema_file", "schema_file", "schema"),
        ("optimizer", "optimizer", None),
        ("split.trian", "split.trian", "train"),
        ("features.amount.bucket", "features.amount.bucket", "buckets"),
        ("label.colums", "label.colums", "columns"),
        ("label.positive_clas", "label.positive_clas", "positive_class"),
        ("data.pth", "data.pth", "path"),
        ("network.hidden_unit", "network.hidden_unit", "hidden_units"),
        ("data_gate.min_row", "data_gate.min_row", "min_rows"),
        ("evaluation.threshold", "evaluation.threshold", "thresholds"),
        ("evaluation.thresholds.1.slise", "evaluation.thresholds.1.slise", "slice"),
        ("evaluation.thresholds.0.minimum", "evaluation.thresholds.0.minimum", "min"),
    ],
)
def test_an_unknown_key(changed, path, key, fix):
    with pytest.raises(ConfigError) as caught:
        changed({path: 1})
    assert caught.value.what == f'config: unknown key "{key}"'
    known = ", ".join(sorted("schema" if n == "schema_file" else n for n in UseCase.model_fields))
    assert caught.value.fix == (f'did you mean "{fix}"?' if fix else f"known: {known}")


@pytest.mark.parametrize(
    ("remove", "add", "unknown", "missing"),
    [
        ("schema", "schma", "schma", "schema"),
        ("label.name", "label.nam", "label.nam", "label.name"),
        ("evaluation.thresholds", "evaluation.treshold", "evaluation.treshold", None),
    ],
)
def test_a_misspelt_key_that_is_required(changed, remove, add, unknown, missing):
    missing = missing or remove
    with pytest.raises(ConfigError) as caught:
        changed({remove: ..., add: "x"})
    assert caught.value.what == (
        f'config: unknown key "{unknown}"\n  also: key "{missing}" is missing'
    )
    assert caught.value.fix == f'did you mean "{missing.rpartition(".")[2]}"?'


@pytest.mark.parametrize(
    ("path", "fix"),
    [("name", 'add "name"'), ("label.name", 'add "name"'), ("evaluation", 'add "evaluation"')],
)
def test_a_key_that_is_missing(changed, path, fix):
    with pytest.raises(ConfigError) as caught:
        changed({path: ...})
    assert (caught.value.what, caught.value.fix) == (f'config: key "{path}" is missing', fix)


def test_a_data_section_without_anything(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"data.path": ...})
    assert caught.value.what == "config: data: set either `path` or `query`"


def test_a_role_that_is_misspelt(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"features.age": "categorical_int"})
    assert caught.value.what == 'config: features.age: unknown role "categorical_int"'
    assert caught.value.fix == 'did you mean "categorical_integer"?'


def test_a_place_is_told_as_it_was_written_whatever_else_is_wrong(changed):
    with pytest.raises(ConfigError) as caught:
        changed(
            {
                "features.numeric": {"role": "bucketized", "buckets": 1},
                "features.age": {"role": "numeric", "numeric": 1},
                "features.city.role": "sity",
            }
        )
    assert caught.value.what.splitlines() == [
        'config: unknown key "features.age.numeric"',
        '  also: features.city: unknown role "sity"',
        "  also: features.numeric.buckets: Input should be greater than or equal to 2 (got 1)",
    ]


def test_all_faults_are_told_at_once(changed):
    with pytest.raises(ConfigError) as caught:
        changed({"data": ..., "split.train": 0, "trainig": {}})
    lines = caught.value.what.splitlines()
    assert len(lines) == 3
    assert lines[-1] == '  also: key "data" is missing'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: a\nname: a\n", 2),
        ("features:\n  age: numeric\n  city: boolean\n  age: bucketized\n", 4),
        ("evaluation:\n  thresholds:\n    - {metric: auc,\n       metric: auc}\n", 4),
    ],
)
def test_a_key_given_twice(text, line):
    error = refused(text)
    key = text.splitlines()[line - 1].split(":")[0].strip()
    assert error.what == f'my.yaml: "{key}" is named twice (second time in line {line})'
    assert error.expected == "each key, and so each feature, once"


def test_the_same_key_in_two_places_is_no_fault(changed):
    feature = {"role": "bucketized", "buckets": 3}
    use_case = changed({"features.amount": feature, "features.age": feature})
    assert use_case.features["amount"] == use_case.features["age"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "- a\n- b\n", "taxi", "7", "null"])
def test_a_document_that_is_no_mapping(text):
    assert refused(text).what == "my.yaml: empty or no mapping"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("name: [a", "line 1, column 9"),
        ("name: a\n\tdata: b", "line 2, column 1"),
        ("a: b: c", "line 1, column 5"),
        ("x: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("a: 2020-02-31", "day is out of range"),
        ("\0", "special characters are not allowed"),
    ],
)
def test_text_that_is_no_yaml(text, where):
    error = refused(text)
    assert error.what.startswith("my.yaml: not valid YAML: ")
    assert where in error.what
    assert "\n" not in error.what
    assert error.fix == "mend the YAML syntax there"


@pytest.mark.parametrize(
    "text",
    [
        *("? [a]\n: 1", "{{a: 1}: 2}", "!!map [1]", "!!set [a]"),
        *("a: !!timestamp x", "a: !!int ''", "a: !!bool maybe", 'a: "\\UFFFFFFFF"'),
        *("{a: " * 1000, "[" * 1000 + "]" * 1000),
    ],
)
def test_yaml_that_does_not_fit_its_own_tags(text):
    assert refused(text).what.startswith("my.yaml: not valid YAML: ")


@pytest.mark.parametrize("text", ["name: &x [*x]", "&x {name: *x}", "2020-01-01: a"])
def test_yaml_that_json_cannot_hold(text):
    refused(text)


@given(st.text() | YAML_TEXT)
@example("&a")
@example("a: \ud800")
@settings(max_examples=300)
def test_arbitrary_text_is_refused(text):
    refused(text)


@given(DOCUMENTS)
@settings(deadline=None)
def test_arbitrary_documents_are_refused(document):
    refused(yaml.safe_dump(document, allow_unicode=True))


@given(st.sampled_from(LEAVES), SCALARS | st.lists(SCALARS, max_size=2))
@settings(deadline=None, max_examples=200)
def test_one_arbitrary_value_is_accepted_or_refused(changed, path, value):
    more = {
        "features.when": {"role": "datetime"},
        "features.both": {"role": "crossed", "features": ["city", "hour"]},
    }
    with contextlib.suppress(ConfigError):
        changed({**more, path: value} if path != "features" else {path: value})


@given(st.sampled_from(ROLES), st.dictionaries(st.sampled_from(OPTIONS) | st.text(), SCALARS))
@settings(deadline=None)
def test_arbitrary_options_of_a_role_are_accepted_or_refused(changed, role, options):
    with contextlib.suppress(ConfigError):
        changed({"features.x": {"role": role, **options}})


def test_a_file_is_read_as_its_text(tmp_path):
    (tmp_path / "copy.yaml").write_bytes(TAXI.read_bytes())
    assert load_use_case(str(tmp_path / "copy.yaml")) == parse_use_case(TAXI.read_text())


def test_a_fault_in_a_file_names_the_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("name: [")
    with pytest.raises(ConfigError) as caught:
        load_use_case(path)
    assert caught.value.what.startswith(f"{path}: not valid YAML: ")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_use_case(tmp_path / "nope.yaml")
    assert str(caught.value) == (
        f"config not readable: {tmp_path / 'nope.yaml'} (No such file or directory)\n"
        "  expected: a YAML file that describes a use case\n"
        "  fix: pass one with --config, for example configs/taxi.yaml"
    )


def test_a_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"config not readable: .* \(Is a directory\)"):
        load_use_case(tmp_path)


def test_a_file_in_another_encoding(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_use_case(tmp_path / "latin.yaml")
