"""Request logging, as the model config file asks for it: the real server refuses it."""

from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.releases import model_config
from serving.releases.served import Served, can_read_config
from serving.releases.store import Store

EMBEDDED = "embedded"
FROM_CLIENT = "log from the client: ServingClient(..., request_log=...)"


def check_wish(prefix: str | None, kind: str) -> None:
    """Checks whether a server can log requests, before a release is begun for it.

    Args:
        prefix: What was asked for; None asks for nothing.
        kind: Of the server: "binary", "docker" or "embedded".

    Raises:
        ServingError: If it is asked for what it cannot do.
    """
    if prefix is None or kind == EMBEDDED:
        return
    raise ServingError(
        f"--request-log is for the embedded server, and this is {kind}: TensorFlow Serving has no "
        "request log",
        expected="--server embedded",
        fix=FROM_CLIENT,
    )


def enable(folder: Path, served: Served, prefix: str, rate: float) -> None:
    """Makes the servers' config file ask for a log of a model's requests.

    Args:
        folder: The model's folder.
        served: What is served.
        prefix: Folder and start of the log files' names.
        rate: The share of requests to log, above 0, up to 1.

    Raises:
        ServingError: If there is no release, or its config file cannot be written.
    """
    path = served.config_file
    if path is None:
        raise ServingError(
            f"requests cannot be logged here: {served.notes[0]}",
            expected="a release, whose model config file says what is logged",
            fix=f"mend that, or {FROM_CLIENT}",
        )

    def ask(_: Any, model: Any | None) -> None:
        if model is not None:
            log = model.logging_config
            log.log_collector_config.filename_prefix = str(Path(prefix).expanduser().absolute())
            log.sampling_config.sampling_rate = rate

    with Store(folder).changing():
        model_config.change(path, served.name, ask)


def check(served: Served, kind: str) -> None:
    """Checks whether a server takes what the config file says of request logs.

    Args:
        served: What is served.
        kind: As of `check_wish`.

    Raises:
        ServingError: If the file asks a real server for a log, which it refuses to start with.
    """
    if served.config_file is None or kind == EMBEDDED or not can_read_config():
        return
    config = model_config.parsed(served.config_file)
    models = [m.name for m in config.model_config_list.config if m.HasField("logging_config")]
    if models:
        raise ServingError(
            f"{served.config_file} has a logging_config of {', '.join(models)}, with which "
            f"TensorFlow Serving ({kind}) does not start: it has no request log",
            expected="no logging_config, or --server embedded",
            fix=f"take logging_config {{...}} out of that file; {FROM_CLIENT}",
        )
