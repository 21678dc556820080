"""TensorFlow Serving's own binary, where it is installed."""

import shutil

from serving.servers.setup import Setup, Start, flags

BINARY = "tensorflow_model_server"
WHAT = f"the {BINARY} on PATH"
FIX = f"install {BINARY}, or put it on PATH"


def missing() -> str:
    """Returns why it cannot be used, or "" if it can."""
    return "" if shutil.which(BINARY) else f"no {BINARY} on PATH"


def start(setup: Setup) -> Start:
    """Returns how it is started.

    It has no flag for the address that it binds.
    """
    return Start(
        [
            shutil.which(BINARY) or BINARY,
            *flags(
                setup, setup.grpc_port, setup.rest_port, str(setup.base_path), setup.extra_flags
            ),
        ],
        note=f"{BINARY} binds all addresses (0.0.0.0), and has no flag to change that: "
        "a firewall must keep others out",
    )
