"""`python -m serving up`, `status`, `canary`, `promote` and `rollback` on a real server."""

import json
import re
import shutil
import subprocess
import sys
import time

import pytest

from serving.__main__ import main
from serving.releases import changes
from serving.releases.state import Started
from serving.releases.store import Store, read_state
from serving.servers import ports
from tests.serving.launch_world import MAIN, wait_until
from tests.serving.releases.up_world import served, write_models
from usecase.paths import PROJECT_ROOT

ROLLBACK_SECONDS = 5


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def world(models, tmp_path_factory):
    with served(tmp_path_factory.mktemp("world"), models, 1) as world:
        yield world


def test_a_release_from_its_first_version_to_a_rollback(world):
    server = f"--server={world.rest}"
    assert "  · version 1 is stable now, the first of this release" in world.up.output()
    assert world.answers() == [[1.0], [1.0], [1.0]]

    world.push(2)
    command = f"canary 2 --percent 10 --model-dir {world.folder} --server http://localhost:"
    world.up.waits_for(f"  · version 2 is pushed, not served\n    python -m serving {command}")
    time.sleep(2)  # a server that took it by itself would have done so
    assert world.answers() == [[1.0], [1.0], [1.0]]
    said = world.run("status", server)
    assert re.search(r"^  stable  1  since \d{4}-\d\d-\d\d \d\d:\d\d UTC by \S+@\S+$", said, re.M)
    assert "\n  new     2  pushed, not served: python -m serving canary 2 --percent 10 " in said
    assert f"\n  ✔ {world.rest}  stable 1 · canary 1 · without a label 1\n" in said
    assert "✘" not in said

    said = world.run("canary", "newest", "--percent", 25, server, "--why", "a  try\nof it")
    assert re.search(r"  ✔ version 2 is the canary: 25 % of traffic  \[\d+\.\ds\]\n\Z", said), said
    assert said.startswith(f"shop · {world.folder}\n  · ")
    assert world.answers() == [[1.0], [2.0], [2.0]]
    world.up.waits_for("  ✔ versions 2 and 1 answer now, before 1\n")
    world.up.waits_for("  · canary is version 2 now, 25 %  by ")
    said = world.run("status")
    assert re.search(r'^  canary  2  25 % since .* UTC by .* · "a try of it"$', said, re.M)
    assert f"  ✔ {world.rest}  stable 1 · canary 2 · without a label 2\n" in said
    assert "without a label reach the canary" in said

    assert "  ✔ version 2 is the canary: 5 % of traffic" in world.run("canary", 2, "--percent", 5)
    world.up.waits_for("  · canary is version 2 now, 5 %  by ")
    assert "  ✔ version 2 is stable  [" in world.run("promote", 2)
    assert world.answers() == [[2.0], [2.0], [2.0]]
    world.up.waits_for("  ✔ stable is version 2 now, before 1  by ")
    said = world.run("status")
    assert "\n  stable  2  since " in said
    assert "\n  kept    1  for a rollback\n" in said
    assert "\n  canary  " not in said

    started = time.monotonic()
    assert "  ✔ version 1 is stable  [" in world.run("rollback", "--why", "it is wrong")
    assert time.monotonic() - started < ROLLBACK_SECONDS
    assert world.answers()[:2] == [[1.0], [1.0]]
    world.up.waits_for("  ✔ stable is version 1 now, before 2  by ")
    wait_until(lambda: world.answers() == [[1.0], [1.0], [1.0]])
    assert world.answers() == [[1.0], [1.0], [1.0]]

    found = json.loads(world.run("status", "--json"))
    assert found["labels"] == {"stable": 1, "canary": 1}
    assert found["servers"][0]["labels"] == {"stable": 1, "canary": 1}
    assert (found["problems"], found["new"], found["kept"]) == ([], [], [])
    assert [e["action"] for e in found["state"]["history"]] == [
        *("promote", "canary", "canary", "promote", "rollback"),
    ]
    said = world.run("status")
    last = said.partition("\n  last changes\n")[2].splitlines()
    assert len(last) == 5
    assert re.search(r'UTC  rollback from 2, stable 1 by \S+ · "it is wrong"$', last[0])
    assert re.search(r'UTC  canary 2 at 25 % by \S+ · "a try of it"$', last[3])


def test_status_over_grpc(world, capfd):
    assert main(["status", "--model-dir", str(world.folder), "--server", world.grpc]) == 0
    assert f"  ✔ {world.grpc}  stable 1 · canary 1 · " in capfd.readouterr().out


