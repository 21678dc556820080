"""What is to be served, and where: what every server is told by its own command line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONFIG_FLAG = "--model_config_file"
RETRIES_FLAG = "--max_num_load_retries"


@dataclass(frozen=True)
class Setup:
    """What is to be served, and where.

    Attributes:
        base_path: The folder of numbered versions, absolute.
        name: The model's name in requests.
        host: The address to bind.
        grpc_port: The port of the gRPC API.
        rest_port: The port of the REST API.
        extra_flags: More flags of tensorflow_model_server.
        config_file: A model config file, absolute, that the server goes on reading: it says which
            versions have which labels. None serves the newest version, without labels.
    """

    base_path: Path
    name: str
    host: str
    grpc_port: int
    rest_port: int
    extra_flags: Sequence[str] = ()
    config_file: Path | None = None


@dataclass(frozen=True)
class Start:
    """How a server is started.

    Attributes:
        command: The command line.
        note: What a user should know of this server; may be empty.
        cleanup: A command for when the server had to be killed; may be empty.
        environment: Variables that are added to this process's own.
    """

    command: Sequence[str]
    note: str = ""
    cleanup: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)


def flags(
    setup: Setup, grpc_port: int, rest_port: int, base_path: str, extra: Sequence[str]
) -> list[str]:
    """Returns the flags that all servers share.

    A model that cannot be loaded is given up at once, where the server's own default is to try for
    five minutes: the files are on this machine, and loading them again changes nothing.
    """
    own = [f"--port={grpc_port}", f"--rest_api_port={rest_port}"]
    if setup.config_file is None:
        own += [f"--model_name={setup.name}", f"--model_base_path={base_path}"]
    else:
        own += [f"{CONFIG_FLAG}={setup.config_file}", f"{CONFIG_FLAG}_poll_wait_seconds=1"]
        # At its start no version is loaded that a label could point to.
        own.append("--allow_version_labels_for_unavailable_models")
    given = {flag.partition("=")[0] for flag in extra}
    return [*(f for f in (*own, f"{RETRIES_FLAG}=0") if f.partition("=")[0] not in given), *extra]
