"""A run, planned: what makes it another run, and errors that come first."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import fingerprints
from orchestration.plan import make_plan
from pipeline.stage_names import stage_names
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

CONFIG = """
name: tiny
data: {path: rows.csv}
schema: schema.pbtxt
features: {age: numeric, city: categorical_string}
label: {name: clicked}
evaluation:
  slices: [city]
  thresholds: [{metric: auc, min: 0.5}]
"""
SCHEMA = """
feature { name: "age" type: INT }
feature { name: "city" type: BYTES }
feature { name: "clicked" type: INT }
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "tiny.yaml").write_text(CONFIG)
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    (tmp_path / "rows.csv").write_text("age,city,clicked\n1,a,0\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_plan(folder):
    plan = make_plan("tiny.yaml")
    assert (plan.config, plan.use_case.name) == ("tiny.yaml", "tiny")
    assert (plan.data, plan.files) == (str(folder / "rows.csv"), (folder / "rows.csv",))
    assert plan.schema == folder / "schema.pbtxt"
    declared = [(f.name, f.declared.role, f.value.dtype) for f in plan.declaration.features]
    assert declared == [("age", "numeric", "int64"), ("city", "categorical_string", "string")]
    assert plan.declaration.label.key == "clicked_xf"


def test_other_data_may_be_named(folder):
    (folder / "other.csv").touch()
    plan = make_plan("tiny.yaml", "other.csv")
    assert (plan.data, plan.files) == (str(folder / "other.csv"), (folder / "other.csv",))


OWN = "tests.orchestration.own_functions"
PHONE = f"{{{{role: numeric, function: {OWN}.{{0}}, columns: [age], mobile: {{1}}}}}}"


@pytest.mark.parametrize(
    ("features", "warning"),
    [
        ({}, None),
        ({"size": PHONE.format("sound", "true")}, None),
        (
            {"size": PHONE.format("sound", "false")},
            'no mobile model: feature "size" is marked mobile: false',
        ),
        (
            {"size": PHONE.format("sound", "false"), "depth": PHONE.format("hashes", "false")},
            'no mobile model: features "size", "depth" are marked mobile: false',
        ),
    ],
)
def test_a_mobile_model_is_for_phones_that_compute_every_feature(folder, features, warning):
    more = "".join(f", {name}: {role}" for name, role in features.items())
    replace(folder / "tiny.yaml", "categorical_string}", f"categorical_string{more}}}")
    plan = make_plan("tiny.yaml")
    assert plan.mobile is (warning is None)
    assert plan.warnings == (() if warning is None else (warning,))
    assert plan.destinations == (("serving", "mobile") if plan.mobile else ("serving",))
    assert plan.stages == stage_names("csv", mobile=plan.mobile)

    replace(folder / "tiny.yaml", "name: tiny", "name: tiny\nmobile: {enabled: false}")
    plan = make_plan("tiny.yaml")
    assert (plan.mobile, plan.warnings, plan.destinations) == (False, (), ("serving",))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("rows.csv", "1,a,0", "1,a,1"),
        ("tiny.yaml", "min: 0.5", "min: 0.6"),
        ("tiny.yaml", "age: numeric", "age: {role: bucketized, buckets: 4}"),
        ("tiny.yaml", "name: tiny", "name: tiny\nmobile: {enabled: false}"),
        ("schema.pbtxt", 'name: "age" type: INT', 'name: "age" type: FLOAT'),
        # Not in the declaration, but ExampleValidator reads it.
        ("schema.pbtxt", 'name: "age"', 'name: "age" presence { min_fraction: 0.0 }'),
    ],
)
def test_another_ingredient_is_another_run(folder, name, old, new):
    before = make_plan("tiny.yaml").key()
    replace(folder / name, old, new)
    assert make_plan("tiny.yaml").key() != before


def test_a_value_put_in_is_as_good_as_one_in_the_file(folder):
    before = make_plan("tiny.yaml")
    plan = make_plan("tiny.yaml", overrides=["training.max_epochs=2"])
    assert (plan.use_case.training.max_epochs, plan.overrides) == (2, ("training.max_epochs=2",))
    assert plan.key() != before.key()
    (folder / "tiny.yaml").write_text(CONFIG + "training: {max_epochs: 2}\n")
    assert make_plan("tiny.yaml").key() == plan.key()


def test_a_fault_that_shows_with_the_schema_names_what_was_put_in(folder):
    with pytest.raises(ConfigError, match=r"^tiny.yaml --set features.ages=numeric: "):
        make_plan("tiny.yaml", overrides=["features.ages=numeric"])


def test_the_data_are_known_by_their_digests(folder):
    plan = make_plan("tiny.yaml")
    (path,) = plan.files
    assert plan.data_digests == {str(path): fingerprints.file_digest(path)}


def test_another_model_server_is_another_run(folder):
    plan = make_plan("tiny.yaml")
    keys = {
        dataclasses.replace(plan, server=server).key()
        for server in (None, "embedded", "docker", "binary")
    }
    assert len(keys) == 4


@pytest.mark.parametrize("tune", [False, True])
def test_what_a_cluster_must_know_makes_no_other_run_here(folder, tune):
    keys = {make_plan("tiny.yaml", tune=tune).key()}
    for image in ("x:1", "x:2"):
        section = f"kubeflow: {{image: {image}, storage: {{claim: models}}}}\n"
        (folder / "tiny.yaml").write_text(CONFIG + section)
        plan = make_plan("tiny.yaml", tune=tune)
        assert plan.use_case.kubeflow.image == image
        keys.add(plan.key())
    assert len(keys) == 1


