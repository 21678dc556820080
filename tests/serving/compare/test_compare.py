"""Versions of models on one real server, compared as users do."""

import threading
import time

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

from serving.client import ServingClient
from serving.compare import sides
from serving.compare.comparison import compare
from serving.compare.report import text, verdict
from serving.errors import ServingError
from tests.model_server.world import free_port
from tests.serving.compare.compare_models import LABELS
from tests.serving.compare.compare_world import write_rows


@pytest.fixture(autouse=True)
def _fewer_requests(monkeypatch):
    monkeypatch.setattr(sides, "REQUESTS", 50)


@pytest.fixture
def ask(compared, data):
    """Compares the two versions of a model."""

    def run(model, label=None, *, address=compared.rest, path=data.path, **options):
        # A busy machine may be slow with either: but for the test of that, only × 20 counts.
        options = {"max_slowdown": 20.0, **options}
        return compare(address, model, path, label_column=label, **options)

    return run


def kinds(comparison):
    return [(finding.kind, finding.is_bad) for finding in comparison.findings]


def answers(compared, data, model, version):
    rows = {name: list(data.columns[name]) for name in ("x", "hour", "company")}
    with ServingClient(compared.grpc, model, version=version) as client:
        return client.predict(rows)


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_good_canary_is_no_worse(compared, data, ask, transport):
    found = ask("good", "y", address=getattr(compared, transport))
    assert (found.stable, found.canary, found.rows, found.requests) == (1, 2, 1000, 50)
    assert (found.request_rows, found.has_more_rows, found.ended) == (20, False, "")
    assert (found.is_worse, found.is_better(), kinds(found)) == (False, False, [])
    assert [errors.count for errors in found.errors.values()] == [0, 0]
    y = data.columns["y"]
    ours, theirs = (answers(compared, data, "good", v)["probability"] for v in (1, 2))
    quality = found.quality
    assert (quality.stable, quality.canary) == pytest.approx(
        (roc_auc_score(y, ours), roc_auc_score(y, theirs)), abs=1e-6
    )
    assert quality.beside["log loss"] == pytest.approx(
        (log_loss(y, ours.astype(float)), log_loss(y, theirs.astype(float))), abs=1e-5
    )
    assert quality.low < 0 < quality.high
    assert found.outputs[0].mean_change == pytest.approx(np.abs(ours - theirs).mean(), abs=1e-6)
    assert verdict(found) == "✔ canary 2 is no worse than stable 1"
    # As good as it is but for a hundredth, for sure; but not better for sure.
    assert found.is_better(0.01)
    assert not found.is_better(-quality.low)
    assert found.is_better(-quality.low + 1e-9)


def test_a_better_canary(ask):
    found = ask("better", "y", margin=0.01)
    assert not found.is_worse
    assert found.is_better(0.0)
    assert found.is_better()
    assert found.quality.low > 0.05
    assert verdict(found).startswith("✔ canary 2 is better than stable 1: auc 0.8")
    # It answers otherwise, and labelled rows say that it is right to.
    assert kinds(found) == [("different", False)]
    assert "  · different: probability (mean 0." in text(found)
    assert not ask("better").is_better(1.0), "without labels nothing shows that it is"


def test_a_canary_within_the_margin(ask):
    found = ask("good", "y", margin=0.05)
    assert found.is_better()
    assert "is worse than stable 1 by no more than 0.05, if at all: auc" in verdict(found)
    # Of what is surely lower, so much is allowed as well.
    found = ask("reversed", "y", margin=0.9)
    assert kinds(found)[0] == ("wrong", False)
    assert (found.is_worse, found.is_better(), found.is_better(0.5)) == (False, True, False)
    assert verdict(found).startswith("✔ canary 2 is worse than stable 1 by no more than 0.9, if")
    found = ask("reversed", "y", margin=0.5)
    assert (found.is_worse, found.is_better()) == (True, False)


