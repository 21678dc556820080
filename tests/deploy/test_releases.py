"""What serves by release is told of the file that a release writes, and can read it."""

import re
import shlex
import stat
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from model_server.flags import parse as parse_flags
from serving import __main__ as command_line
from serving.releases import commands as releasing
from serving.releases import rollout
from serving.releases.options import By, Options
from serving.servers import docker
from tests.deploy.protos import parse
from tests.deploy.world import (
    BASE,
    BUCKET,
    CONFIG,
    DEPLOY,
    RELEASES,
    container,
    load,
    patched_args,
    server_command,
)

BY_RELEASE = {
    "compose": server_command(MODEL_CONFIG="/models/taxi/models.config"),
    "kubernetes": patched_args(RELEASES),
}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A folder of versions whose release was made as README.md says, with a canary."""
    folder = tmp_path_factory.mktemp("serving") / "taxi"
    for version in (16, 17, 18):
        (folder / str(version)).mkdir(parents=True)
        (folder / str(version) / "saved_model.pb").touch()
    first = Options(is_offline=True, base_path=f"{docker.MODELS}/taxi")
    rollout.promote(folder, 16, By("me"), first)
    rollout.promote(folder, 17, By("me"), Options(is_offline=True))
    rollout.canary(folder, 18, 10.0, By("me"), Options(is_offline=True))
    return folder


def config(folder):
    text = (folder / "models.config").read_text(encoding="utf-8")
    read = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (only,) = read.model_config_list.config
    return only


def test_the_release_is_what_the_servers_own_parser_takes(released):
    told = config(released)
    assert dict(told.version_labels) == {"stable": 17, "canary": 18}
    assert sorted(told.model_version_policy.specific.versions) == [16, 17, 18]
    (base,) = parse(CONFIG / "models.config").model_config_list.config
    assert (told.name, told.base_path) == (base.name, base.base_path)
    assert told.model_platform == base.model_platform


def test_another_message_is_no_config(released, tmp_path):
    text = (released / "models.config").read_text()
    (tmp_path / "models.config").write_text(text.replace("version_labels", "version_label"))
    with pytest.raises(text_format.ParseError):
        config(tmp_path)


@pytest.mark.parametrize("where", BY_RELEASE)
def test_the_flags_name_the_file_where_the_server_finds_it(released, where):
    options = parse_flags(BY_RELEASE[where])
    file = Path(options.model_config_file)
    assert file == Path(config(released).base_path) / "models.config"
    assert (released / file.name).is_file()
    assert 0 < options.model_config_file_poll_wait_seconds <= 5
    assert options.allow_version_labels_for_unavailable_models


def test_without_a_release_a_server_reads_the_file_once():
    for arguments in (container()["args"], patched_args(BUCKET)):
        options = parse_flags(arguments)
        assert options.model_config_file_poll_wait_seconds == 0
        assert not options.allow_version_labels_for_unavailable_models


def test_the_server_of_another_user_may_read_the_release(released):
    for name in ("models.config", "release.json"):
        assert (released / name).stat().st_mode & stat.S_IROTH, name


def test_the_volume_is_read_only_to_the_server_and_may_be_written_by_others():
    (claim,) = (v for v in container()["volumeMounts"] if v["mountPath"] == docker.MODELS)
    assert claim["readOnly"]
    assert load(BASE / "persistentvolumeclaim.yaml")["spec"]["accessModes"] == ["ReadWriteMany"]


GUIDE = (DEPLOY / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m serving ((?!predict).*)$", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_guide_gives_commands_that_there_are(command):
    pods = "--server http://10.0.0.1:8501 --server http://10.0.0.2:8501"
    arguments = shlex.split(command.replace("VERSION", "18").replace("$pods", pods))
    top = command_line.parser()
    options = top.parse_args(arguments)
    releasing.check(top, options)
    assert options.model_dir.name == "taxi"
    assert len(options.server) == 2 * ("$pods" in command)
    with pytest.raises(SystemExit):
        top.parse_args([*arguments, "--no-such-option"])


def test_the_guide_tells_of_all_that_can_be_done():
    assert {command.partition(" ")[0] for command in COMMANDS} == set(releasing.COMMANDS)


def test_the_guide_says_what_the_manifests_do(released):
    text = GUIDE
    assert f"MODEL_CONFIG={config(released).base_path}/models.config" in text
    assert text.count(f"--base-path {config(released).base_path} --offline") == 2
    kustomized = f"kubectl apply --kustomize {RELEASES.relative_to(DEPLOY.parent)}"
    assert kustomized in text
