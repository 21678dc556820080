"""What a declaration needs beside the YAML: the schema's file and the label's function."""

import sys

import pytest

from usecase.checks import require_function
from usecase.errors import ConfigError
from usecase.features import read_schema


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """Writes a module that must not be imported; returns its folder."""

    def own_module(text):
        (tmp_path / "own_label.py").write_text("raise SystemExit('imported')\n" + text)
        monkeypatch.syspath_prepend(str(tmp_path))
        return tmp_path / "own_label.py"

    return own_module


def test_a_function_is_found_without_importing_its_module(own_module):
    own_module("def late(columns):\n    return columns\n")
    require_function("own_label.late")
    assert "own_label" not in sys.modules


def test_a_function_that_the_module_lacks(own_module):
    path = own_module("def late(columns):\n    def inner(): ...\n\nlatest = late\n")
    for name, fix in [("lat", 'did you mean "late"?'), ("inner", "known: late")]:
        with pytest.raises(ConfigError) as caught:
            require_function(f"own_label.{name}")
        what = f'function "own_label.{name}": {path} defines no function "{name}"'
        assert (caught.value.what, caught.value.fix) == (what, fix)


@pytest.mark.parametrize(
    ("path", "module"),
    [("models.txi.big_tip", "models.txi"), ("big_tip", ""), ("", ""), (".x", ""), ("sys.x", "sys")],
)
def test_a_module_that_is_not_there(path, module):
    with pytest.raises(ConfigError) as caught:
        require_function(path)
    assert caught.value.what == f'function "{path}": there is no module "{module}"'
    assert caught.value.fix == "correct the path"


def test_a_module_with_a_syntax_error(own_module):
    own_module("def late(columns)\n    return columns\n")
    with pytest.raises(ConfigError, match="own_label"):
        require_function("own_label.late")


def test_a_schema_is_read(tmp_path):
    (tmp_path / "schema.pbtxt").write_text('feature { name: "a" type: INT }')
    assert [f.name for f in read_schema(tmp_path / "schema.pbtxt").feature] == ["a"]


@pytest.mark.parametrize(
    ("content", "where"),
    [(b'feature { name: "a" typ: INT }', "1:21"), (b"feature {", "1:9"), (b"\xff\xfe", "utf-8")],
)
def test_a_schema_that_is_none(tmp_path, content, where):
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_schema(path)
    assert caught.value.what.startswith(f"schema not readable: {path}: ")
    assert where in caught.value.what


def test_a_schema_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_schema(tmp_path / "nope.pbtxt")
