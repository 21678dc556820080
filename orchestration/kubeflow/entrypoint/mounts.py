"""Addresses in object stores, and the folders at which a pod sees them."""

import re
from collections.abc import Mapping
from typing import Any

ROOT_VARIABLE = "KUBEFLOW_MOUNT_ROOT"
FOLDERS = {"gs": "gcs", "minio": "minio", "s3": "s3"}  # by scheme
PATH_CHARACTER = r"[\w./~-]"


class Mounts:
    """Maps addresses to folders and back.

    Kubeflow's launcher downloads inputs to these folders, and uploads outputs from there; Vertex AI
    mounts gs:// at its folder.

    Args:
        environ: The environment; KUBEFLOW_MOUNT_ROOT is put before all folders.
        native: Whether gs:// stays as it is.
    """

    def __init__(self, environ: Mapping[str, str], *, native: bool = False) -> None:
        self._root = environ.get(ROOT_VARIABLE, "/").rstrip("/") + "/"
        self._schemes = {f: s for s, f in FOLDERS.items() if not (native and s == "gs")}
        self._folder = re.compile(
            f"(?<!{PATH_CHARACTER}){re.escape(self._root)}({'|'.join(self._schemes)})/"
        )

    def local(self, uri: str) -> str:
        """Returns the folder of an address; what is none of an object store stays as it is."""
        scheme, separator, rest = uri.partition("://")
        folder = FOLDERS.get(scheme)
        if not separator or folder not in self._schemes:
            return uri
        return f"{self._root}{folder}/{rest}"

    def remote(self, value: Any) -> Any:
        """Returns a tree of JSON with every folder in its texts turned into its address again."""
        if isinstance(value, str):
            return self._folder.sub(lambda found: f"{self._schemes[found[1]]}://", value)
        if isinstance(value, dict):
            return {key: self.remote(below) for key, below in value.items()}
        if isinstance(value, list):
            return [self.remote(below) for below in value]
        return value

    def file(self, path: str) -> str:
        """Returns where a pod finds a file of the launcher's, by its path or address."""
        scheme, separator, rest = path.partition("://")
        if separator:
            return f"{self._root}{FOLDERS.get(scheme, scheme)}/{rest}"
        mounted = tuple(f"/{folder}/" for folder in FOLDERS.values())
        return self._root + path[1:] if path.startswith(mounted) else path
