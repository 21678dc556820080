"""Modules in processes of their own, and what is left to say when they fail."""

import subprocess

import pytest

from models.processes import last_words, run_module


@pytest.fixture
def module(tmp_path, monkeypatch):
    def make(code):
        (tmp_path / "some_module.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        return "some_module"

    return make


def test_text_goes_in_and_comes_out(module):
    name = module("import sys; print(sys.stdin.read()[::-1]); print('aside', file=sys.stderr)")
    done = run_module(name, "größe", timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "eßörg\n", "aside\n")


def test_it_has_the_environment_and_what_is_added(module, monkeypatch):
    monkeypatch.setenv("MINE", "1")
    name = module("import os; print(os.environ['MINE'], os.environ['YOURS'])")
    assert run_module(name, "", timeout=30, YOURS="2").stdout == "1 2\n"


def test_it_finds_the_projects_own_modules(module):
    done = run_module(module("import usecase.errors; print('found')"), "", timeout=30)
    assert done.stdout == "found\n"


def test_what_takes_too_long_is_ended(module):
    with pytest.raises(subprocess.TimeoutExpired):
        run_module(module("import time; time.sleep(60)"), "", timeout=1)


@pytest.mark.parametrize(
    ("stderr", "code", "told"),
    [
        ("one\ntwo error: it broke\nTraceback lines\n", 1, "two error: it broke"),
        ("E0000 error of a library\n  LLVM ERROR: no  \n\nFatal Python\n", -6, "LLVM ERROR: no"),
        ("only this\n", 1, "only this"),
        ("", -11, "signal 11"),
        (" \n", 3, "exit status 3"),
    ],
)
def test_last_words(stderr, code, told):
    assert last_words(stderr, code) == told
