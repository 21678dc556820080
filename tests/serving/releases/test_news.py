"""What `up` tells of a release while it serves it."""

import pytest

from serving.releases import changes
from serving.releases.changes import Stamp
from serving.releases.news import News
from serving.releases.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    push(store, 1)
    store.write(changes.first("m", 1, stamp()))
    return store


def push(store, version):
    (store.folder / str(version)).mkdir()
    (store.folder / str(version) / "saved_model.pb").touch()


def stamp(why=""):
    return Stamp("ann@box", "2026-11-26T02:00:00Z", why)


def change(store, make, *arguments, why=""):
    store.write(make(store.read(), *arguments, stamp(why)))


def test_labels_that_move(store):
    news = News(store.folder, "")
    push(store, 2)
    assert list(news.lines()) == [
        "  · version 2 is pushed, not served",
        "    python -m serving canary 2 --percent 10",
    ]
    assert list(news.lines()) == []
    change(store, changes.canary, 2, 10)
    assert list(news.lines()) == ["  · canary is version 2 now, 10 %  by ann@box"]
    change(store, changes.canary, 2, 0.5, why="less")
    assert list(news.lines()) == ['  · canary is version 2 now, 0.5 %  by ann@box · "less"']
    change(store, changes.promote, 2)
    assert list(news.lines()) == ["  ✔ stable is version 2 now, before 1  by ann@box"]
    change(store, changes.canary, 1, 5)
    assert list(news.lines()) == ["  · canary is version 1 now, 5 %  by ann@box"]
    change(store, changes.rollback, [1, 2])
    assert list(news.lines()) == ["  · no canary now, before 1  by ann@box"]
    assert list(news.lines()) == []


def test_what_was_pushed_before_is_told_at_first(store):
    push(store, 3)
    push(store, 2)
    lines = list(News(store.folder, " --server x:1").lines())
    assert lines == [
        "  · version 2 is pushed, not served",
        "    python -m serving canary 2 --percent 10 --server x:1",
        "  · version 3 is pushed, not served",
        "    python -m serving canary 3 --percent 10 --server x:1",
    ]


def test_what_was_tried_or_is_older_is_not_new(store):
    push(store, 5)
    change(store, changes.promote, 5)
    push(store, 3)
    push(store, 7)
    change(store, changes.canary, 7, 5)
    change(store, changes.rollback, [1, 3, 5, 7])
    assert list(News(store.folder, "").lines()) == []


def test_a_damaged_state_is_told_once_and_it_goes_on(store):
    news = News(store.folder, "")
    good = (store.folder / "release.json").read_text()
    (store.folder / "release.json").write_text("{")
    (line,) = news.lines()
    assert line.startswith(f"  ✘ {store.folder / 'release.json'} is damaged")
    assert list(news.lines()) == []
    (store.folder / "release.json").write_text(good)
    change(store, changes.canary, 2, 10)
    assert list(news.lines()) == ["  · canary is version 2 now, 10 %  by ann@box"]
    (store.folder / "release.json").unlink()
    assert list(news.lines()) == []
