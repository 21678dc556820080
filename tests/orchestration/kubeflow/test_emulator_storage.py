"""What an object store and a metadata store keep of what they are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orchestration.kubeflow.emulator.bucket import Bucket, NoStorageError, local_path
from tests.orchestration.kubeflow.emulator.launcher import to_json
from tests.orchestration.kubeflow.emulator.mlmd import MlmdError, Store

MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}
SCALARS = (
    st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.booleans()
)


def files(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture
def bucket(tmp_path):
    return Bucket(tmp_path / "bucket", "minio://b/")


def test_local_paths(tmp_path):
    assert local_path(tmp_path, "minio://b/k/x") == tmp_path / "minio/b/k/x"
    assert local_path(tmp_path, "gs://b/k") == tmp_path / "gcs/b/k"
    assert local_path(tmp_path, "s3://b/k") == tmp_path / "s3/b/k"
    with pytest.raises(NoStorageError, match="unsupported storage scheme: /b/k"):
        local_path(tmp_path, "/b/k")


def test_a_folder_comes_back_without_its_empty_folders(bucket, tmp_path):
    source = tmp_path / "source"
    (source / "a" / "empty").mkdir(parents=True)
    (source / "a" / "file").write_bytes(b"\x00x")
    (source / "BLESSED").touch()
    assert bucket.upload(source, "minio://b/k/out") == 2
    assert bucket.download("minio://b/k/out", tmp_path / "copy") == 2
    assert files(tmp_path / "copy") == {"a/file": b"\x00x", "BLESSED": b""}
    assert not (tmp_path / "copy" / "a" / "empty").exists()


def test_a_file_comes_back_as_a_file(bucket, tmp_path):
    (tmp_path / "file").write_text("x")
    bucket.upload(tmp_path / "file", "minio://b/k/out")
    bucket.download("minio://b/k/out", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "x"


def test_objects_whose_key_begins_alike_come_along(bucket, tmp_path):
    (tmp_path / "file").write_text("x")
    bucket.upload(tmp_path / "file", "minio://b/k/model/file")
    bucket.upload(tmp_path / "file", "minio://b/k/model_run/file")
    assert bucket.download("minio://b/k/model", tmp_path / "pod" / "model") == 2
    assert set(files(tmp_path / "pod")) == {"model/file", "model_run/file"}


def test_what_is_not_there(bucket, tmp_path):
    with pytest.raises(FileNotFoundError):
        bucket.upload(tmp_path / "nothing", "minio://b/k")
    with pytest.raises(NoStorageError, match="expected bucket prefix 'minio://b/'"):
        bucket.upload(tmp_path, "minio://other/k")
    assert bucket.download("minio://b/k", tmp_path / "copy") == 0
    assert not (tmp_path / "copy").exists()


@given(st.dictionaries(st.text(min_size=1), SCALARS))
def test_numbers_come_back_as_doubles_and_text_as_it_was(metadata):
    store = Store()
    kept = store.record("out", {"type": MODEL, "uri": "minio://b/k", "metadata": metadata})
    back = store.runtime_artifact(kept.id)["metadata"]
    assert metadata.keys() <= back.keys()
    for key, value in metadata.items():
        if key in ("store_session_info", "_kfp_workspace"):
            continue
        assert back[key] == (value if isinstance(value, str) else float(value))
        assert type(back[key]) in (str, float)


def test_lists_and_structs_come_back_wrapped():
    store = Store()
    metadata = {"list": [1, 2], "struct": {"a": 1}, "display_name": "mine"}
    kept = store.record("out", {"type": MODEL, "metadata": metadata})
    back = store.runtime_artifact(kept.id)["metadata"]
    assert back["list"] == {"list": [1, 2]}
    assert back["struct"] == {"struct": {"a": 1}}
    assert back["display_name"] == "mine"


def test_ids_count_up_and_types_are_titles():
    store = Store()
    first = store.record("out", {"type": MODEL})
    second = store.record("logs", {"type": {"schemaTitle": "system.Artifact"}})
    assert (first.id, first.type) == (1, "tfx.Model")
    assert (second.id, second.type) == (2, "system.Artifact")


@pytest.mark.parametrize("schema", [{"instanceSchema": ""}, {"instanceSchema": "type: object"}, {}])
def test_a_type_without_a_title_is_refused(schema):
    with pytest.raises(MlmdError, match="no title"):
        Store().record("out", {"type": schema})


def test_null_is_refused():
    with pytest.raises(MlmdError, match="value type NoneType of 'x'"):
        Store().record("out", {"type": MODEL, "metadata": {"x": None}})


def test_whole_numbers_are_written_without_a_fraction():
    assert to_json({"a": 6.0, "b": [0.5, True, "x"]}) == '{"a":6,"b":[0.5,true,"x"]}'
