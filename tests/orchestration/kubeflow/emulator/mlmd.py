"""The metadata store: what a task says of its outputs, and what those who take them are told."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

SESSION_INFO = '{"Provider":"minio","Params":{"fromEnv":"false"}}'
AT_RUN_TIME_ONLY = "_kfp_workspace"


class MlmdError(Exception):
    """The store cannot hold it: the launcher fails."""


class Stored(NamedTuple):
    """An artifact as it is kept."""

    id: int
    type: str
    uri: str
    custom_properties: dict[str, Any]


class Store:
    """All artifacts of a cluster."""

    def __init__(self) -> None:
        self.artifacts: dict[int, Stored] = {}

    def record(self, output: str, artifact: Mapping[str, Any]) -> Stored:
        """Keeps an artifact.

        Args:
            output: The name of the output, which it is displayed by.
            artifact: A RuntimeArtifact, as JSON.

        Raises:
            MlmdError: If its type has no title, or its metadata hold a null.
        """
        properties = {
            key: _stored(key, value)
            for key, value in artifact.get("metadata", {}).items()
            if key != AT_RUN_TIME_ONLY
        }
        properties.setdefault("display_name", output)
        properties["store_session_info"] = SESSION_INFO
        number = len(self.artifacts) + 1
        kept = Stored(number, _title(artifact.get("type", {})), artifact.get("uri", ""), properties)
        self.artifacts[number] = kept
        return kept

    def runtime_artifact(self, number: int) -> dict[str, Any]:
        """Returns an artifact as a task that takes it gets it: without its type."""
        kept = self.artifacts[number]
        return {
            "name": str(kept.id),
            "type": {"instanceSchema": ""},
            "uri": kept.uri,
            "metadata": dict(kept.custom_properties),
        }


def _stored(key: str, value: Any) -> Any:
    """There is no bool in the store, and but one kind of number; lists and dicts are wrapped."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return {"list": value}
    if isinstance(value, Mapping):
        return {"struct": dict(value)}
    raise MlmdError(f"unknown/unsupported value type {type(value).__name__} of {key!r}")


def _title(schema: Mapping[str, Any]) -> str:
    if "schemaTitle" in schema:
        return str(schema["schemaTitle"])
    loaded = yaml.safe_load(schema.get("instanceSchema", ""))
    if not isinstance(loaded, Mapping) or "title" not in loaded:
        raise MlmdError(f"the artifact's type has no title: {dict(schema)}")
    return str(loaded["title"])
