"""The folders of artifacts: object stores have none that are empty."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.kubeflow.entrypoint.executor_input import artifacts
from orchestration.kubeflow.entrypoint.readable import is_value


def make_folders(executor_input: Mapping[str, Any]) -> None:
    """Creates the folders that an executor counts on; what is at an address stays untouched.

    Those of outputs begin empty, also where an earlier attempt has left something.
    """
    for artifact in artifacts(executor_input["outputs"]).values():
        if folder := _folder(artifact):
            if folder.is_dir() and not is_value(artifact):
                shutil.rmtree(folder)
            (folder.parent if is_value(artifact) else folder).mkdir(parents=True, exist_ok=True)
    for artifact in artifacts(executor_input["inputs"]).values():
        folder = _folder(artifact)
        if folder and not is_value(artifact) and not folder.exists():
            folder.mkdir(parents=True)


def write(path: Path, tree: Mapping[str, Any]) -> None:
    """Writes a file of JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def _folder(artifact: Mapping[str, Any]) -> Path | None:
    uri = artifact.get("uri", "")
    return Path(uri) if uri.startswith("/") else None