def test_an_interrupted_command_is_told_and_the_next_one_goes_on(world):
    store = Store(world.folder)
    state = store.read()
    store.write(changes.started(state, Started("id", "promote", 2, None, "ann@box", "2026")))
    said = world.run("status", status=1)
    assert "  ✘ The promote of 2 by ann@box was interrupted before it took effect: " in said
    said = world.run("canary", 2, "--percent", 1)
    assert "  · the promote of 2 by ann@box was interrupted\n" in said
    assert "  ✔ version 2 is the canary: 1 % of traffic" in said
    assert "  · the canary 2 ends; 1 stays stable\n" in world.run("rollback")
    assert "interrupted" not in world.run("status")
    assert world.answers()[:2] == [[1.0], [1.0]]


def test_a_version_that_cannot_be_loaded_changes_nothing(world):
    world.push(4)
    before = world.answers()[:2]
    said = world.run("canary", 4, "--percent", 10, status=2)
    assert "error: " in said
    assert "version 4" in said
    world.up.waits_for("  ✘ version 4 failed: ")
    assert world.answers()[:2] == before
    assert read_state(world.folder).canary is None
    shutil.rmtree(world.folder / "4")
    assert "  stable  1  since" in world.run("status")


def test_what_cannot_be_done(world, capfd):
    def refused(*words):
        assert main([*words, "--model-dir", str(world.folder)]) == 2
        printed = capfd.readouterr()
        assert "✔" not in printed.out
        assert "  fix: " in printed.err
        return printed.err

    serial = read_state(world.folder).serial
    assert "version 1 is the stable one" in refused("canary", "1", "--percent", "10")
    assert "99" in refused("canary", "99", "--percent", "10")
    assert "there is nothing to go back to" in refused("rollback")
    free, _ = ports.pick("127.0.0.1", None, None)
    gone = f"http://127.0.0.1:{free}"
    assert gone in refused("canary", "2", "--percent", "1", "--server", gone, "--timeout", "1")
    assert "no address of a server: nowhere" in refused("promote", "2", "--server", "nowhere")
    assert read_state(world.folder).canary is None
    assert read_state(world.folder).labels == {"stable": 1, "canary": 1}
    assert world.answers()[:2] == [[1.0], [1.0]]
    assert read_state(world.folder).serial >= serial


def test_status_of_a_server_that_is_gone_needs_attention(world, capfd):
    free, _ = ports.pick("127.0.0.1", None, None)
    gone = f"http://127.0.0.1:{free}"
    arguments = ["status", "--model-dir", str(world.folder)]
    assert main(arguments) == 0
    assert "✘" not in capfd.readouterr().out
    assert main([*arguments, "--server", gone]) == 1
    printed = capfd.readouterr().out
    assert f"\n  ✘ {gone}  does not answer\n" in printed
    assert f"\n  ✘ no server at {gone}: " in printed
    assert read_state(world.folder).servers == (world.rest,)


def test_without_a_release(models, tmp_path, capfd):
    folder = tmp_path / "shop"
    arguments = ["--model-dir", str(folder)]
    assert main(["status", *arguments]) == 2
    assert f"error: no such folder: {folder}" in capfd.readouterr().err
    for version in (1, 2):
        shutil.copytree(models / str(version), folder / str(version))
    assert main(["status", *arguments]) == 0
    said = capfd.readouterr().out
    assert said.startswith(f"shop · {folder}\n  no release yet: 2 versions, the newest is 2\n")
    assert f"python -m serving promote 2 --model-dir {folder}" in said
    assert main(["status", "--json", *arguments]) == 0
    assert json.loads(capfd.readouterr().out)["state"] is None
    assert main(["rollback", *arguments]) == 2
    assert "  fix: " in capfd.readouterr().err
    assert not (folder / "release.json").exists()
    assert main(["promote", "newest", "--offline", "--name", "store", *arguments]) == 0
    said = capfd.readouterr().out
    assert said.startswith(f"store · {folder}\n")
    assert read_state(folder).labels == {"stable": 2, "canary": 2}
    assert (read_state(folder).model, read_state(folder).keep) == ("store", 1)
    offline = ["--offline", "--keep", "3", "--base-path", "/models/store", *arguments]
    assert main(["canary", "1", "--percent", "0.5", *offline]) == 0
    state = read_state(folder)
    assert (state.canary.version, state.canary.percent, state.keep) == (1, 0.5, 3)
    assert '"/models/store"' in (folder / "models.config").read_text()


