"""`python -m serving up` serves a release: on every server, and where it cannot begin one."""

import json
import shutil
import socket

import pytest

from serving.__main__ import main
from serving.errors import ServingError
from serving.releases import request_logging
from serving.releases import served as served_by_up
from serving.releases.store import read_state
from serving.servers import ports
from tests.serving.launch_world import path_of, real_binary, real_docker, wait_until
from tests.serving.releases.up_world import served, write_models


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


def test_docker_follows_a_release(models, tmp_path):
    real_docker(tmp_path / "bin")
    how = {"server": "docker", "path": path_of(tmp_path / "bin")}
    with served(tmp_path, models, 1, 2, **how) as world:
        # What is mounted is the folder, where it is: a container would see no file replaced.
        call = (tmp_path / "bin" / "calls.jsonl").read_text().splitlines()[-1]
        folder = world.folder.resolve()
        assert f"type=bind,source={folder},target={folder},readonly" in json.loads(call)
        assert f"--model_config_file={folder}/models.config" in json.loads(call)
        assert world.answers() == [[2.0], [2.0], [2.0]]
        world.run("canary", 1, "--percent", 50, "--server", world.rest)
        assert world.answers() == [[2.0], [1.0], [2.0]]
        assert "version 1 is stable" in world.run("promote", 1)
        assert world.answers()[:2] == [[1.0], [1.0]]


@pytest.mark.parametrize("has_release", [False, True])
def test_a_folder_that_cannot_be_written_is_served_all_the_same(models, tmp_path, has_release):
    folder = tmp_path / "outputs" / "shop"
    for version in (1, 2):
        shutil.copytree(models / str(version), folder / str(version))
    if has_release:
        assert main(["promote", "1", "--offline", "--model-dir", str(folder)]) == 0
    before = sorted(path.name for path in folder.iterdir())
    folder.chmod(0o555)
    try:
        with served(tmp_path, models) as world:
            said = world.up.output()
            assert f"  · {folder} cannot be written" in said
            if has_release:
                assert "models.config is served as it is" in said
                assert world.answers() == [[1.0], [1.0], [1.0]]
            else:
                assert "so the newest version is served, without labels" in said
                assert world.answer(None) == [2.0]
                with pytest.raises(ServingError, match="stable"):
                    world.answer("stable")
        assert sorted(path.name for path in folder.iterdir()) == before
    finally:
        folder.chmod(0o755)


def test_a_request_log_of_the_embedded_server_and_none_of_a_real_one(models, tmp_path, capfd):
    prefix = tmp_path / "logs" / "shop"
    options = ("--request-log", prefix, "--sampling-rate", "1")
    with served(tmp_path, models, 1, 2, options=options) as world:
        assert world.answer("stable") == [2.0]
        assert wait_until(lambda: list(prefix.parent.glob("shop-*.tfrecord")))
        world.run("canary", 1, "--percent", 1, "--server", world.rest)
        assert f'filename_prefix: "{prefix}"' in (world.folder / "models.config").read_text()
    real_binary(tmp_path / "bin")
    real_docker(tmp_path / "bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_of(tmp_path / "bin"))
        for kind in ("binary", "docker"):
            arguments = ["up", "--server", kind, "--model-dir", str(world.folder)]
            assert main(arguments) == 2
            said = capfd.readouterr().err
            assert "models.config has a logging_config of shop, with which" in said
            assert "ServingClient(..., request_log=...)" in said
            assert main([*arguments, "--request-log", "x"]) == 2
            assert f"is for the embedded server, and this is {kind}" in capfd.readouterr().err


def test_up_of_another_name_and_after_a_failure(models, tmp_path, capfd):
    folder = tmp_path / "shop"
    for version in (1, 4):
        shutil.copytree(models / str(version), folder / str(version))
    grpc, rest = map(str, ports.pick("127.0.0.1", None, None))
    arguments = ["up", "--server", "embedded", "--model-dir", str(folder), "--port", grpc]
    arguments += ["--rest-port", rest]
    assert main(arguments) == 2
    assert f"promote VERSION --offline --model-dir {folder}" in capfd.readouterr().err
    assert read_state(folder).stable == 4
    assert main(["promote", "1", "--offline", "--model-dir", str(folder)]) == 0
    assert main([*arguments, "--name", "store"]) == 2
    assert 'the release is of the model "shop", not "store"' in capfd.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(rest)))
        taken.listen()
        assert main(arguments) == 2
    said = capfd.readouterr().err
    assert f"port {rest} of 127.0.0.1 is taken" in said
    assert "--offline" not in said  # no version is the cause


def test_what_is_served_where_no_release_can_be(models, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(models / "1", folder / "0001")
    found = served_by_up.find(folder, None)
    assert (found.name, found.state, found.config_file) == ("shop", None, None)
    assert "can have a label, so the newest version is served" in found.notes[0]
    (folder / "0001").rename(folder / "1")
    found = served_by_up.find(folder, "store", ["--x", "--model_config_file=/own"])
    assert (found.name, found.config_file) == ("store", None)
    assert "--model_config_file is given" in found.notes[0]
    assert [path.name for path in folder.iterdir()] == ["1"]
    with pytest.raises(ServingError, match="requests cannot be logged here: --model_config_file"):
        request_logging.enable(folder, found, "x", 1.0)
    found = served_by_up.find(folder, "store", ["--model_config_file_poll_wait_seconds=9"])
    assert found.config_file == folder.resolve() / "models.config"
    assert (found.name, found.state.stable) == ("store", 1)
    # Once there is a release, its name is the model's, and it is no news.
    found = served_by_up.find(folder, None)
    assert (found.name, found.notes) == ("store", ())
    (folder / "1").rename(folder / "2")
    with pytest.raises(ServingError, match="version 1, which is stable, is gone from") as caught:
        served_by_up.find(folder, None)
    assert main(["promote", "2", "--offline", "--model-dir", str(folder)]) == 0
    assert "promote VERSION --offline" in caught.value.fix
    assert served_by_up.find(folder, None).state.stable == 2
