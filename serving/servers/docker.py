"""TensorFlow Serving's official image, where a Docker engine answers."""

import shutil
import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from serving.errors import ServingError
from serving.servers.setup import Setup, Start, flags

IMAGE = "tensorflow/serving:2.16.1"
GRPC_PORT, REST_PORT = 8500, 8501  # inside of the container
MODELS = "/models"
WHAT = f"the image {IMAGE} in Docker"
FIX = "start the Docker engine, or put another one into DOCKER_HOST"
SILENT = "no Docker engine answers"
ANSWER_SECONDS = 3.0
PULL_SECONDS = 1800.0


def missing() -> str:
    """Returns why it cannot be used, or "" if it can."""
    if not shutil.which("docker"):
        return "no docker on PATH"
    asked = ["version", "--format", "{{.Server.Version}}"]
    return "" if _docker(asked, subprocess.DEVNULL, ANSWER_SECONDS) == 0 else SILENT


def has_image(image: str = IMAGE) -> bool:
    """Returns whether the image is on this machine."""
    return _docker(["image", "inspect", image], subprocess.DEVNULL) == 0


def prepare(log: IO[bytes], image: str = IMAGE) -> None:
    """Pulls the image if this machine has not got it; what Docker says goes into the log.

    Raises:
        ServingError: If it cannot be had.
    """
    if has_image(image):
        return
    if _docker(["pull", image], log, PULL_SECONDS) != 0:
        raise ServingError(
            f"Docker cannot pull {image}",
            expected="an image on this machine, or a registry that answers",
            fix=f"try `docker pull {image}`, or do without: --server embedded",
        )


def start(setup: Setup, image: str = IMAGE) -> Start:
    """Returns how it is started.

    The server is its container's main process and ignores SIGTERM there; `--init` puts another one
    in its place, that passes signals on. Files that extra flags name are mounted, too.

    With a model config file, which names the model's folder, the folder is where it is outside.
    Folders are mounted, not the file: who replaces a file by another one would leave the container
    with the first.

    Args:
        setup: What is served, and where.
        image: The image.
    """
    name = f"serving-{uuid.uuid4().hex[:12]}"
    base_path = f"{MODELS}/{setup.name}" if setup.config_file is None else str(setup.base_path)
    extra, files = _mounted(setup.extra_flags)
    folders = [(setup.base_path, base_path)]
    if setup.config_file is not None and not setup.config_file.is_relative_to(setup.base_path):
        folders.append((setup.config_file.parent, str(setup.config_file.parent)))
    command = ["docker", "run", "--rm", "--init", "--name", name]
    for outside, inside in ((setup.grpc_port, GRPC_PORT), (setup.rest_port, REST_PORT)):
        command += ["-p", f"{_address(setup.host)}:{outside}:{inside}"]
    for source, target in [*folders, *files]:
        command += ["--mount", _mount(source, target)]
    command += ["--entrypoint", "tensorflow_model_server", image]
    command += flags(setup, GRPC_PORT, REST_PORT, base_path, extra)
    return Start(command, cleanup=["docker", "rm", "--force", name])


def _address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _mounted(extra: Iterable[str]) -> tuple[list[str], list[tuple[Path, str]]]:
    """Returns flags that name files as the container sees them, and what is mounted for that."""
    rewritten: list[str] = []
    files: list[tuple[Path, str]] = []
    for flag in extra:
        name, _, value = flag.partition("=")
        path = Path(value).expanduser()
        if value and name.endswith("_file") and path.is_file():
            target = f"/config/{len(files)}/{path.name}"
            files.append((path.resolve(), target))
            rewritten.append(f"{name}={target}")
        else:
            rewritten.append(flag)
    return rewritten, files


def _mount(source: Path, target: str) -> str:
    # Docker reads this as a line of CSV. Unlike `-v`, it takes paths with a colon, and it fails
    # where the source is not there instead of making an empty folder.
    fields = ["type=bind", f"source={source}", f"target={target}", "readonly"]
    return ",".join(
        '"' + text.replace('"', '""') + '"' if set(text) & set(',"') else text for text in fields
    )


def _docker(arguments: list[str], out: IO[bytes] | int, timeout: float = 60.0) -> int:
    try:
        return subprocess.run(  # noqa: S603 (arguments are made here, and an image's name)
            ["docker", *arguments],  # noqa: S607 (the one on PATH is meant)
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=timeout,
            check=False,
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return -1
