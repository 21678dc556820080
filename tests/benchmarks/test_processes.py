"""What a command costs, with all its processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.processes import printed, run_measured

MEGABYTES = 200
TOUCH = f"b = bytearray({MEGABYTES} << 20); b[::4096] = b'x' * len(b[::4096])"
HOLD = f"{TOUCH}; import time; time.sleep(1)"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}], check=True)"


@pytest.mark.parametrize("code", [HOLD, CHILD], ids=["itself", "a child"])
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells of shares")
def test_the_memory_of_a_command_is_that_of_all_its_processes(tmp_path, code):
    cost = run_measured([sys.executable, "-c", code], os.environ, tmp_path, tmp_path / "log")
    assert cost.seconds > 1.0
    assert MEGABYTES < cost.megabytes < 2 * MEGABYTES


def test_a_command_that_fails_says_what_it_printed(tmp_path):
    command = [sys.executable, "-c", "import sys; print('why'); sys.exit(3)"]
    with pytest.raises(RuntimeError, match="why"):
        run_measured(command, os.environ, tmp_path, tmp_path / "log")


def test_the_last_line_of_a_module_of_this_project(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "import os, sys; print('first'); print(os.environ['MORE'], *sys.argv[1:])"
    (tmp_path / "saying.py").write_text(code)
    assert printed("saying", "a", "b c", MORE="more") == "more a b c"
    with pytest.raises(subprocess.CalledProcessError):
        printed("saying")