@pytest.mark.parametrize("label", ["y", "word", "big_tip"])
def test_a_wrong_canary_is_named(ask, label):
    found = ask("reversed", label)
    assert found.is_worse
    assert not found.is_better(0.5)
    assert kinds(found) == [("wrong", True), ("different", False), ("different", False)]
    assert found.quality.canary == pytest.approx(1 - found.quality.stable)
    first = text(found).splitlines()[0]
    assert first.startswith("✘ canary 2 is worse than stable 1: wrong: auc 0.1")
    assert f"against {found.quality.stable:.3g} (difference -0.6" in first
    assert "95 % interval -0.7" in first


def test_a_wrong_canary_is_named_without_labels_by_what_it_answers_to_the_same_rows(ask):
    found = ask("reversed")
    assert found.is_worse
    assert kinds(found) == [("different", True), ("different", True)]
    classes, probability = sorted(found.outputs, key=lambda one: one.output)
    assert (probability.distance, classes.distance) < (0.1, 0.1)  # which show nothing
    assert probability.correlation == pytest.approx(-1)
    assert classes.changed == 1.0
    assert "rank correlation -1.00" in verdict(found)
    assert "the class of 100.0% of the rows changes" in verdict(found)


def test_a_slow_canary_is_named(ask):
    found = ask("slow", "y", max_slowdown=1.5)
    assert kinds(found) == [("slow", True)]
    assert not found.is_better(1.0)
    assert found.latency.canary.median - found.latency.stable.median > 15
    assert found.latency.ratio > 1.5
    assert "✘ canary 2 is worse than stable 1: slow: median " in verdict(found)


def test_a_canary_that_fails_for_some_rows(ask, data):
    found = ask("failing", "y")
    bad = [k for k in range(50) if (data.columns["x"][20 * k : 20 * k + 20] >= 2).any()]
    assert 5 < len(bad) < 45
    assert kinds(found) == [("errors", True)]
    assert not found.is_better(1.0)
    assert found.errors["canary"].codes == {"INVALID_ARGUMENT": len(bad)}
    assert found.errors["stable"].count == 0
    assert (found.rows, found.quality.rows) == (1000 - 20 * len(bad),) * 2
    assert f"errors: {len(bad)} of 50 requests that stable 1 answers" in verdict(found)
    assert "x is too large" in verdict(found)
    assert found.ended == ""


def test_a_canary_that_fails_for_all_rows_ends_the_comparison(ask, tmp_path):
    path = write_rows(tmp_path / "large.csv", 100, x=np.full(100, 3.0)).path
    found = ask("failing", path=path)
    assert (found.requests, found.rows, found.ended) == (5, 0, "canary 2 failed 5 times in a row")
    assert (found.latency, found.outputs, found.quality) == (None, [], None)
    assert kinds(found) == [("errors", True)]
    assert "  · ended early: canary 2 failed 5 times in a row" in text(found)


def test_a_stable_version_that_fails_is_not_the_canarys_fault(compared, ask, tmp_path, data):
    path = write_rows(tmp_path / "large.csv", 100, x=np.full(100, 3.0)).path
    moved = LABELS.replace('"stable" value: 1', '"stable" value: 2')
    moved = moved.replace('"canary" value: 2', '"canary" value: 1')
    with labels(compared, "failing", moved):
        with pytest.raises(ServingError, match="stable 2 itself fails 5 times in a row") as caught:
            ask("failing", path=path)
        assert "does not answer either" not in caught.value.what
        found = ask("failing", "y")
    assert (found.stable, found.canary, found.is_worse) == (2, 1, False)
    assert kinds(found) == [("stable fails", False)]
    assert found.errors["canary"].count == 0
    assert "  · stable fails: " in text(found)


def test_both_versions_fail(ask, tmp_path):
    path = write_rows(tmp_path / "large.csv", 100, x=np.full(100, 3.0)).path
    with pytest.raises(ServingError, match="canary 2 does not answer either: INVALID_ARG"):
        ask("refusing", path=path)