def test_data_of_another_name_are_another_run(folder):
    (folder / "copy.csv").write_bytes((folder / "rows.csv").read_bytes())
    assert make_plan("tiny.yaml", "copy.csv").key() != make_plan("tiny.yaml").key()


@pytest.mark.parametrize("part", ["lock_digest", "project_code"])
def test_other_code_or_another_lock_is_another_run(folder, monkeypatch, part):
    before = make_plan("tiny.yaml").key()
    changed = {"lock_digest": "changed", "project_code": {"models/network.py": "changed"}}[part]
    monkeypatch.setattr(fingerprints, part, lambda: changed)
    assert make_plan("tiny.yaml").key() != before


def test_the_user_s_label_function_is_code_too(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    (folder / "my_label.py").write_text("def label(columns):\n    return columns['clicked']\n")
    function = "{name: label, function: my_label.label, columns: [clicked]}"
    replace(folder / "tiny.yaml", "{name: clicked}", function)
    before = make_plan("tiny.yaml").key()
    replace(folder / "my_label.py", "columns['clicked']", "1 - columns['clicked']")
    assert make_plan("tiny.yaml").key() != before


@pytest.mark.parametrize(
    ("old", "new"),
    [("name: tiny", "name: tiny  # a comment"), ("{path: rows.csv}", "\n  path: ./rows.csv")],
    ids=["comment", "spelling"],
)
def test_another_spelling_is_the_same_use_case(folder, old, new):
    before = make_plan("tiny.yaml")
    replace(folder / "tiny.yaml", old, new)
    after = make_plan("tiny.yaml")
    assert after.declaration == before.declaration
    assert (after.key() == before.key()) is ("path" not in new)


def test_every_process_finds_the_same_key(folder):
    """Whatever the seed of its hashes: an unchanged run must be recognised by the next one."""
    code = "from orchestration.plan import make_plan; print(make_plan('tiny.yaml').key())"
    keys = {make_plan("tiny.yaml").key()}
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT_ROOT)}
        command = [sys.executable, "-c", code]
        keys.add(subprocess.check_output(command, env=environment, text=True).strip())
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "what", "fix"),
    [
        ("tiny.yaml", "age: n", "aeg: n", 'column "aeg" is not in the schema', '"age"'),
        ("tiny.yaml", "name: clicked", "name: cliked", '"cliked" is not in', '"clicked"'),
        ("tiny.yaml", "metric: auc", "metric: acu", 'unknown metric "acu"', '"auc"'),
        ("tiny.yaml", "[city]", "[ctiy]", 'column "ctiy" is not in the schema', '"city"'),
        ("tiny.yaml", "rows.csv", "row.csv", "data not found: row.csv", "correct the path"),
        ("tiny.yaml", "schema.pbtxt", "no.pbtxt", "schema not found: no.pbtxt", "correct the path"),
        ("tiny.yaml", "features", "featurs", 'unknown key "featurs"', '"features"'),
        ("schema.pbtxt", "type: INT", "type: INTEGER", "schema not readable", "mend that line"),
    ],
)
def test_an_error_names_the_config_and_a_way_out(folder, name, old, new, what, fix):
    replace(folder / name, old, new)
    with pytest.raises(ConfigError) as caught:
        make_plan("tiny.yaml")
    assert caught.value.what.startswith("tiny.yaml: ")
    assert what in str(caught.value)
    assert fix in caught.value.fix or "missing" in caught.value.what


def test_a_config_that_is_not_there(folder):
    with pytest.raises(ConfigError, match=r"no\.yaml \(No such file or directory\)"):
        make_plan("no.yaml")


def test_data_that_are_named_and_not_there(folder):
    with pytest.raises(ConfigError, match=r"data not found: no\.csv"):
        make_plan("tiny.yaml", "no.csv")
    assert not Path("no.csv").exists()


@pytest.mark.parametrize(
    "data", ["pkg:nowhere/rows.csv", "/mnt/far/*.csv", "far/rows.csv", "gs://far/rows-*.csv"]
)
def test_data_elsewhere_are_not_looked_for_and_stay_as_written(folder, data):
    plan = make_plan("tiny.yaml", data, elsewhere=True)
    assert (plan.data, plan.files, plan.use_case.data.path) == (data, (), data)
    assert not plan.is_local


def test_data_that_are_here_too_stay_as_written_if_they_are_read_elsewhere(folder):
    assert make_plan("tiny.yaml").data == str(folder / "rows.csv")
    assert make_plan("tiny.yaml", elsewhere=True).data == "rows.csv"


@pytest.mark.parametrize("data", ["s3://far/rows.csv", "gs://far"])
def test_an_address_that_nobody_can_read_is_refused_elsewhere_as_well(folder, data):
    with pytest.raises(ConfigError, match=data):
        make_plan("tiny.yaml", data, elsewhere=True)


def test_a_query_is_the_same_everywhere(folder):
    query = "data: {query: SELECT 1, project: p, temp_location: gs://b/t}"
    replace(folder / "tiny.yaml", "data: {path: rows.csv}", query)
    assert make_plan("tiny.yaml", elsewhere=True).data == ""
