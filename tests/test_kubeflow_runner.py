"""The command line of a cluster: quick to answer, and plain about what is wrong."""

import signal
import subprocess
import sys
import time

import pytest

import kubeflow_runner
from orchestration.kubeflow.commands import table
from tests import runner_world
from tests.orchestration.kubeflow import api_server, toy_package
from tests.timing import timed
from usecase.paths import PROJECT_ROOT

PROGRAM = runner_world.Program(
    "kubeflow_runner", ("kfp", *runner_world.HEAVY), {"PATH": "/usr/bin:/bin"}
)
LONGEST = 1.5  # seconds of work until a user hears of a typo
NOWHERE = ("--host", "http://127.0.0.1:1")
run = PROGRAM.run


@pytest.fixture
def typo(tmp_path):
    return runner_world.write_typo(tmp_path)


@pytest.fixture
def bare(tmp_path):
    """A config that says nothing of a cluster."""
    path = tmp_path / "taxi.yaml"
    path.write_text(runner_world.TAXI.partition("\nkubeflow:")[0] + "\n")
    return path


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(toy_package.text())
    return path


def test_help_is_quick():
    seconds, done = timed(lambda: run("--help"))
    assert seconds < LONGEST
    assert (done.returncode, done.stderr) == (0, "")
    told = " ".join(done.stdout.split())
    assert "Exit status: 0 done, or the run succeeded; 1 a gate refused: nothing was" in told


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("compile", "--out FILE"),
        ("submit", "--token-file FILE"),
        ("schedule", "--cron FIELDS"),
        ("status", "RUN_ID"),
    ],
)
def test_every_command_has_help(command, option):
    done = run(command, "--help")
    assert done.returncode == 0
    assert option in done.stdout


def test_a_typo_is_told_quickly(typo, tmp_path):
    arguments = ("compile", "--config", typo, "--out", tmp_path / "out.yaml")
    assert PROGRAM.refused_within(LONGEST, *arguments) == runner_world.told_of_typo(typo)
    assert not (tmp_path / "out.yaml").exists()


def test_a_config_without_a_cluster_is_told_quickly(bare):
    told = PROGRAM.refused_within(LONGEST, "compile", "--config", bare, "--out", "-")
    assert told.startswith(f"error: {bare} has no section `kubeflow`\n  expected: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["walk"],
        ["compile", "--config", "<typo>", "--out", "-"],
        ["compile", "--config", "<bare>", "--out", "-"],
        ["compile", "--image", "taxi:latest", "--out", "-"],
        ["compile", "--target", "vertex", "--out", "-"],
        ["submit", *NOWHERE, "--config", "<typo>"],
        ["submit", *NOWHERE, "--file", "<toy>", "--param", "x=1"],
        ["schedule", *NOWHERE, "--cron", "60 * * * *"],
        ["status", *NOWHERE, "--config", "<typo>"],
    ],
)
def test_nothing_heavy_is_imported_before_anything_is_right(tmp_path, request, arguments):
    for name in ("typo", "bare", "toy"):
        if f"<{name}>" in arguments:
            path = request.getfixturevalue(name)
            arguments = [str(path) if one == f"<{name}>" else one for one in arguments]
    done = PROGRAM.probe(*arguments)
    expected = 0 if arguments == ["--help"] else 2
    assert done.stdout.splitlines()[-1] == f"status {expected} []", done.stderr


def test_a_run_is_started_and_followed_without_anything_heavy(toy):
    """`submit --file` needs no TFX: it can stand where only the pipeline's file is."""
    with api_server.running() as server:
        server.script, server.logs = [toy_package.FAILED], toy_package.KILLED
        done = PROGRAM.probe("submit", "--host", server.host, "--file", toy)
    assert done.stdout.splitlines()[-1] == "status 2 []"
    assert f"failed: Trainer failed: {toy_package.WHY}" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(("end", "status"), [("SUCCEEDED", 0), ("REFUSED", 1), ("FAILED", 2)])