def test_a_canary_that_answers_nan(ask, data):
    lost = int((data.columns["x"] > 1).sum())
    found = ask("nan", "y")
    assert kinds(found)[0] == ("not finite", True)
    assert found.is_worse
    assert not found.is_better(1.0)
    assert f"not finite: probability is NaN or infinite in {lost} of 1,000 rows" in verdict(found)
    assert found.quality.rows == 1000 - lost
    assert ask("nan").is_worse


def test_a_canary_that_answers_nan_alone(ask, tmp_path):
    path = write_rows(tmp_path / "large.csv", 100, x=np.full(100, 3.0)).path
    found = ask("nan", "y", path=path)  # no row is left whose quality could be told
    assert (kinds(found), found.quality) == ([("not finite", True)], None)


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("renamed", "outputs: probability is missing"),
        ("shaped", "outputs: probability has the shape [rows, 1] instead of [rows]"),
    ],
)
@pytest.mark.parametrize("label", [None, "y"])
def test_other_outputs(ask, model, what, label):
    found = ask(model, label)
    assert kinds(found) == [("outputs", True)]
    assert verdict(found) == f"✘ canary 2 is worse than stable 1: {what}"
    assert found.new_outputs == (["score"] if model == "renamed" else [])


def test_one_more_output_is_told_and_harmless(ask):
    found = ask("more", "y")
    assert (found.is_worse, found.new_outputs) == (False, ["certainty"])
    assert "  · the canary alone answers with certainty" in text(found)


def test_a_canary_that_takes_one_more_column(ask, tmp_path):
    found = ask("wider", "y")
    assert (found.is_worse, found.errors["canary"].count, found.rows) == (False, 0, 1000)
    path = tmp_path / "rows.csv"
    path.write_text("x,hour,company\n1,2,a\n")
    with pytest.raises(ServingError, match="has no column fare"):
        ask("wider", path=path)


def test_classes(ask, data):
    found = ask("fruits", "fruit")
    x, fruit = data.columns["x"], data.columns["fruit"]
    plums = (fruit == "plum").mean()
    assert plums > 0.01
    assert found.quality.metric == "accuracy"
    assert found.quality.stable == pytest.approx(1.0)
    assert found.quality.canary == pytest.approx(1 - plums)
    assert kinds(found) == [("wrong", True)]
    by_name = {one.output: one for one in found.outputs}
    assert by_name.keys() == {"class", *(f"probabilities[{k}]" for k in range(3))}
    classes = by_name["class"]
    assert classes.counts["plum"] == ((fruit == "plum").sum(), 0)
    assert classes.counts["apple"] == ((x <= 0.5).sum(),) * 2
    assert classes.changed == pytest.approx(plums)


def test_numbers(compared, data, ask):
    found = ask("prices", "price")
    expected = [
        mean_squared_error(
            data.columns["price"], answers(compared, data, "prices", v)["prediction"]
        )
        ** 0.5
        for v in (1, 2)
    ]
    assert (found.quality.stable, found.quality.canary) == pytest.approx(tuple(expected), rel=1e-5)
    assert kinds(found) == [("wrong", True)]
    assert "wrong: rmse 1.1" in verdict(found)


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_computed_label_is_that_of_its_columns(compared, data, ask, transport, tmp_path):
    by_column = ask("good", "y", address=getattr(compared, transport))
    computed = ask("good", "big_tip", address=getattr(compared, transport))
    assert computed.quality == by_column.quality
    assert ask("good", "big_tip_xf", rows=300).quality == ask("good", "y", rows=300).quality
    # Cells without a value are missing labels; the first request has no tips that tell their type.
    tips = [str(tip) for tip in data.columns["tips"]]
    tips[:300] = [""] * 300
    path = write_rows(tmp_path / "rows.csv", 1000, tips=tips).path
    found = ask("good", "big_tip", path=path, address=getattr(compared, transport))
    assert (found.quality.rows, found.quality.missing) == (700, 300)
    y, p = data.columns["y"], answers(compared, data, "good", 1)["probability"]
    assert found.quality.stable == pytest.approx(roc_auc_score(y[300:], p[300:]), abs=1e-6)


