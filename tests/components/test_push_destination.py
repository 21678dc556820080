"""A push destination, its versions, and a copy that is whole or not there."""

import os
import shutil
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import push_destination
from components.push_destination import digest, latest_version, publish, versions

FILES = {"saved_model.pb": b"graph", "variables/variables.data": b"weights", "assets/v": b""}
NAMES = ("a", "ab", "d/a", "d/b", "e/a")
TREES = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=3))


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def model(tmp_path):
    return write(tmp_path / "model", FILES)


@pytest.fixture
def fail_after_first_file(monkeypatch):
    def fail(source, target):
        write(target, {"saved_model.pb": b"gra"})
        raise OSError("disk full")

    monkeypatch.setattr(push_destination.shutil, "copytree", fail)
    return monkeypatch


def test_versions_are_folders_with_a_number_for_a_name(tmp_path):
    for name in ("10", "9", "incoming-11", "12.tmp", "v13", "-14", "1e3", "٣", "15 "):
        (tmp_path / name).mkdir()
    (tmp_path / "16").write_text("a file")
    assert versions(tmp_path) == [9, 10]
    assert latest_version(tmp_path) == 10


def test_where_nothing_was_pushed_there_is_no_version(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        assert versions(folder) == []
        assert latest_version(folder) is None


def test_publish_copies_all(model, tmp_path):
    target = publish(model, tmp_path / "new" / "serving", 7)
    assert target == tmp_path / "new" / "serving" / "7"
    assert read(target) == FILES
    assert names(target.parent) == ["7"]


def test_an_existing_version_is_not_touched(model, tmp_path):
    write(tmp_path / "serving" / "7", {"saved_model.pb": b"older"})
    with pytest.raises(FileExistsError, match="version 7 is already in"):
        publish(model, tmp_path / "serving", 7)
    assert read(tmp_path / "serving") == {"7/saved_model.pb": b"older"}


def test_a_reader_never_sees_a_copy_at_work(model, tmp_path, monkeypatch):
    seen = []

    def watched(source, target):
        shutil.copytree(source, target)
        seen.append(versions(tmp_path / "serving"))

    patched = SimpleNamespace(copytree=watched, rmtree=shutil.rmtree)
    monkeypatch.setattr(push_destination, "shutil", patched)
    publish(model, tmp_path / "serving", 1)
    publish(model, tmp_path / "serving", 2)
    assert seen == [[], [1]]


def test_a_failed_copy_leaves_no_version(model, tmp_path, fail_after_first_file):
    write(tmp_path / "serving" / "1", FILES)
    with pytest.raises(OSError, match="disk full"):
        publish(model, tmp_path / "serving", 2)
    assert names(tmp_path / "serving") == ["1"]
    assert read(tmp_path / "serving" / "1") == FILES

    fail_after_first_file.undo()
    assert read(publish(model, tmp_path / "serving", 2)) == FILES
    assert names(tmp_path / "serving") == ["1", "2"]


def age(path, seconds):
    then = time.time() - seconds
    for each in (*path.rglob("*"), path):
        os.utime(each, (then, then))


@pytest.mark.parametrize("left_over", ["incoming-7", "incoming-3-0f"])
def test_what_a_kill_left_behind_reaches_no_version(model, tmp_path, left_over):
    path = write(tmp_path / "serving" / left_over, {"variables/stale": b"of another model"})
    age(path, 2 * push_destination.STALE_SECONDS)
    assert versions(tmp_path / "serving") == []
    assert read(publish(model, tmp_path / "serving", 7)) == FILES
    assert names(tmp_path / "serving") == ["7"]


def test_what_changed_lately_may_be_another_run_at_work(model, tmp_path):
    path = write(tmp_path / "serving" / "incoming-7", {"a": b"old", "variables/new": b"half"})
    age(path, 2 * push_destination.STALE_SECONDS)
    (path / "variables" / "new").write_bytes(b"more")
    publish(model, tmp_path / "serving", 8)
    assert names(tmp_path / "serving") == ["8", "incoming-7"]


def test_two_runs_at_once_push_two_whole_models(model, tmp_path, monkeypatch):
    serving = tmp_path / "serving"
    others = []

    def copy_with_another(source, target, **options):
        if not others:
            others.append(None)
            target.mkdir()
            (target / "half").write_bytes(b"")
            publish(model, serving, 11)
            shutil.rmtree(target)
        return shutil.copytree(source, target, **options)

    patched = SimpleNamespace(copytree=copy_with_another, rmtree=shutil.rmtree)
    monkeypatch.setattr(push_destination, "shutil", patched)
    publish(model, serving, 10)
    assert names(serving) == ["10", "11"]
    assert read(serving / "10") == read(serving / "11") == FILES


def test_a_copy_has_the_digest_of_its_model(model, tmp_path):
    shutil.copytree(model, tmp_path / "copy")
    assert digest(tmp_path / "copy") == digest(model)


@pytest.mark.parametrize(
    "changed",
    [
        {"a": b"1", "b": b"2", "c": b""},
        {"a": b"1"},
        {"a": b"1", "b": b"3"},
        {"a": b"2", "b": b"1"},
        {"a": b"1", "d/b": b"2"},
        {"a": b"12", "b": b""},
        {"a": b"", "b": b"12"},
        {"a1": b"", "b": b"2"},
        {"a": b"1b2"},
    ],
)
def test_a_digest_tells_names_and_contents(tmp_path, changed):
    before = write(tmp_path / "before", {"a": b"1", "b": b"2"})
    assert digest(before) != digest(write(tmp_path / "after", changed))


def test_a_model_that_is_gone_differs_from_every_other(model, tmp_path):
    assert digest(tmp_path / "missing") == digest(write(tmp_path / "empty", {}))
    assert digest(tmp_path / "missing") != digest(model)


@settings(deadline=None, max_examples=60)
@given(TREES, TREES)
def test_digests_are_equal_where_trees_are(tmp_path_factory, one, other):
    folder = tmp_path_factory.mktemp("trees")
    same = digest(write(folder / "one", one)) == digest(write(folder / "other", other))
    assert same is (one == other)


def test_a_folder_can_be_left_out_of_a_digest(model, tmp_path):
    before = digest(model)
    write(model, {"assets.extra/requests": b"warm-up", "variables/assets.extra/x": b"counts"})
    assert digest(model, leaving_out="assets.extra") not in (before, digest(model))
    shutil.rmtree(model / "variables" / "assets.extra")
    assert digest(model, leaving_out="assets.extra") == before
    assert digest(model, leaving_out="variables") != before
