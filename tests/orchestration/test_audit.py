"""Functions of the user's own are tried before a run, and on the phone's interpreter as well."""

from pathlib import Path

import pytest

from orchestration.audit import require_sound_functions
from usecase.declaration import declare
from usecase.errors import ConfigError
from usecase.loading import parse_use_case
from usecase.paths import PROJECT_ROOT
from usecase.schema import read_schema

TAXI = (PROJECT_ROOT / "configs/taxi.yaml").read_text()
SECONDS = "[trip_start_timestamp]"


@pytest.fixture(autouse=True)
def _own_functions_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)


def audit(function, columns, role="numeric", more=""):
    """Audits one feature of the taxi use case that a function computes."""
    what = f"function: own_functions.{function}, columns: {columns}{more}"
    own = f"  own: {{role: {role}, {what}}}\n"
    use_case = parse_use_case(TAXI.replace("\nfeatures:\n", f"\nfeatures:\n{own}"))
    require_sound_functions(declare(use_case, read_schema(PROJECT_ROOT / use_case.schema_file)))


def test_a_sound_function_passes():
    audit("sound", "[fare, trip_miles]")


def test_without_functions_nothing_is_started(monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("started a process"))
    use_case = parse_use_case(TAXI)
    require_sound_functions(declare(use_case, read_schema(PROJECT_ROOT / use_case.schema_file)))


@pytest.mark.parametrize(
    ("function", "role", "operation"),
    [
        ("hashes", "categorical_integer", "StringToHashBucketFast"),
        ("divides_int64", "categorical_integer", "FloorDiv"),
    ],
)
def test_what_the_phone_cannot_do_is_refused_and_named(function, role, operation):
    with pytest.raises(ConfigError, match=f"cannot run on the phone.*{operation}") as caught:
        audit(function, SECONDS, role)
    assert "features.own.mobile: false" in caught.value.fix
    audit(function, SECONDS, role, ", mobile: false")


@pytest.mark.parametrize(
    ("function", "columns", "what"),
    [
        ("misspells", "[fare]", "KeyError: 'fair'"),
        ("of_another_dtype", SECONDS, "returned int64"),
        ("of_another_shape", "[fare]", r"of shape \(None, 1\)"),
    ],
)
def test_what_does_not_compute_is_refused_wherever_it_is_to_run(function, columns, what):
    with pytest.raises(ConfigError, match=what) as caught:
        audit(function, columns, more=", mobile: false")
    assert caught.value.fix == "correct the function"
