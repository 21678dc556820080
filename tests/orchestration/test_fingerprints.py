"""Digests of code, files and the lock: all of ours, nothing of others'."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration import fingerprints
from orchestration.fingerprints import (
    code_of,
    combined,
    file_digest,
    lock_digest,
    project_code,
)

DIGESTS = st.dictionaries(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" ")),
    st.text("0123456789abcdef", min_size=4, max_size=4),
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes modules of a user's into a folder that Python imports from."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**sources):
        for name, source in sources.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            if path.parent != tmp_path:
                (path.parent / "__init__.py").touch()
            path.write_text(source)

    return write


def names(digests):
    return {name.rpartition("/")[2] for name in digests}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_file_has_the_digest_of_its_bytes(tmp_path, size):
    content = b"\r\n" * (size // 2) + b"x" * (size % 2)
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == hashlib.sha256(content).hexdigest()[:16]


@given(DIGESTS, DIGESTS)
def test_combined_digests_are_equal_where_all_are(one, other):
    assert (combined(one) == combined(other)) is (one == other)


@given(DIGESTS, st.randoms())
def test_order_does_not_matter(digests, random):
    items = list(digests.items())
    random.shuffle(items)
    assert combined(dict(items)) == combined(digests)


def test_imports_of_imports_are_found(package):
    package(user_a="import user_b\n", user_b="from user_c import x\n", user_c="", user_d="")
    assert names(code_of(["user_a"])) == {"user_a.py", "user_b.py", "user_c.py"}


def test_imports_inside_of_functions_are_found(package):
    source = """
        class A:
            def method(self):
                if self:
                    import user_b
                try:
                    from user_c import x
                except ImportError:
                    pass
    """
    package(user_a=source.replace("\n        ", "\n"), user_b="", user_c="")
    assert names(code_of(["user_a"])) == {"user_a.py", "user_b.py", "user_c.py"}


@pytest.mark.parametrize(
    "how", ["from lib import deep", "import lib.deep", "from lib.deep import x"]
)
def test_modules_of_a_package_are_found(package, how):
    package(user_a=how, lib__deep="x = 1\n", lib__other="")
    found = names(code_of(["user_a"]))
    assert {"user_a.py", "deep.py"} <= found
    assert "other.py" not in found


@pytest.mark.parametrize("how", ["from . import deep", "from .deep import x"])
def test_relative_imports_are_found(package, how):
    package(lib__label=how, lib__deep="x = 1\n")
    assert "deep.py" in names(code_of(["lib.label"]))


def test_circles_end(package):
    package(user_a="import user_b\n", user_b="import user_a\n")
    assert names(code_of(["user_a"])) == {"user_a.py", "user_b.py"}


def test_the_code_of_others_does_not_count(package):
    package(user_a="import json, numpy, pydantic.fields, sys, no_such_module\n")
    assert names(code_of(["user_a"])) == {"user_a.py"}
    assert code_of(["numpy", "pydantic.fields", "sys", "no_such_module", "no.such"]) == {}


def test_a_user_s_module_may_use_the_project(package):
    package(user_a="from usecase.missing import missing_value\n")
    found = code_of(["user_a"])
    assert "usecase/missing.py" in found
    assert names(found) == {"user_a.py", "missing.py"}


def test_a_changed_byte_changes_its_file_alone(package, tmp_path):
    package(user_a="import user_b\n", user_b="x = 1\n")
    before = code_of(["user_a"])
    (tmp_path / "user_b.py").write_text("x = 2\n")
    after = code_of(["user_a"])
    assert names(k for k in before if before[k] != after[k]) == {"user_b.py"}
    assert combined(before) != combined(after)


@pytest.mark.parametrize(
    "how",
    [
        "import user_b",
        "from user_b import x",
    ],
)
def test_no_module_is_run_to_find_it(package, how):
    package(user_a=how, user_b="raise RuntimeError")
    assert names(code_of(["user_a"])) == {"user_a.py", "user_b.py"}


def test_what_the_rooms_import_lazily_is_theirs():
    gate = code_of(["components.data_gate"])
    assert {"components/data_gate.py", "components/data_checks.py", "models/labels.py"} <= set(gate)
    trainer = code_of(["models.trainer"])
    assert {"models/trainer.py", "models/network.py", "usecase/features.py"} <= set(trainer)
    for found in (gate, trainer):
        rooms = {name.partition("/")[0] for name in found}
        assert rooms <= {"components", "models", "usecase"}
    assert gate["models/columns.py"] == trainer["models/columns.py"]


@pytest.fixture
def locks(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("tfx==1.16.0\n")
    (tmp_path / "a.in").write_text("tfx\n")
    monkeypatch.setattr(fingerprints, "LOCKS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content", "changes"),
    [
        ("a.txt", "tfx==1.16.1\n", True),
        ("b.txt", "", True),
        ("a.in", "tfx>1\n", False),
        ("a.txt", "tfx==1.16.0\n", False),
    ],
)
def test_the_lock(locks, name, content, changes):
    before = lock_digest()
    (locks / name).write_text(content)
    assert (lock_digest() != before) is changes


def test_there_is_a_lock():
    assert lock_digest() != combined({})


@pytest.mark.parametrize("checkout", ["project", "tests/site/project"])
def test_the_project_is_its_packages_without_their_tests(tmp_path, monkeypatch, checkout):
    root = tmp_path / checkout
    sources = ("models/__init__.py", "models/deep/network.py", "tests/test_models.py", "setup.py")
    for name in (*sources, "tests/__init__.py", "docs/example.py", "models/notes.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    monkeypatch.setattr(fingerprints, "PROJECT_ROOT", root)
    assert set(project_code()) == {"models/__init__.py", "models/deep/network.py"}


def test_the_project_holds_every_room():
    rooms = {name.partition("/")[0] for name in project_code()}
    assert rooms >= {"usecase", "serving", "models", "components", "pipeline", "orchestration"}
    assert "tests" not in rooms
