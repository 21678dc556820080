"""A compiled pipeline, as it is sent to a cluster."""

import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from usecase.errors import ConfigError

SCHEMA = "2.1."
# libyaml is ten times as fast, where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclasses.dataclass(frozen=True)
class Package:
    """A compiled pipeline.

    Attributes:
        text: The file's text.
        spec: Its PipelineSpec.
        platform: Its platform document; None if it has none.
    """

    text: str
    spec: dict[str, Any]
    platform: dict[str, Any] | None

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(self.spec["pipelineInfo"]["name"])

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """Its runtime parameters by name: `parameterType` and, where there is one, a default."""
        return dict(self.spec["root"].get("inputDefinitions", {}).get("parameters", {}))

    @property
    def body(self) -> dict[str, Any]:
        """How the API takes it inside a request."""
        if self.platform is None:
            return self.spec
        return {"pipeline_spec": self.spec, "platform_spec": self.platform}

    @functools.cached_property
    def digest(self) -> str:
        """The first 8 hex digits of the SHA-256 of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]


def read_package(path: str) -> Package:
    """Reads a compiled pipeline.

    Raises:
        ConfigError: If there is no such file, or it is no pipeline for Kubeflow Pipelines.
    """
    fix = "python kubeflow_runner.py compile --config configs/taxi.yaml --out taxi.yaml"
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(f"pipeline not readable: {path} ({why})", fix=fix) from error
    try:
        return parse_package(text)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.what}", error.expected, error.fix or fix) from error


def parse_package(text: str) -> Package:
    """Returns the pipeline that a text describes.

    Raises:
        ConfigError: If it is none for Kubeflow Pipelines.
    """
    try:
        documents = [document for document in yaml.load_all(text, _Loader) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError("it is no YAML", "a compiled pipeline") from error
    mappings = [document for document in documents if isinstance(document, dict)]
    if mappings and "pipelineSpec" in mappings[0]:
        raise ConfigError(
            "it was compiled for Vertex AI",
            "a pipeline for Kubeflow Pipelines",
            "compile it with --target kfp",
        )
    if len(mappings) != len(documents) or len(documents) not in (1, 2) or not _is_spec(mappings[0]):
        raise ConfigError(
            "it is no compiled pipeline",
            "a PipelineSpec, and the platform document behind it",
        )
    return Package(text, _plain(mappings[0]), _plain(mappings[1]) if len(mappings) > 1 else None)


def _is_spec(document: dict[str, Any]) -> bool:
    info, root = document.get("pipelineInfo"), document.get("root")
    return (
        str(document.get("schemaVersion", "")).startswith(SCHEMA)
        and isinstance(info, dict)
        and isinstance(info.get("name"), str)
        and isinstance(root, dict)
        and isinstance(root.get("dag"), dict)
        and isinstance(root["dag"].get("tasks"), dict)
    )


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(document, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise ConfigError("it has values that JSON does not know", "plain values") from error
