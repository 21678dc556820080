"""The command line: quick to answer, and plain about what is wrong."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import local_runner
from orchestration.local import arguments, commands
from orchestration.local.asked import Asked
from orchestration.plan import make_plan
from tests import runner_world
from tests.timing import timed
from usecase.paths import PROJECT_ROOT

PROGRAM = runner_world.Program(
    "local_runner",
    ("rich", *runner_world.HEAVY),
    light=(
        *runner_world.LIGHT,
        "orchestration/local/__init__.py",
        "orchestration/local/arguments.py",
    ),
)
TAXI = PROJECT_ROOT / "configs" / "taxi.yaml"
LONGEST = 1.0  # seconds of work until a user hears of a typo
run = PROGRAM.run


@pytest.fixture
def typo(tmp_path):
    return runner_world.write_typo(tmp_path)


@pytest.fixture
def misfit(tmp_path):
    """A config that only its schema shows to be wrong."""
    return runner_world.changed_taxi(tmp_path, "  company: ", "  compani: ")


def test_help_is_quick():
    seconds, done = timed(lambda: run("--help"))
    assert seconds < LONGEST
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit status: 0 pushed or nothing to do" in done.stdout


@pytest.mark.parametrize("command", arguments.COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        arguments.parser().parse_args([command, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: local_runner.py {command}" in shown
    told = arguments.COMMANDS[command][1]
    assert told[0].upper() + told[1:] + "." in " ".join(shown.split())


def test_a_typo_is_told_quickly(typo, tmp_path):
    words = ("run", "--config", typo, "--output-dir", tmp_path / "out")
    assert PROGRAM.refused_within(LONGEST, *words) == runner_world.told_of_typo(typo)
    assert not (tmp_path / "out").exists()


def test_a_config_that_does_not_fit_its_schema_is_told_quickly(misfit, tmp_path):
    words = ("run", "--config", misfit, "--output-dir", tmp_path / "out")
    assert PROGRAM.refused_within(LONGEST, *words) == (
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
    done = PROGRAM.probe(*arguments)
    expected = 0 if arguments == ["--help"] else 2
    assert done.stdout.splitlines()[-1] == f"status {expected} []"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["walk"],
        ["run", "--confg", "x"],
        ["run", "--quiet", "--json"],
        ["run", "--quiet", "--verbose"],
        ["predict", "--data", "x.csv"],
        ["predict", "--out", "x.csv"],
        ["init", "--data", "x.csv"],
        ["schema"],
        ["schema", "drop"],
        ["show"],
        ["diff", "last"],
        ["clean"],
        ["clean", "--keep", "0"],
        ["clean", "--keep", "some"],
        ["run", "--span", "first"],
    ],
)
def test_a_wrong_command_line_is_refused(words, capsys):
    with pytest.raises(SystemExit) as caught:
        arguments.parser().parse_args(words)
    assert caught.value.code == 2
    assert "usage: local_runner.py" in capsys.readouterr().err


def test_what_may_be_left_out():
    options = vars(arguments.parser().parse_args(["run"]))
    assert options == {
        "command": "run",
        "config": None,
        "data": None,
        "output_dir": Path.cwd() / "outputs",
        "label": None,
        "name": None,
        "task": None,
        "positive": None,
        "delimiter": None,
        "overwrite": False,
        "tune": False,
        "set": [],
        "span": None,
        "from_node": None,
        "to_node": None,
        "only_node": None,
        "no_cache": False,
        "quiet": False,
        "verbose": False,
        "json": False,
    }


def test_the_default_config_exists():
    assert (PROJECT_ROOT / arguments.DEFAULT_CONFIG).is_file()


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


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [(["clean", "--keep", "1"], True), (["show", "last"], False), (["runs"], False)],
)
def test_only_what_goes_on_says_so(words, goes_on, monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setitem(commands.COMMANDS, words[0], interrupted)
    assert local_runner.main(words) == 130
    assert ("goes on" in capsys.readouterr().err) == goes_on


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["clean", "--keep", "x"], 'argument --keep: "x" is no whole number from 1\n'),
        (["clean", "--keep", "0"], 'argument --keep: "0" is no whole number from 1\n'),
        (["run", "--span", "x"], 'argument --span: "x" is no whole number from 0\n'),
    ],
)
def test_what_is_no_number_is_told_in_words(words, told, capsys):
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(words)
    assert capsys.readouterr().err.endswith(told)


def test_the_exit_status_of_everything_is_in_the_help(capsys):
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "0 pushed or nothing to do, or stopped as asked; 1 a gate refused, or the schema" in shown
    )


@pytest.mark.parametrize("words", [["show", "last"], ["explain"], ["diff", "a", "b"]])
def test_an_error_is_one_json_object_where_one_is_asked_for(words, tmp_path, capfd):
    place = ["--output-dir", str(tmp_path)]
    assert local_runner.main([*words, *place, "--json"]) == 2
    shown = capfd.readouterr()
    assert json.loads(shown.out)["error"]["what"] == f"there is no run in {tmp_path}"
    assert shown.err.startswith("error: there is no run in")
    assert local_runner.main([*words, *place]) == 2
    assert capfd.readouterr().out == ""


def started_unread(*words):
    """Runs a command whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "local_runner.py", *map(str, words)]
    with os.fdopen(writer) as out:
        return subprocess.run(
            command, cwd=PROJECT_ROOT, stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )


