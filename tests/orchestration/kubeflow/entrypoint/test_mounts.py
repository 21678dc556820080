"""Addresses in object stores, and the folders at which a pod sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.entrypoint.mounts import Mounts

SCRATCH = {"KUBEFLOW_MOUNT_ROOT": "/tmp/pod/"}
KEYS = st.from_regex(r"[a-z0-9.-]{1,9}(/[A-Za-z0-9_.=@ -]{1,9}){1,4}", fullmatch=True)
URIS = st.tuples(st.sampled_from(["gs", "minio", "s3"]), KEYS).map("://".join)
ENVIRONMENTS = st.sampled_from([{}, SCRATCH])


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        ("minio://mlpipeline/v2/x", "/minio/mlpipeline/v2/x"),
        ("gs://bucket/x", "/gcs/bucket/x"),
        ("s3://bucket/x", "/s3/bucket/x"),
        ("/mnt/pipeline/x", "/mnt/pipeline/x"),
        ("http://host/x", "http://host/x"),
        ("", ""),
    ],
)
def test_where_a_pod_sees_an_address(uri, local):
    assert Mounts({}).local(uri) == local


def test_a_root_is_put_before_it():
    assert Mounts(SCRATCH).local("minio://b/k") == "/tmp/pod/minio/b/k"


@given(URIS, ENVIRONMENTS)
def test_there_and_back(uri, environ):
    mounts = Mounts(environ)
    local = mounts.local(uri)
    assert local.startswith("/")
    assert mounts.remote(local) == uri
    assert mounts.remote({"a": [local, {"b": f"see {local}, or '{local}'"}]}) == {
        "a": [uri, {"b": f"see {uri}, or '{uri}'"}]
    }


@given(st.text())
def test_a_text_without_a_folder_stays(text):
    assert Mounts(SCRATCH).remote(text) == text


@pytest.mark.parametrize(
    "text", ["/mnt/minio/b/k", "/data/gcs/b", "x/s3/b", "./minio/b", "/minio", "/tmp/s3/x"]
)
def test_another_folder_with_such_a_name_stays(text):
    assert Mounts({}).remote(text) == text


def test_values_that_are_no_texts_stay():
    tree = {"a": 1.0, "b": None, "c": [True]}
    assert Mounts({}).remote(tree) == tree


def test_native_addresses_stay_as_they_are():
    mounts = Mounts({}, native=True)
    assert mounts.local("gs://b/k") == "gs://b/k"
    assert mounts.remote("/gcs/b/k") == "/gcs/b/k"
    assert mounts.local("minio://b/k") == "/minio/b/k"
    assert mounts.remote("/minio/b/k") == "minio://b/k"


@pytest.mark.parametrize(
    ("environ", "path", "file"),
    [
        ({}, "/tmp/kfp_outputs/output_metadata.json", "/tmp/kfp_outputs/output_metadata.json"),
        ({}, "/minio/b/k/output_metadata.json", "/minio/b/k/output_metadata.json"),
        (SCRATCH, "/minio/b/k/output_metadata.json", "/tmp/pod/minio/b/k/output_metadata.json"),
        (SCRATCH, "/tmp/pod/minio/b/k.json", "/tmp/pod/minio/b/k.json"),
        ({}, "gs://b/k/executor_output.json", "/gcs/b/k/executor_output.json"),
    ],
)
@pytest.mark.parametrize("native", [True, False])
def test_where_the_output_file_is(environ, path, file, native):
    assert Mounts(environ, native=native).file(path) == file
