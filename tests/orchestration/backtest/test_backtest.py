"""A whole backtest: what is known of the rows comes out of it."""

import io
import json
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from orchestration.local.arguments import parser
from orchestration.local.backtest.command import backtest
from tests.orchestration.backtest.aging import FLIPPED, ROWS
from usecase.errors import UserError

LATER = ("2020-Q4", "2021-Q1", "2021-Q2")


def run(*arguments):
    out = io.StringIO()
    assert backtest(parser().parse_args(["backtest", *map(str, arguments)]), out) == 0
    return out.getvalue()


@pytest.fixture(scope="module")
def arguments(aging, tmp_path_factory):
    output = tmp_path_factory.mktemp("outputs")
    return ["--config", aging / "aging.yaml", "--output-dir", output, "--time", "when"]


@pytest.fixture(scope="module")
def first(arguments):
    return run(*arguments)


@pytest.fixture(scope="module")
def found(first, arguments):
    return json.loads(run(*arguments, "--json"))


@pytest.fixture(scope="module")
def answers(first, arguments):
    """The same model's answers to the same rows, by split."""
    from components.raw_quality import answered

    folder = arguments[3] / "backtest" / "aging" / "artifacts"
    (model,) = folder.glob("Trainer/model/*/Format-Serving")
    (examples,) = folder.glob("CsvExampleGen/examples/*")
    frame = answered(model, "clicked_xf", examples, "test", *LATER)
    return {split: frame[frame["split"] == split] for split in ("test", *LATER)}


def test_each_quarter_is_a_span_and_half_of_them_train(found):
    assert found["trained"] == ["2020-Q1", "2020-Q2", "2020-Q3"]
    assert [score["name"] for score in found["later"]] == list(LATER)
    assert [score["rows"] for score in found["later"]] == [ROWS] * 3
    assert 0.05 * 3 * ROWS < found["reference"]["rows"] < 0.2 * 3 * ROWS
    assert len(FLIPPED) == 6


def test_metrics_are_those_of_scikit_learn_on_the_same_answers(found, answers):
    scores = {"test": found["reference"], **{s["name"]: s for s in found["later"]}}
    for split, frame in answers.items():
        labels, predictions = frame["label"], frame["prediction"].astype(float)
        measured = scores[split]["metrics"]
        assert scores[split]["rows"] == len(frame)
        assert measured["auc"] == pytest.approx(roc_auc_score(labels, predictions), abs=1e-3)
        accuracy = accuracy_score(labels, predictions > 0.5)
        assert measured["accuracy"] == pytest.approx(accuracy, abs=1e-6)
        calibration = predictions.mean() / labels.mean()
        assert measured["calibration"] == pytest.approx(calibration, rel=1e-3)


def test_a_standard_error_is_that_of_tenths(found, answers):
    frame = answers["2021-Q1"]
    correct = (frame["label"] == (frame["prediction"].astype(float) > 0.5)).astype(float)
    tenths = correct.groupby(frame["fingerprint"] % 10).mean()
    expected = tenths.std(ddof=1) / 10**0.5
    errors = {score["name"]: score["errors"] for score in found["later"]}["2021-Q1"]
    assert errors["accuracy"] == pytest.approx(expected, abs=1e-6)


def test_the_planted_decay_is_found(found):
    reference = found["reference"]["metrics"]["auc"]
    values = [score["metrics"]["auc"] for score in found["later"]]
    assert reference > 0.85
    assert reference - 0.05 > values[0] > values[1] > values[2]
    assert values[2] < 0.62
    assert (found["metric"], found["aged_from"], found["retrain_every"]) == ("auc", "2020-Q4", 1)
    assert "retrain every quarter" in found["text"]
    assert "quality gate's min of 0.7 would refuse it in 2021-Q1, 2021-Q2" in found["text"]


def test_the_column_that_moved_is_named(found):
    for score in found["later"]:
        assert score["drift"]["column"] == "city"
        assert score["drift"]["distance"] > score["drift"]["allowed"]
    assert found["reference"]["drift"] is None


def test_the_table_has_a_line_for_each_span(first, found):
    lines = first.splitlines()
    assert lines[0].startswith("aging · backtest")
    header = next(line for line in lines if line.split()[:2] == ["span", "rows"])
    assert header.split()[2:] == ["auc", "change", "±", "error", "accuracy", "calibration", "drift"]
    for score in found["later"]:
        line = next(line for line in lines if line.split()[:1] == [score["name"]])
        change = score["metrics"]["auc"] - found["reference"]["metrics"]["auc"]
        assert line.split()[1:4] == [
            str(ROWS),
            f"{score['metrics']['auc']:.3f}",
            f"{change:+.3f}",
        ]
    assert found["text"] in lines
    assert any(line.split()[:1] == ["train"] for line in lines)


def test_the_plot_shows_every_span(found):
    svg = Path(found["plot"]).read_text()
    assert Path(found["plot"]).name == "quality.svg"
    assert all(f">{name}</text>" in svg for name in ("test split", *LATER))
    assert f">{found['reference']['metrics']['auc']:.4g}</desc>" in svg
    assert "quality gate, min" in svg
    assert "src=" not in svg  # nothing is loaded from elsewhere


def test_a_second_one_trains_nothing(found, arguments):
    again = run(*arguments, "--metric", "accuracy")
    done = [line for line in again.splitlines() if line.split()[:1] in (["train"], ["everything"])]
    assert len(done) == 1
    assert done[0].endswith("reused")
    assert f"{found['later'][0]['metrics']['accuracy']:.3f}" in again


def test_nothing_lies_outside_of_its_own_folder(first, arguments):
    output = arguments[3]
    assert [path.name for path in output.iterdir()] == ["backtest"]
    assert not (output / "backtest" / "aging" / "unused").exists()


def test_a_span_of_one_class_is_refused_before_training(aging, tmp_path):
    header, *lines = (aging / "rows.csv").read_text().splitlines()
    last = 1617235200  # the first second of the last quarter
    kept = [line for line in lines if int(line.split(",")[0]) < last or line.endswith(",1")]
    (tmp_path / "rows.csv").write_text("\n".join([header, *kept]) + "\n")
    config = (aging / "aging.yaml").read_text()
    config = config.replace(str(aging / "rows.csv"), str(tmp_path / "rows.csv"))
    (tmp_path / "one.yaml").write_text(config)
    options = ["--config", tmp_path / "one.yaml", "--output-dir", tmp_path / "o", "--time", "when"]
    with pytest.raises(UserError, match="2021-Q2 has rows of one class alone"):
        run(*options)
    assert not (tmp_path / "o" / "backtest" / "aging" / "artifacts" / "Trainer").exists()


@pytest.mark.slow
def test_the_taxi_rows_by_year(tmp_path):
    """Trained on 2013 and 2014: the model is worse in the years after."""
    options = ["--config", "configs/taxi.yaml", "--output-dir", tmp_path, "--by", "year"]
    found = json.loads(run(*options, "--time", "trip_start_timestamp", "--json"))
    assert found["trained"] == ["2013", "2014"]
    rows = {score["name"]: score["rows"] for score in found["later"]}
    assert rows == {"2015": 4636, "2016": 833}
    auc = [found["reference"]["metrics"]["auc"], *(s["metrics"]["auc"] for s in found["later"])]
    assert auc[0] > 0.96
    assert auc[0] - 0.01 > auc[1] > auc[2] > 0.9
    assert found["aged_from"] == "2015"
