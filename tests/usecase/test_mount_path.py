"""Where a volume may be mounted in a pod, and where it would hide what the pod needs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.entrypoint.mounts import FOLDERS
from usecase.mount_path import check_mount_path
from usecase.paths import PROJECT_ROOT

DOCKERFILE = (PROJECT_ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
TAKEN = [
    *("/minio", "/gcs", "/s3", "/kfp-launcher", "/.local", "/.cache", "/.config"),
    *("/pipeline", "/opt/pipeline", "/opt/apache", "/home/pipeline"),
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root"),
    *("/run", "/sbin", "/sys", "/tmp", "/usr", "/var"),
]


@pytest.mark.parametrize(
    "path",
    [
        *("/m", "/mnt", "/mnt/a.b", "/mnt/pipeline", "/data", "/models", "/srv/x", "/s30", "/tmpx"),
        *(
            "/library",
            "/opt/models",
            "/home/someone",
            "/pipelines",
            "/mnt/s3",
            "/data/tmp",
            "/a..b",
        ),
        *("/mnt/opt/pipeline", "/.x"),
    ],
)
def test_a_folder_of_its_own(path):
    assert check_mount_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/",
            "mnt",
            "./mnt",
            "//mnt",
            "/mnt//x",
            "/mnt/",
            "/mnt/.",
            "/mnt/../s3",
            "/..",
            "/./x",
        ),
        *("/a b", "/a\n", "/a:b"),
    ],
)
def test_no_path_in_its_shortest_form(path):
    with pytest.raises(
        ValueError, match="expected an absolute path such as /mnt/pipeline, without"
    ):
        check_mount_path(path)


@pytest.mark.parametrize("folder", TAKEN)
@given(below=st.lists(NAMES, max_size=3))
def test_a_folder_of_someone_else_and_all_below_it(folder, below):
    with pytest.raises(ValueError, match=f": {re.escape(folder)} belongs to "):
        check_mount_path("/".join([folder, *below]))


@pytest.mark.parametrize("path", ["/opt", "/home"])
def test_a_folder_above_one(path):
    with pytest.raises(ValueError, match=rf": {path}/\w+ belongs to the image, whose files"):
        check_mount_path(path)


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["/mnt", "/data", "/models"]))
def test_all_else_is_taken(parts, folder):
    path = "/".join([folder, *parts])
    assert check_mount_path(path) == path


def test_each_is_told_why():
    with pytest.raises(ValueError, match="/s3 belongs to Kubeflow's launcher, which takes what"):
        check_mount_path("/s3")
    with pytest.raises(ValueError, match=r"/usr belongs to the system$"):
        check_mount_path("/usr/local/models")


def test_folders_that_stand_for_addresses_are_taken():
    for folder in FOLDERS.values():
        with pytest.raises(ValueError, match="launcher"):
            check_mount_path(f"/{folder}/serving")


def test_folders_of_the_image_are_taken():
    """Those in which it is built are no folders of the image."""
    last = DOCKERFILE.split("\nFROM ")[-1]
    made = re.search(r"install --directory --mode 1777 (.*) \\", last)[1].split()
    venv = re.search(r"^ARG VENV=(.*)$", DOCKERFILE, re.MULTILINE)[1]
    copied = re.findall(r"^COPY --from=\S+ \S+ (/\S+)$", last, re.MULTILINE)
    homes = re.findall(r"^WORKDIR (.*)$", last, re.MULTILINE)
    found = {*made, venv, *copied, *homes}
    assert found == {
        *("/home/pipeline", "/minio", "/gcs", "/s3"),
        *("/opt/pipeline", "/opt/apache/beam", "/pipeline"),
    }
    for folder in found:
        with pytest.raises(ValueError, match="belongs to"):
            check_mount_path(folder)
