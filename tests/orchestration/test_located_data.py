"""Where the rows of a plan are: the spans that are read, and what is refused first."""

import pytest

from orchestration.located_data import locate, reads_span_before
from orchestration.plan import make_plan
from pipeline.stage_names import DRIFT, SPAN_DRIFT
from usecase.config import Data
from usecase.errors import ConfigError
from usecase.spans import LATEST, PREVIOUS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for span in (1, 2, 3):
        (tmp_path / f"s{span}.csv").write_text(f"a\n{span}\n")
        (tmp_path / f"s{span}.tfrecord").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(files):
    return [path.name for path in files]


def fault(*arguments, **options):
    with pytest.raises(ConfigError) as caught:
        locate(*arguments, **options)
    assert caught.value.fix
    return caught.value


def test_the_newest_span_and_the_one_before_it(folder):
    found = locate(Data(path="s{SPAN}.csv"))
    assert found.pattern == f"{folder}/s{{SPAN}}.csv"
    assert found.span == 3
    assert names(found.window.rows) == ["s3.csv"]
    assert {n: names(files) for n, files in found.window.splits.items()} == {
        LATEST: ["s3.csv"],
        PREVIOUS: ["s2.csv"],
    }
    # The span before is read for its statistics, so that it is part of what a run depends on.
    assert sorted(names(found.files)) == ["s2.csv", "s3.csv"]


def test_a_window_of_another_span(folder):
    found = locate(Data(path="s{SPAN}.csv", window=5), 2)
    assert found.span == 2
    assert names(found.window.rows) == ["s1.csv", "s2.csv"]


def test_the_first_span_has_none_before_it(folder):
    assert list(locate(Data(path="s{SPAN}.csv"), 1).window.splits) == [LATEST]


def test_tfrecords_are_read_by_tfx_one_span_alone(folder):
    found = locate(Data(path="s{SPAN}.tfrecord"))
    assert names(found.files) == ["s3.tfrecord"]
    assert "one span at a time" in fault(Data(path="s{SPAN}.tfrecord", window=2)).what


@pytest.mark.parametrize("elsewhere", [False, True])
def test_spans_that_lie_elsewhere_are_for_tfx_to_find(elsewhere):
    path = "gs://bucket/s-{SPAN}/*.csv"
    found = locate(Data(path=path), elsewhere=elsewhere)
    assert (found.pattern, found.files, found.span, found.window) == (path, (), None, None)
    assert locate(Data(path=path), 7, elsewhere=elsewhere).span == 7
    assert "only spans on this machine" in fault(Data(path=path, window=2)).what


def test_a_path_of_other_machines_stays_as_it_is_written():
    found = locate(Data(path="nowhere/{SPAN}/*.csv"), elsewhere=True)
    assert (found.pattern, found.files) == ("nowhere/{SPAN}/*.csv", ())
    fault(Data(path="nowhere/{SPAN}{SPAN}.csv"), elsewhere=True)


@pytest.mark.parametrize(
    ("path", "span", "reads"),
    [
        ("s{SPAN}.csv", None, True),
        ("s{SPAN}.csv", 1, False),
        ("s{SPAN}.tfrecord", None, False),
        ("s3.csv", None, False),
        ("gs://bucket/s{SPAN}.csv", None, False),
    ],
)
def test_whether_the_span_before_is_read(folder, path, span, reads):
    data = Data(path=path)
    window = locate(data, span).window
    assert reads_span_before(data, window) == reads
    # Where it runs elsewhere, the node that reads it finds out whether there is one.
    found = locate(data, span, elsewhere=True).window if "{SPAN}" in path else None
    assert reads_span_before(data, found) == (path == "s{SPAN}.csv")


def test_a_query_has_no_spans():
    query = Data(query="SELECT 1", project="p", temp_location="gs://bucket/tmp")
    assert not reads_span_before(query, None)


def test_a_span_of_data_without_spans(folder):
    assert "--span needs data in spans" in fault(Data(path="s1.csv"), 1).what


PLAN = """
name: tiny
data: {path: "s{SPAN}.csv", window: 2}
schema: schema.pbtxt
features: {age: numeric}
label: {name: clicked}
evaluation: {thresholds: [{metric: auc, min: 0.5}]}
"""
SCHEMA = 'feature { name: "age" type: INT } feature { name: "clicked" type: INT }'


@pytest.fixture
def planned(folder):
    (folder / "tiny.yaml").write_text(PLAN)
    (folder / "schema.pbtxt").write_text(SCHEMA)
    return lambda **options: make_plan("tiny.yaml", **options)


def test_a_plan_knows_its_spans(planned, folder):
    plan = planned()
    assert (plan.span, plan.is_local) == (3, True)
    told = plan.span_files
    assert (told.span, names(told.rows)) == (3, ["s2.csv", "s3.csv"])
    assert list(told.splits) == [LATEST, PREVIOUS]
    assert planned(span=2).span_files.span == 2


@pytest.mark.parametrize(
    ("span", "drift", "compares"),
    [(None, "warn", True), (1, "warn", False), (None, "refuse", True), (None, "off", False)],
)
def test_a_plan_compares_its_spans(planned, span, drift, compares):
    plan = planned(span=span, overrides=[f"data_gate.drift={drift}"])
    assert plan.compares_spans == compares
    assert (SPAN_DRIFT in plan.stages) == compares
    assert (DRIFT in plan.stages) == (drift != "off")


def test_another_span_or_an_older_file_makes_another_run(planned, folder):
    key, digest = planned().key(), planned().span_files.digest
    assert planned().key() == planned(span=3).key() == key
    assert planned(span=2).key() != key
    (folder / "s1.csv").write_text("not read\n")
    assert planned().key() == key
    (folder / "s2.csv").write_text("a\n9\n")
    assert planned().key() != key
    assert planned().span_files.digest != digest


def test_a_gap_in_the_window_is_said(planned, folder):
    assert planned().warnings == ()
    (folder / "s2.csv").unlink()
    assert planned().warnings == ("window: no span between 1 and 3",)


def test_a_plan_without_spans_has_none(planned, folder):
    plan = planned(data="s1.csv")
    assert (plan.span, plan.window, plan.span_files) == (None, None, None)