def test_a_computed_label_of_cells_that_are_none(ask, tmp_path):
    path = write_rows(tmp_path / "rows.csv", 100, tips=["much"] * 100).path
    with pytest.raises(ServingError, match='column "tips": "much" is not a number'):
        ask("good", "big_tip", path=path)
    with pytest.raises(ServingError, match="nor does the model's signature transform_features"):
        ask("good", "big_tips")


def test_a_label_in_a_column_that_lacks_some(data, ask, tmp_path):
    y = [str(value) for value in data.columns["y"]]
    y[::10] = ["", " ", "NaN", "nan"] * 25
    found = ask("good", "y", path=write_rows(tmp_path / "rows.csv", 1000, y=y).path)
    assert (found.quality.rows, found.quality.missing) == (900, 100)
    assert "  · 100 rows have no label" in text(found)


def test_no_more_rows_than_wanted(ask):
    found = ask("good", "y", rows=110)
    assert (found.rows, found.request_rows, found.has_more_rows) == (110, 3, True)
    assert found.quality.rows == 110
    assert "110 rows of " in text(found)
    assert "which has more" in text(found)


class labels:  # noqa: N801 - a context manager that reads as a word
    """Gives a model other labels for a while."""

    def __init__(self, compared, model, others, wait=True):
        self._compared, self._model, self._others, self._wait = compared, model, others, wait

    def __enter__(self):
        self._before = self._compared.config.read_text()
        lines = self._before.splitlines(keepends=True)
        change = [
            line.replace(LABELS, self._others) if f'name: "{self._model}"' in line else line
            for line in lines
        ]
        self._write("".join(change))
        if self._wait:
            self._until(2)

    def __exit__(self, *_):
        self._write(self._before)
        self._until(1)

    def _write(self, content):
        new = self._compared.config.with_suffix(".new")
        new.write_text(content)
        new.replace(self._compared.config)

    def _until(self, version):
        with ServingClient(self._compared.rest, self._model, label="stable") as client:
            self._compared.wait_for(lambda: client.metadata().version == version)


def test_a_label_that_moves_meanwhile_ends_the_comparison(compared, ask, monkeypatch):
    monkeypatch.setattr(sides, "REQUESTS", 1000)
    moved = LABELS.replace('"stable" value: 1', '"stable" value: 2')
    began = time.monotonic()
    with labels(compared, "moving", LABELS, wait=False):
        mover = labels(compared, "moving", moved, wait=False)
        timer = threading.Timer(0.5, mover.__enter__)
        timer.start()
        try:
            with pytest.raises(ServingError) as caught:
                ask("moving")
        finally:
            timer.join()
    assert caught.value.what == (
        'label "stable" moved from version 1 to version 2 while versions were compared'
    )
    assert time.monotonic() - began < 15  # all requests take 20 s


def test_what_cannot_be_compared(compared, ask, tmp_path):
    with pytest.raises(ServingError, match=r'both labels of model "alone" .* are version 1') as one:
        ask("alone")
    assert "python -m serving canary VERSION" in one.value.fix
    with pytest.raises(ServingError, match=r'"unlabelled" at .* has no label "stable"') as none:
        ask("unlabelled")
    assert "--model_config_file" in none.value.expected
    assert "`python -m serving up` starts a server with them" in none.value.fix
    with pytest.raises(ServingError, match='model "gone" is not served at'):
        ask("gone")
    with pytest.raises(ServingError, match="no server at"):
        ask("good", address=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServingError, match="data not readable"):
        ask("good", path=tmp_path / "gone.csv")
    with pytest.raises(ServingError, match=r"stable 1 does not give one answer a row.* as total"):
        ask("whole")
    path = tmp_path / "rows.csv"
    path.write_text("x,hour\n1,2\n")
    with pytest.raises(ServingError, match="has no column company"):
        ask("good", path=path)
    path.write_text("x,hour,company,y\n" + "1,2,a,1\n" * 40)
    with pytest.raises(ServingError, match='all labels of "y" are "1"'):
        ask("good", "y", path=path)
