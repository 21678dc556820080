"""The embedded server of this project, for where there is no other. It is started, not imported."""

import importlib.util
import os
import sys
from pathlib import Path

from serving.servers.setup import Setup, Start, flags

MODULE = "model_server"
WHAT = "the embedded server"
FIX = "run it with the project's own Python: .venv/bin/python"


def missing() -> str:
    """Returns why it cannot be used, or "" if it can."""
    lacking = [name for name in (MODULE, "tensorflow") if importlib.util.find_spec(name) is None]
    return f"no {' and no '.join(lacking)} in this Python" if lacking else ""


def start(setup: Setup) -> Start:
    """Returns how it is started."""
    ports = (setup.grpc_port, setup.rest_port)
    shared = flags(setup, *ports, str(setup.base_path), setup.extra_flags)
    return Start(
        [sys.executable, "-m", MODULE, f"--host={setup.host}", *shared],
        note="the embedded server is for development, validation and small loads; "
        "for production see docs/SERVING.md",
        environment={"PYTHONPATH": os.pathsep.join(_import_path()), "PYTHONUNBUFFERED": "1"},
    )


def _import_path() -> list[str]:
    spec = importlib.util.find_spec(MODULE)
    places = list(spec.submodule_search_locations or []) if spec else []
    own = os.environ.get("PYTHONPATH")
    return [*(str(Path(place).resolve().parent) for place in places), *([own] if own else [])]
