"""The command line: quick to answer, and plain about what is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import local_runner
from orchestration.local import commands
from tests.timing import timed
from usecase.paths import PROJECT_ROOT

TAXI = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text()
HEAVY = ("apache_beam", "keras", "ml_metadata", "numpy", "pandas", "rich", "tensorflow", "tfx")
PROBE = f"""
import sys
import local_runner
try:
    status = local_runner.main(sys.argv[1:])
except SystemExit as error:
    status = error.code
print("status", status, sorted(set({HEAVY!r}) & set(sys.modules)))
"""
LONGEST = 1.0  # seconds of work until a user hears of a typo


def run(*arguments, program=("local_runner.py",)):
    command = [sys.executable, *program, *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=PROJECT_ROOT, capture_output=True, text=True)


@pytest.fixture
def typo(tmp_path):
    path = tmp_path / "taxi.yaml"
    assert "\nsplit:" in TAXI
    path.write_text(TAXI.replace("\nsplit:", "\nsplitt:"))
    return path


@pytest.fixture
def misfit(tmp_path):
    """A config that only its schema shows to be wrong."""
    path = tmp_path / "taxi.yaml"
    assert "  company: " in TAXI
    path.write_text(TAXI.replace("  company: ", "  compani: "))
    return path


def test_help_is_quick():
    seconds, done = timed(lambda: run("--help"))
    assert seconds < LONGEST
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit status: 0 pushed or nothing to do" in done.stdout


@pytest.mark.parametrize("command", ["run", "predict"])
def test_every_command_has_help(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert "--config YAML" in done.stdout
    assert "--output-dir DIR" in done.stdout


def test_a_typo_is_told_quickly(typo, tmp_path):
    seconds, done = timed(lambda: run("run", "--config", typo, "--output-dir", tmp_path / "out"))
    assert seconds < LONGEST
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'error: {typo}: unknown key "splitt"\n  fix: did you mean "split"?\n'
    assert not (tmp_path / "out").exists()


def test_a_config_that_does_not_fit_its_schema_is_told_quickly(misfit, tmp_path):
    seconds, done = timed(lambda: run("run", "--config", misfit, "--output-dir", tmp_path / "out"))
    assert seconds < LONGEST
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f'error: {misfit}: features: column "compani" is not in the schema\n'
        '  fix: did you mean "company"?\n'
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", [["--quiet"], ["--verbose"]])
def test_an_error_is_told_however_little_else_is(typo, how):
    done = run("run", "--config", typo, *how)
    assert (done.returncode, done.stdout) == (2, "")
    assert "splitt" in done.stderr


def test_predict_tells_it_too(typo, tmp_path):
    done = run("predict", "--config", typo, "--data", "x.csv", "--out", tmp_path / "out.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "splitt" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / "empty.csv").touch()
    done = run("run", "--data", tmp_path / "empty.csv", "--output-dir", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: data file is empty: ")


def test_predict_without_a_model(tmp_path):
    (tmp_path / "rows.csv").write_text("fare\n1\n")
    arguments = ("--data", tmp_path / "rows.csv", "--out", tmp_path / "out.csv")
    done = run("predict", *arguments, "--output-dir", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith('error: no model of "taxi" has been pushed to ')
    assert "fix: python local_runner.py run --config configs/taxi.yaml" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--config", "<typo>"], ["walk"]])
def test_nothing_heavy_is_imported_before_anything_is_right(typo, arguments):
    arguments = [typo if argument == "<typo>" else argument for argument in arguments]
    done = run(*arguments, program=("-c", PROBE))
    expected = 0 if arguments == ["--help"] else 2
    assert done.stdout.splitlines()[-1] == f"status {expected} []"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["walk"],
        ["run", "--confg", "x"],
        ["run", "--quiet", "--json"],
        ["run", "--quiet", "--verbose"],
        ["predict", "--data", "x.csv"],
        ["predict", "--out", "x.csv"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        local_runner.parser().parse_args(arguments)
    assert caught.value.code == 2
    assert "usage: local_runner.py" in capsys.readouterr().err


def test_what_may_be_left_out():
    options = vars(local_runner.parser().parse_args(["run"]))
    assert options == {
        "command": "run",
        "config": "configs/taxi.yaml",
        "data": None,
        "output_dir": "outputs",
        "tune": False,
        "quiet": False,
        "verbose": False,
        "json": False,
    }


def test_the_default_config_exists():
    assert (PROJECT_ROOT / local_runner.DEFAULT_CONFIG).is_file()


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_command_s_status_is_the_program_s(monkeypatch, status):
    seen = []

    def fake(options):
        seen.append((options.data, options.json))
        return status

    monkeypatch.setitem(commands.COMMANDS, "run", fake)
    assert local_runner.main(["run", "--data", "x.csv", "--json"]) == status
    assert seen == [("x.csv", True)]


def test_an_interrupt_is_no_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setitem(commands.COMMANDS, "run", interrupted)
    assert local_runner.main(["run"]) == 130
    assert capsys.readouterr() == ("", "interrupted; the same command goes on from here\n")


def test_every_command_of_the_parser_can_run():
    parser = local_runner.parser()
    (commands_action,) = [a for a in parser._actions if a.dest == "command"]
    assert set(commands_action.choices) == set(commands.COMMANDS)
    assert Path(local_runner.__file__).name == parser.prog


def test_what_nobody_foresaw_is_told_in_a_line_and_kept(tmp_path, monkeypatch, capfd):
    def explode(*_, **__):
        raise ZeroDivisionError("by chance")

    monkeypatch.setattr("orchestration.local.commands.make_plan", explode)
    assert local_runner.main(["run", "--output-dir", str(tmp_path / "outputs")]) == 2
    shown = capfd.readouterr().err
    assert "ZeroDivisionError: by chance" in shown
    assert "Traceback" not in shown
    kept = (tmp_path / "outputs" / "crash.log").read_text()
    assert "Traceback" in kept
    assert str(tmp_path / "outputs" / "crash.log") in shown


def in_copy(folder, *arguments):
    """Runs local_runner.py alone with a Python that sees no installed package."""
    (folder / "local_runner.py").write_bytes((PROJECT_ROOT / "local_runner.py").read_bytes())
    (folder / "orchestration").mkdir()
    for module in ("__init__.py", "environment.py"):
        shutil.copy(PROJECT_ROOT / "orchestration" / module, folder / "orchestration")
    command = [sys.executable, "-S", "local_runner.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_without_its_packages_it_says_how_to_set_up(tmp_path):
    done = in_copy(tmp_path, "run")
    assert done.returncode == 2
    assert done.stderr == "error: TFX is not installed here\n  fix: make setup\n"


def test_any_python_goes_on_in_the_environment_of_the_project(tmp_path):
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "went on with $*"\nexit 7\n')
    python.chmod(0o755)
    done = in_copy(tmp_path, "run", "--quiet")
    assert done.returncode == 7
    assert done.stdout == "went on with local_runner.py run --quiet\n"
