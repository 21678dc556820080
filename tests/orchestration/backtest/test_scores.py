"""A result on disk, and when it is the same again."""

import json

from orchestration.local.backtest.scores import Backtest, Drift, Score

FOUND = Backtest(
    "u",
    "year",
    ("2013", "2014"),
    Score("test", 9, {"auc": 0.5}, {}),
    (Score("2015", 8, {"auc": 0.25}, {"auc": 0.125}, Drift("a", 0.5, 0.25)),),
)


def test_it_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "r.json"
    FOUND.write(path, "k")
    assert Backtest.read(path, "k") == FOUND
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_another_or_a_broken_one_is_none(tmp_path):
    path = tmp_path / "r.json"
    assert Backtest.read(path, "k") is None
    FOUND.write(path, "k")
    assert Backtest.read(path, "other") is None
    raw = json.loads(path.read_text())
    for broken in ("", "[]", json.dumps({**raw, "more": 1}), json.dumps({**raw, "later": [1]})):
        path.write_text(broken)
        assert Backtest.read(path, "k") is None