def test_a_damaged_state_is_told_and_kept(models, tmp_path, capfd):
    folder = tmp_path / "shop"
    shutil.copytree(models / "1", folder / "1")
    (folder / "release.json").write_text("{")
    for words in (["status"], ["promote", "1"], ["rollback"], ["canary", "1", "--percent", "1"]):
        assert main([*words, "--model-dir", str(folder)]) == 2
        assert f"error: {folder / 'release.json'} is damaged" in capfd.readouterr().err
    assert (folder / "release.json").read_text() == "{"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["canary", "7"], "required: --percent"),
        (["canary", "--percent", "7"], "required: VERSION"),
        (["canary", "07", "--percent", "7"], '"07" is no version: a number from 1, or newest'),
        (["canary", "newst", "--percent", "7"], '"newst" is no version'),
        (["canary", "7", "--percent", "101"], '"101" is no percentage: 0 to 100'),
        (["canary", "7", "--percent", "nan"], '"nan" is no percentage'),
        (["canary", "7", "--percent", "ten"], '"ten" is no percentage'),
        (["canary", "7", "--percent", "1", "--timeout", "0"], '"0" is no time'),
        (["canary", "7", "--percent", "1", "--timeout", "inf"], '"inf" is no time'),
        (["promote", "7", "--keep", "-1"], '"-1" is no count'),
        (["promote", "7", "--offline", "--server", "x:1"], "--server goes without --offline"),
        (["promote"], "name a VERSION, or give --if-better"),
        (["promote", "7", "--data", "x.csv"], "--data goes with --if-better"),
        (["promote", "7", "--if-better", "--data", "x", "--label", "y", "--offline"], "--offline"),
        (["promote", "7", "--margin", "0.1"], "--margin goes with --if-better"),
        (["promote", "--if-better", "--data", "x"], "needs labelled rows: --data CSV --label NAME"),
        (["rollback", "7"], "unrecognized arguments: 7"),
        (["rollback", "--offline"], "unrecognized arguments: --offline"),
        (["status", "--why", "x"], "unrecognized arguments: --why x"),
        (["up", "--sampling-rate", "0.5"], "--sampling-rate goes with --request-log"),
        (["up", "--request-log", "x", "--sampling-rate", "0"], '"0" is no rate: above 0, up to 1'),
    ],
)
def test_a_command_line_that_makes_no_sense(words, what, capfd):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    printed = capfd.readouterr()
    assert what in printed.err
    assert printed.err.startswith("usage: ")


@pytest.mark.parametrize("command", ["status", "canary", "promote", "rollback", "compare"])
def test_help_imports_nothing_heavy(command):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", MAIN, command, "--help"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"usage: python -m serving {command} " in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "serving.releases.commands" in imported
    assert not imported & {"numpy", "scipy", "tensorflow", "grpc", "urllib3", "google.protobuf"}


def test_promote_if_better(world, tmp_path, capfd):
    """Version 3 answers x / 2 + 3, version 1 x / 2 + 1; the labels are x / 2 + 3."""
    rows = tmp_path / "rows.csv"
    truth = [(k, k / 2 + 3) for k in range(60)]
    rows.write_text("\n".join(["x,wanted", *(f"{x},{y}" for x, y in truth)]) + "\n")
    asked = ["promote", "--if-better", "--data", str(rows), "--label", "wanted"]
    asked += ["--model-dir", str(world.folder)]
    assert main(asked) == 2
    assert "there is no canary that could be better" in capfd.readouterr().err
    world.push(3)
    world.run("canary", 3, "--percent", 10)
    assert main([*asked[:1], "2", *asked[1:]]) == 2
    assert "version 2 is not the canary, 3 is" in capfd.readouterr().err
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("\n".join(["x,wanted", *(f"{x},{x / 2 + 1}" for x, _ in truth)]) + "\n")
    assert main([word if word != str(rows) else str(wrong) for word in asked]) == 1
    printed = capfd.readouterr().out
    assert "  ✘ version 3 is not better: version 1 stays stable" in printed
    assert read_state(world.folder).labels == {"stable": 1, "canary": 3}
    assert main(asked) == 0
    assert "  ✔ version 3 is stable" in capfd.readouterr().out
    assert world.answers() == [[3.0], [3.0], [3.0]]