@pytest.mark.parametrize("words", [["runs"], ["runs", "--json"]])
def test_a_reader_who_went_away_is_no_error(words, tmp_path):
    done = started_unread(*words, "--output-dir", tmp_path)
    assert (done.returncode, done.stderr) == (commands.UNREAD, "")
    assert not (tmp_path / "crash.log").exists()


def test_another_broken_pipe_is_told(tmp_path, monkeypatch, capfd):
    def explode(*_, **__):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("orchestration.local.commands.make_plan", explode)
    assert local_runner.main(["run", "--output-dir", str(tmp_path)]) == 2
    assert "BrokenPipeError" in capfd.readouterr().err


@pytest.fixture
def asked(monkeypatch):
    """What runs were asked for, and where they would have gone."""
    found = []

    def run(plan, output_dir, console, *, selection, asked, echo_fd):
        found.append((asked, output_dir))
        return SimpleNamespace(exit_code=0)

    monkeypatch.setattr("orchestration.local.run.run", run)
    return found


def test_a_run_knows_what_it_was_asked_for(asked, tmp_path):
    words = ["--config", str(TAXI), "--tune", "--set", "training.seed=7", "--to", "train"]
    rows = tmp_path / "rows.csv"
    shutil.copy(make_plan(str(TAXI)).files[0], rows)
    words += ["--data", str(rows), "--output-dir", str(tmp_path)]
    assert local_runner.main(["run", *words]) == 0
    overrides = ("training.seed=7",)
    expected = Asked(str(TAXI), str(rows), None, True, overrides, "--to Trainer")
    assert asked == [(expected, tmp_path)]


def test_of_an_inferred_configuration_a_run_knows_the_file(asked, monkeypatch):
    monkeypatch.setattr("autoconfig.command.prepare", lambda options, report: str(TAXI))
    assert local_runner.main(["run", "--data", "rows.csv", "--label", "tips"]) == 0
    assert asked == [(Asked(str(TAXI)), Path.cwd() / "outputs")]


def test_the_output_folder_may_be_at_home(asked, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_runner.main(["run", "--config", str(TAXI), "--output-dir", "~/out"]) == 0
    assert asked[0][1] == tmp_path / "out"


def test_the_home_of_nobody_is_no_output_folder(capsys):
    with pytest.raises(SystemExit) as exited:
        local_runner.main(["runs", "--output-dir", "~nobody-of-this-name/out"])
    assert exited.value.code == 2
    assert '"~nobody-of-this-name/out" is no path' in capsys.readouterr().err


def test_every_command_of_the_parser_can_run():
    parser = arguments.parser()
    (commands_action,) = [a for a in parser._actions if a.dest == "command"]
    assert set(commands_action.choices) == set(commands.COMMANDS)
    assert Path(local_runner.__file__).name == parser.prog
    for name, module in commands.PRINTING.items():
        assert commands.load(module, name).__name__ == name


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


def test_without_its_packages_it_says_how_to_set_up(tmp_path):
    done = PROGRAM.run_alone(tmp_path, "run")
    assert (done.returncode, done.stderr) == (2, runner_world.NOT_SET_UP)


def test_any_python_goes_on_in_the_environment_of_the_project(tmp_path):
    done = PROGRAM.run_with_environment(tmp_path, "run", "--quiet")
    assert done.returncode == 7
    assert done.stdout == "went on with local_runner.py run --quiet\n"
