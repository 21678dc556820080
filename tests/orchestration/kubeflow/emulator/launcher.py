"""What the launcher does in a task's pod: download, run the command, read its word, upload."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.orchestration.kubeflow.emulator import executor_input
from tests.orchestration.kubeflow.emulator.bucket import Bucket, NoStorageError, local_path
from tests.orchestration.kubeflow.emulator.cluster import Cluster
from usecase.paths import PROJECT_ROOT

MOUNT_ROOT = "KUBEFLOW_MOUNT_ROOT"
TIMEOUT_S = 900


class LauncherError(Exception):
    """The pod has failed; the message ends with the last lines of its log."""


class Launched(NamedTuple):
    """What came of a pod."""

    artifacts: dict[str, dict[str, Any]]
    parameters: dict[str, Any]
    warnings: list[str]
    log: str


def launch(
    cluster: Cluster,
    pod: Path,
    told: Mapping[str, Any],
    component: Mapping[str, Any],
    container: Mapping[str, Any],
    config: Mapping[str, Any],
) -> Launched:
    """Runs a task's command in its pod.

    Args:
        cluster: Where it runs.
        pod: The root of its file system, which must not exist.
        told: The ExecutorInput, as JSON.
        component: The component.
        container: The container spec of its executor.
        config: Its executor's entry in the platform document.

    Returns:
        Its output artifacts (RuntimeArtifacts, as JSON), its output parameters, what the launcher
        warned of, and its log. The pod's files are gone.

    Raises:
        LauncherError: If the command fails, or says what the launcher cannot read.
    """
    pod.mkdir(parents=True)
    try:
        return _launch(cluster, pod, told, component, container, config)
    finally:
        shutil.rmtree(pod)


def _launch(
    cluster: Cluster,
    pod: Path,
    told: Mapping[str, Any],
    component: Mapping[str, Any],
    container: Mapping[str, Any],
    config: Mapping[str, Any],
) -> Launched:
    _download(cluster.bucket, pod, told["inputs"]["artifacts"])
    _prepare(pod, told["outputs"])
    command = _command(executor_input.with_defaults(told, component), pod, container)
    log = _execute(cluster, pod, command, told["outputs"], container, config)
    try:
        output = _read_output(Path(told["outputs"]["outputFile"]))
        parameters = _parameters(told["outputs"], output, component)
        artifacts, warnings = _upload(cluster.bucket, pod, told["outputs"], output)
    except (json_format.ParseError, NoStorageError, OSError) as error:
        raise LauncherError(f"{error}\n{log[-3000:]}") from error
    return Launched(artifacts, parameters, warnings, log)


def to_json(message: Mapping[str, Any]) -> str:
    """Returns a message as Go writes it: compact, and whole numbers without a fraction."""
    return json.dumps(_whole(message), separators=(",", ":"), ensure_ascii=False)


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _download(bucket: Bucket, pod: Path, artifacts: Mapping[str, Any]) -> None:
    for each in artifacts.values():
        uri = each["artifacts"][0]["uri"]
        try:
            bucket.download(uri, local_path(pod, uri))
        except NoStorageError:
            continue  # the launcher warns, and goes on


def _prepare(pod: Path, outputs: Mapping[str, Any]) -> None:
    for each in outputs["artifacts"].values():
        local_path(pod, each["artifacts"][0]["uri"]).parent.mkdir(parents=True, exist_ok=True)
    for each in outputs["parameters"].values():
        Path(each["outputFile"]).parent.mkdir(parents=True, exist_ok=True)


def _command(told: Mapping[str, Any], pod: Path, container: Mapping[str, Any]) -> list[str]:
    """Fills in the placeholders; an unknown one stays what it is."""
    values = {"{{$}}": to_json(told)}
    for name, value in told["inputs"]["parameterValues"].items():
        values[f"{{{{$.inputs.parameters['{name}']}}}}"] = executor_input.as_text(value)
    for way in ("inputs", "outputs"):
        for name, each in told[way]["artifacts"].items():
            uri, key = each["artifacts"][0]["uri"], f"{{{{$.{way}.artifacts['{name}']"
            values[f"{key}.uri}}}}"] = uri
            with contextlib.suppress(NoStorageError):
                values[f"{key}.path}}}}"] = str(local_path(pod, uri))
    for name, each in told["outputs"]["parameters"].items():
        values[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = each["outputFile"]
    words = [*container["command"], *container.get("args", [])]
    for placeholder, value in values.items():
        words = [word.replace(placeholder, value) for word in words]
    return [sys.executable, *words[1:]] if words[0] in ("python", "python3") else words


def _execute(
    cluster: Cluster,
    pod: Path,
    command: list[str],
    outputs: Mapping[str, Any],
    container: Mapping[str, Any],
    config: Mapping[str, Any],
) -> str:
    """Runs the command where nothing is but the image, the inputs and its volumes."""
    workdir, temporary = pod / "pipeline", pod / "tmp"
    if cluster.workdir:
        shutil.copytree(cluster.workdir, workdir)
    workdir.mkdir(exist_ok=True)
    temporary.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(PROJECT_ROOT),  # the image has the project installed
        MOUNT_ROOT: str(pod),
        **{each["name"]: each["value"] for each in container.get("env", [])},
        **cluster.environment(config),
    }
    log = pod / "log"
    with cluster.volumes(config), log.open("w", encoding="utf-8") as writer:
        done = subprocess.run(
            command,
            cwd=workdir,
            env=environment,
            stdout=writer,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        )
    text = log.read_text(encoding="utf-8", errors="replace")
    if executor_input.LOGS in outputs["artifacts"]:
        uri = outputs["artifacts"][executor_input.LOGS]["artifacts"][0]["uri"]
        local_path(pod, uri).write_text(text, encoding="utf-8")
    if done.returncode:
        raise LauncherError(f"exit status {done.returncode}\n{text[-6000:]}")
    return text


def _read_output(path: Path) -> dict[str, Any]:
    """Reads what the command says of its outputs, to the letter of the proto."""
    message = pipeline_spec_pb2.ExecutorOutput()
    if path.exists():
        json_format.Parse(path.read_text(encoding="utf-8"), message)
    return json_format.MessageToDict(message)


def _parameters(
    outputs: Mapping[str, Any], output: Mapping[str, Any], component: Mapping[str, Any]
) -> dict[str, Any]:
    values = dict(output.get("parameterValues", {}))
    for name, each in outputs["parameters"].items():
        if name not in values:
            text = Path(each["outputFile"]).read_text(encoding="utf-8")
            kind = component["outputDefinitions"]["parameters"][name]["parameterType"]
            values[name] = text if kind == "STRING" else json.loads(text)
    return values


def _upload(
    bucket: Bucket, pod: Path, outputs: Mapping[str, Any], output: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    artifacts, warnings = {}, []
    for name, provided in outputs["artifacts"].items():
        said = output.get("artifacts", {}).get(name, {}).get("artifacts", [])
        artifact = _merged(provided["artifacts"][0], said[0] if said else {})
        artifacts[name] = artifact
        try:
            path = local_path(pod, artifact["uri"])
        except NoStorageError:
            warnings.append(f"{name}: no recognized storage URI {artifact['uri']!r}: not uploaded")
            continue
        try:
            bucket.upload(path, artifact["uri"])
        except FileNotFoundError:
            warnings.append(f"{name}: local filepath {path} does not exist")
    return artifacts, warnings


def _merged(provided: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The command's word on URI and metadata counts, its word on name and type does not."""
    metadata = {**provided.get("metadata", {}), **said.get("metadata", {})}
    return {**provided, "uri": said.get("uri") or provided["uri"], "metadata": metadata}
