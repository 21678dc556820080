"""The files of deploy/, read."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from usecase.paths import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
BASE = KUBERNETES / "base"
BUCKET = KUBERNETES / "overlays" / "bucket"
RELEASES = KUBERNETES / "overlays" / "releases"
OPERATOR = KUBERNETES / "overlays" / "prometheus-operator"
CONFIG = BASE / "config"
KUSTOMIZATION = "kustomization.yaml"


def load(path: Path) -> dict:
    """The one document of a file; a key that stands twice is an error."""

    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader, node):
        pairs = loader.construct_pairs(node, deep=True)
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"{path}: a key stands twice among {keys}"
        return dict(pairs)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def manifests() -> Iterator[Path]:
    """All files that hold a resource or a patch of one."""
    return (path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != KUSTOMIZATION)


def compose() -> dict:
    return load(DEPLOY / "compose.yaml")


def server_command(**variables: str) -> list[str]:
    """The server's flags in compose.yaml, with the variables that Compose would fill in."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1], match[2])

    command = compose()["services"]["serving"]["command"]
    return [re.sub(r"\$\{(\w+):-([^}]*)\}", value, flag) for flag in command]


def patched_args(overlay: Path) -> list[str]:
    """The server's flags in the patch of an overlay."""
    patch = load(overlay / "deployment.yaml")
    (only,) = patch["spec"]["template"]["spec"]["containers"]
    return only["args"]


def deployment() -> dict:
    return load(BASE / "deployment.yaml")


def container() -> dict:
    (only,) = deployment()["spec"]["template"]["spec"]["containers"]
    return only


def flags(arguments: list[str]) -> dict[str, str]:
    """Flags of the server by name."""
    assert all(argument.startswith("--") for argument in arguments)
    return dict(argument[2:].partition("=")[::2] for argument in arguments)