def test_the_exit_status_of_the_program_is_the_run_s(toy, end, status):
    with api_server.running() as server:
        server.script = [getattr(toy_package, end)]
        server.token = "secret"
        done = run("submit", "--host", server.host, "--file", toy, KFP_TOKEN="secret")
    assert (done.returncode, done.stderr) == (status, "")
    assert "secret" not in done.stdout


def test_ctrl_c_leaves_the_run_going(toy):
    with api_server.running() as server:
        server.script = [toy_package.look("RUNNING")]
        command = [sys.executable, "kubeflow_runner.py", "submit", "--host", server.host]
        with subprocess.Popen(
            [*command, "--file", toy],
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            deadline = time.monotonic() + 60
            while not server.seen("GET", "/runs/run-2") and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    look = f"python kubeflow_runner.py status --host {server.host} run-2"
    assert told == f"\nthe run goes on; look at it: {look}\n"
    assert not server.seen("POST", "/runs/.*")


def test_a_home_and_a_kubeconfig_are_neither_read_nor_written(toy, tmp_path):
    config = tmp_path / ".config" / "kfp" / "context.json"
    config.parent.mkdir(parents=True)
    config.write_text("not JSON")
    before = sorted(tmp_path.rglob("*"))
    with api_server.running() as server:
        server.script = [toy_package.SUCCEEDED]
        done = run(
            "submit", "--host", server.host, "--file", toy, HOME=str(tmp_path), KUBECONFIG="/no"
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_reader_that_goes_away_is_no_traceback(toy):
    with api_server.running() as server:
        server.script = [toy_package.SUCCEEDED]
        command = f"{sys.executable} kubeflow_runner.py submit --host {server.host} --file {toy}"
        done = subprocess.run(
            ["/bin/bash", "-c", f"{command} | true"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["walk"],
        ["compile"],
        ["compile", "--out", "x", "--target", "argo"],
        ["submit"],
        ["submit", *NOWHERE, "--file", "x", "--config", "y"],
        ["submit", *NOWHERE, "--token", "x", "--token-file", "y"],
        ["submit", *NOWHERE, "--timeout", "soon"],
        ["submit", *NOWHERE, "--timeout", "-1"],
        ["submit", *NOWHERE, "--timeout", "nan"],
        ["schedule", *NOWHERE],
        ["schedule", *NOWHERE, "--off", "--cron", "0 2 * * *"],
        ["status"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        kubeflow_runner.parser().parse_args(arguments)
    assert caught.value.code == 2
    assert "usage: kubeflow_runner.py" in capsys.readouterr().err


def test_every_command_of_the_parser_can_run():
    (action,) = [a for a in kubeflow_runner.parser()._actions if a.dest == "command"]
    assert set(action.choices) == set(table.COMMANDS)


def test_the_default_config_exists():
    assert (PROJECT_ROOT / kubeflow_runner.DEFAULT_CONFIG).is_file()


def test_an_interrupt_is_no_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setitem(table.COMMANDS, "status", interrupted)
    assert kubeflow_runner.main(["status", *NOWHERE]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_what_nobody_foresaw_is_told_in_a_line_and_kept(monkeypatch, capsys):
    def explode(options):
        raise ZeroDivisionError("by chance")

    monkeypatch.setitem(table.COMMANDS, "status", explode)
    assert kubeflow_runner.main(["status", *NOWHERE]) == 2
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: by chance" in shown
    assert "Traceback" not in shown
    kept = shown.rpartition("with ")[2].strip()
    assert "Traceback" in open(kept).read()  # noqa: PTH123, SIM115


@pytest.mark.parametrize("arguments", [["compile", "--out", "x"], ["status", *NOWHERE]])
def test_without_its_packages_it_says_how_to_set_up(tmp_path, arguments):
    done = PROGRAM.run_alone(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (2, runner_world.NOT_SET_UP)


def test_any_python_goes_on_in_the_environment_of_the_project(tmp_path):
    done = PROGRAM.run_with_environment(tmp_path, "status", *NOWHERE)
    assert done.returncode == 7
    assert done.stdout == "went on with kubeflow_runner.py status --host http://127.0.0.1:1\n"
