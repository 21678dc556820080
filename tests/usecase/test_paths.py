"""Where the files that a configuration names are looked for."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT, module_file, resolve


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A current directory that is not the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bomb(elsewhere, monkeypatch):
    """A package that must not be imported, with files in it."""
    folder = elsewhere / "bomb_package"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('imported')")
    (folder / "label.py").write_text("raise SystemExit('imported')")
    (folder / "data" / "rows.csv").write_text("a\n1\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    return folder


def test_an_absolute_path_is_itself(elsewhere):
    (elsewhere / "rows.csv").touch()
    assert resolve(str(elsewhere / "rows.csv"), "data") == elsewhere / "rows.csv"


def test_the_project_is_the_second_place(elsewhere):
    relative = "configs/taxi.yaml"
    assert resolve(relative, "config") == PROJECT_ROOT / relative
    (elsewhere / "configs").mkdir()
    (elsewhere / relative).touch()
    assert resolve(relative, "config") == elsewhere / relative


def test_the_project_root_is_where_the_rooms_are():
    assert Path(__file__).resolve().parents[2] == PROJECT_ROOT


def test_home(elsewhere, monkeypatch):
    monkeypatch.setenv("HOME", str(elsewhere))
    (elsewhere / "rows.csv").touch()
    assert resolve("~/rows.csv", "data") == elsewhere / "rows.csv"


def test_a_file_that_is_not_there(elsewhere):
    with pytest.raises(ConfigError) as caught:
        resolve("rows.csv", "data.path")
    assert str(caught.value) == (
        "data.path not found: rows.csv\n"
        f"  expected: a file at {elsewhere / 'rows.csv'}\n"
        "  fix: correct the path, or create the file"
    )


def test_a_file_inside_a_package_that_is_not_imported(bomb):
    assert resolve("pkg:bomb_package/data/rows.csv", "data") == bomb / "data" / "rows.csv"
    assert "bomb_package" not in sys.modules


@pytest.mark.parametrize(
    ("path", "package", "rest"),
    [
        ("pkg:bomb_package/nope.csv", "bomb_package", "nope.csv"),
        ("pkg:bomb_package/data", "bomb_package", "data"),
        ("pkg:bomb_package", "bomb_package", ""),
        ("pkg:no_such_package/rows.csv", "no_such_package", "rows.csv"),
        ("pkg:math/rows.csv", "math", "rows.csv"),
        ("pkg:a.b/rows.csv", "a.b", "rows.csv"),
        ("pkg:/etc/passwd", "", "etc/passwd"),
        ("pkg:", "", ""),
    ],
)
def test_a_file_that_is_in_no_package(bomb, path, package, rest):
    with pytest.raises(ConfigError) as caught:
        resolve(path, "data.path")
    assert caught.value.what == f"data.path not found: {path}"
    assert caught.value.expected == f'a file "{rest}" inside the installed package "{package}"'


def test_the_bundled_data_is_found_without_importing_tfx():
    code = (
        "import sys; from usecase.paths import resolve;"
        "path = resolve('pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv', 'data');"
        "print(path.open().readline().split(',')[0], 'tfx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
    )
    assert done.stdout == "pickup_community_area False\n"


@given(st.text("ab./:~ ", max_size=12).map(lambda text: "no-such-folder/" + text + "x"))
def test_a_path_is_found_or_refused(path):
    with pytest.raises(ConfigError, match="not found"):
        resolve(path, "data")


@pytest.mark.parametrize("path", ["~no-such-user/rows.csv", "x" * 5000])
def test_a_path_that_python_refuses(path):
    with pytest.raises(ConfigError, match="not found"):
        resolve(path, "data")


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("models.taxi", PROJECT_ROOT / "models" / "taxi.py"),
        ("models", PROJECT_ROOT / "models" / "__init__.py"),
        ("yaml.loader", Path(__import__("yaml").__file__).with_name("loader.py")),
    ],
)
def test_the_file_of_a_module(module, file):
    assert module_file(module) == file


def test_the_file_of_a_module_that_is_not_imported(bomb):
    assert module_file("bomb_package.label") == bomb / "label.py"
    assert "bomb_package" not in sys.modules


@pytest.mark.parametrize(
    "module", ["", ".", "models.nope", "no_such_package.label", "sys", "models.taxi.big_tip"]
)
def test_a_module_without_a_file(module):
    assert module_file(module) is None
