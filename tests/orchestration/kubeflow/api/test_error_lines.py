"""Why a container failed, from what it logged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.api.error_lines import error_line
from orchestration.kubeflow.api.errors import LONGEST
from usecase.errors import UserError

LAUNCHER = "F1126 08:00:00.000000      13 main.go:49] exit status 1\n"
TRACEBACK = """Traceback (most recent call last):
  File "run.py", line 3, in <module>
    run()
ValueError: no rows
"""
MENDABLE = f"[error] {UserError('no rows', expected='some', fix='correct data')}\n"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("epoch 1\n", ""),
        (LAUNCHER, ""),
        (f"epoch 1\n{TRACEBACK}{LAUNCHER}", "ValueError: no rows"),
        (f"epoch 1\n{MENDABLE}{LAUNCHER}", "no rows"),
        ("[error] no rows\n", "no rows"),
        ("no rows\n  fix: correct data\n", ""),
        ("said [error] no rows\n", ""),
        (
            f"{TRACEBACK}\nDuring ...:\n\n{TRACEBACK.replace('rows', 'columns')}",
            "ValueError: no columns",
        ),
        (f"{TRACEBACK}{MENDABLE}", "no rows"),
        (f"{MENDABLE}{TRACEBACK}", "ValueError: no rows"),
        # A progress bar does not end its line.
        (f"9/10\r10/10\r{MENDABLE}", "no rows"),
        ("1\r\n2\r\n[error] no rows\r\n  fix: x\r\n", "no rows"),
        (f"{TRACEBACK}{LAUNCHER}".replace("exit status 1", "upload: denied"), "upload: denied"),
        (LAUNCHER.replace("exit status 1", "signal: killed"), "signal: killed (out of memory?)"),
        (LAUNCHER.replace("F1126", "I1126").replace("exit", "no"), ""),
        # It was cut in the middle of a line.
        (TRACEBACK.removesuffix("\n"), ""),
        ("Traceback (most recent call last):\n  File\n", ""),
        ('{"error_message": "pods x not found"}\n', ""),
    ],
)
def test_the_last_line_that_says_why(log, line):
    assert error_line(log) == line


@given(st.text())
def test_whatever_a_log_holds_it_is_one_printable_line(text):
    line = error_line(
        f"{TRACEBACK}{text}\n[error] {text}\nTraceback (most recent call last):\n{text}\n"
    )
    assert line.isprintable()
    assert len(line) <= LONGEST
