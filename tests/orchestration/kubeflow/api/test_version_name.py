"""Versions are named by the commit and by what was compiled."""

import subprocess

import pytest

from orchestration.kubeflow.api.package import parse_package
from orchestration.kubeflow.api.version_name import version_name
from tests.orchestration.kubeflow import toy_package

PACKAGE = parse_package(toy_package.text())


def git(folder, *arguments):
    who = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(
        ["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_commit_names_it(folder):
    commit = git(folder, "rev-parse", "HEAD")[:12]
    assert version_name(PACKAGE, folder) == (f"toy-{commit}-{PACKAGE.digest}", False)


def test_another_commit_is_another_version(folder):
    before = version_name(PACKAGE, folder)
    git(folder, "commit", "-q", "--allow-empty", "-m", "second")
    assert version_name(PACKAGE, folder) != before


def test_another_pipeline_of_the_commit_is_another_version(folder):
    other = parse_package(toy_package.text(sdkVersion="tfx-1.17.0"))
    assert version_name(PACKAGE, folder) != version_name(other, folder)


@pytest.mark.parametrize("is_staged", [False, True])
def test_changes_without_a_commit_show(folder, is_staged):
    (folder / "code.py").write_text("2\n")
    if is_staged:
        git(folder, "add", ".")
    commit = git(folder, "rev-parse", "HEAD")[:12]
    assert version_name(PACKAGE, folder) == (f"toy-{commit}-dirty-{PACKAGE.digest}", True)


def test_what_compile_wrote_is_no_change(folder):
    before = version_name(PACKAGE, folder)
    (folder / "toy.yaml").write_text(toy_package.text())
    assert version_name(PACKAGE, folder) == before


@pytest.mark.parametrize("where", [None, "empty", "below"])
def test_without_a_commit_of_the_project_it_is_the_digest(where, tmp_path, request):
    folder = None
    if where == "empty":
        folder = tmp_path
    elif where == "below":  # a project inside somebody else's repository
        folder = request.getfixturevalue("folder") / "site-packages"
        folder.mkdir()
    assert version_name(PACKAGE, folder) == (f"toy-{PACKAGE.digest}", False)


def test_without_git_it_is_the_digest(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert version_name(PACKAGE, folder) == (f"toy-{PACKAGE.digest}", False)
