"""Which files a data path means: one, those of a pattern, or what lies elsewhere."""

import os

import pytest

from usecase.config import Data
from usecase.data_files import DataFiles, find_data, is_remote, split_pattern
from usecase.errors import ConfigError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("rows/a-2.csv", "rows/a-1.csv", "rows/b.csv", "rows/.c.csv", "more/a-3.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(path):
    return find_data(Data(path=str(path)))


def fault(path):
    with pytest.raises(ConfigError) as caught:
        found(path)
    assert caught.value.expected
    assert caught.value.fix
    return caught.value


def names(files, folder):
    return [str(path.relative_to(folder)) for path in files.local]


def test_one_file(folder):
    file = folder / "rows" / "b.csv"
    assert found("rows/b.csv") == found(file) == DataFiles(str(file), (file,))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("rows/a-*.csv", ["rows/a-1.csv", "rows/a-2.csv"]),
        ("./rows/a-?.csv", ["rows/a-1.csv", "rows/a-2.csv"]),
        ("rows/[ab]*[12].csv", ["rows/a-1.csv", "rows/a-2.csv"]),
        ("*/a-*.csv", ["more/a-3.csv", "rows/a-1.csv", "rows/a-2.csv"]),
        ("m*/a-3.csv", ["more/a-3.csv"]),
        # TFX and Beam see hidden files too.
        ("rows/*.csv", ["rows/.c.csv", "rows/a-1.csv", "rows/a-2.csv", "rows/b.csv"]),
    ],
)
def test_a_pattern_means_its_files_by_name(folder, pattern, expected):
    for written in (pattern, folder / pattern):
        files = found(written)
        assert names(files, folder) == expected
        assert files.pattern == str(folder / pattern)


def test_the_project_is_the_second_place(folder):
    assert [path.name for path in found("configs/tax?.yaml").local] == ["taxi.yaml"]
    (folder / "configs").mkdir()
    (folder / "configs" / "taxi.yaml").touch()
    assert found("configs/tax?.yaml").local == (folder / "configs" / "taxi.yaml",)


def test_a_pattern_inside_a_package():
    files = found("pkg:tfx/examples/chicago_taxi_pipeline/data/simple/d*.csv")
    assert [path.name for path in files.local] == ["data.csv"]
    assert files.pattern.endswith("/tfx/examples/chicago_taxi_pipeline/data/simple/d*.csv")


@pytest.mark.parametrize("name", ["rows[1].csv", "a*b.csv", "what?.csv"])
def test_a_name_may_look_like_a_pattern(folder, name):
    (folder / "odd[x]").mkdir()
    (folder / "odd[x]" / name).touch()
    (folder / "odd[x]" / "rows1.csv").touch()
    literal = found(f"odd[x]/{name}")
    assert literal.local == (folder / "odd[x]" / name,)
    # The tests of the pipeline hold this against TFX's own search.
    assert literal.pattern != str(folder / "odd[x]" / name)
    os.chdir(folder / "odd[x]")
    assert len(found("*.csv").local) == 2


@pytest.mark.parametrize(
    "path", ["rows/c*.csv", "none/*.csv", "rows/**/*.csv", "**.csv", "pkg:no_such/*.csv", "*\0"]
)
def test_a_pattern_that_matches_nothing(folder, path):
    error = fault(path)
    assert error.what == f"data not found: no file matches {path}"
    assert error.expected.startswith("at least one")


def test_a_folder_is_no_file(folder):
    error = fault("rows/")
    assert error.what == "data is a folder: rows/"
    assert error.fix == "name its files, for example rows/*.csv"
    assert fault("ro*").what == f"data pattern ro* matches a folder: {folder / 'rows'}"


def test_a_file_that_is_not_there_is_no_pattern(folder):
    assert fault("rows/c.csv").what == "data not found: rows/c.csv"


@pytest.mark.parametrize(
    "path", ["gs://bucket/rows.csv", "gs://bucket/a/*.csv", "gs://bucket/*/b-?.tfrecord.gz"]
)
def test_what_lies_elsewhere_is_passed_on_unseen(path):
    assert found(path) == DataFiles(path, ())


@pytest.mark.parametrize("path", ["gs://", "gs://bucket", "gs://bucket/", "gs://b*/x", "gs:///x"])
def test_what_can_be_nowhere_under_gs(path):
    assert fault(path).what == f"data not understood: {path}"


@pytest.mark.parametrize("path", ["s3://bucket/rows.csv", "https://host/x.csv", "GS://bucket/x"])
def test_other_places_are_refused(path):
    assert fault(path).what.startswith(f"data cannot be read from {path.partition('//')[0]}//")


def test_a_query_has_no_files():
    query = Data(query="SELECT 1", project="p", temp_location="gs://bucket/tmp")
    assert find_data(query) == DataFiles("", ())


@pytest.mark.parametrize(
    ("path", "remote"), [("gs://bucket/x", True), ("rows.csv", False), ("a:b//c.csv", False)]
)
def test_what_is_remote(path, remote):
    assert is_remote(path) is remote


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("/data/rows.csv", ("/data", "rows.csv")),
        ("/data/*.csv", ("/data", "*.csv")),
        ("/data/a[[]1]/b/rows.csv", ("/data", "a[[]1]/b/rows.csv")),
        ("/d/2024-*/part-?.csv", ("/d", "2024-*/part-?.csv")),
        ("gs://bucket/a/b-*.csv", ("gs://bucket/a", "b-*.csv")),
        ("gs://bucket/rows.csv", ("gs://bucket", "rows.csv")),
        ("/rows.csv", ("/", "rows.csv")),
        ("/*/rows.csv", ("/", "*/rows.csv")),
        ("*.csv", ("", "*.csv")),
    ],
)
def test_a_pattern_is_split_before_its_first_wildcard(pattern, parts):
    assert split_pattern(pattern) == parts
