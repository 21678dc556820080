"""What a backtest is of, and what it refuses before anything expensive."""

import pytest

from orchestration.local.arguments import parser
from orchestration.local.backtest.selected import metric_of, select
from orchestration.plan import make_plan
from tests.orchestration.backtest.aging import FLIPPED
from usecase.errors import UserError
from usecase.paths import PROJECT_ROOT

QUARTERS = ["2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4", "2021-Q1", "2021-Q2"]


def options(*arguments):
    return parser().parse_args(["backtest", *arguments])


@pytest.fixture(scope="module")
def plan(aging):
    return make_plan(str(aging / "aging.yaml"))


def fault(plan, folder, *arguments):
    with pytest.raises(UserError) as caught:
        select(plan, options(*arguments), folder)
    assert caught.value.fix
    return caught.value


def test_half_of_the_quarters_train(plan, tmp_path):
    found = select(plan, options("--time", "when"), tmp_path)
    assert (found.names, found.train, found.unit) == (QUARTERS, 3, "quarter")
    assert list(found.spans.files) == list(FLIPPED)
    assert found.files.span == 20203
    assert [path.name for path in found.files.rows] == [
        f"span-{number}.csv" for number in (20201, 20202, 20203)
    ]
    assert list(found.files.splits) == QUARTERS[3:]


def test_the_bundled_rows_by_quarter(tmp_path):
    """16 quarters, from the first of 2013 on, and every row in one of them."""
    taxi = make_plan(str(PROJECT_ROOT / "configs" / "taxi.yaml"))
    when = ("--time", "trip_start_timestamp", "--by", "quarter")
    found = select(taxi, options(*when), tmp_path)
    years = range(2013, 2017)
    assert found.names == [f"{year}-Q{quarter}" for year in years for quarter in range(1, 5)]
    assert (found.train, found.unit, found.undated) == (8, "quarter", 0)
    assert list(found.files.splits) == found.names[8:]
    files = [path for paths in found.spans.files.values() for path in paths]
    assert sum(len(path.read_text().splitlines()) - 1 for path in files) == 15_002


def test_another_share_of_other_spans(plan, tmp_path):
    found = select(plan, options("--time", "when", "--by", "month", "--train", "17"), tmp_path)
    assert (len(found.names), list(found.files.splits)) == (18, ["2021-06"])
    found = select(plan, options("--time", "when", "--by", "year"), tmp_path)
    assert (found.names, found.train) == (["2020", "2021"], 1)


@pytest.fixture
def in_spans(aging, tmp_path, monkeypatch):
    """The same use case, its rows in two folders."""
    monkeypatch.chdir(tmp_path)
    header, *lines = (aging / "rows.csv").read_text().splitlines()
    for span, part in enumerate((lines[:600], lines[600:]), 8):
        (tmp_path / f"s-{span}").mkdir()
        (tmp_path / f"s-{span}" / "rows.csv").write_text("\n".join([header, *part]) + "\n")
    config = (aging / "aging.yaml").read_text()
    (tmp_path / "s.yaml").write_text(config.replace(str(aging / "rows.csv"), '"s-{SPAN}/*.csv"'))
    return tmp_path


def test_the_spans_of_the_configuration_itself(in_spans, tmp_path):
    found = select(make_plan("s.yaml"), options(), tmp_path / "cut")
    assert (found.names, found.train, found.unit) == (["span-8", "span-9"], 1, "span")
    assert found.files.rows == (tmp_path / "s-8" / "rows.csv",)
    assert found.files.splits == {"span-9": (tmp_path / "s-9" / "rows.csv",)}
    (tmp_path / "s-9" / "rows.csv").open("a").write("1,1,1,a,0\n")
    assert select(make_plan("s.yaml"), options(), tmp_path / "cut").digest != found.digest


def test_spans_are_not_cut_once_more(in_spans, tmp_path):
    plan = make_plan("s.yaml")
    assert "in spans already" in fault(plan, tmp_path, "--time", "when").what
    assert "--by cuts rows" in fault(plan, tmp_path, "--by", "year").what


def test_a_span_without_rows(in_spans, tmp_path):
    (tmp_path / "s-9" / "rows.csv").write_text("when,x,noise,city,clicked\n")
    plan = make_plan("s.yaml", span=8)
    with pytest.raises(UserError, match="s-9"):
        select(plan, options(), tmp_path / "cut")


def test_what_cannot_be_cut(plan, tmp_path):
    assert "needs to know when a row was" in fault(plan, tmp_path).what
    assert 'no column "whn"' in fault(plan, tmp_path, "--time", "whn").what
    assert "when" in fault(plan, tmp_path, "--time", "whn").fix
    assert "leaves no later span" in fault(plan, tmp_path, "--time", "when", "--train", "6").what
    # x is a number: all of its rows are within seconds of 1970.
    assert "one span alone: 19" in fault(plan, tmp_path, "--time", "clicked").what


def test_the_metric(plan):
    assert metric_of(plan, None) == "auc"
    assert metric_of(plan, "calibration") == "calibration"
    for wanted, fix in (("aucc", 'did you mean "auc"?'), ("loss", "evaluation.metrics")):
        with pytest.raises(UserError) as caught:
            metric_of(plan, wanted)
        assert fix in caught.value.fix
