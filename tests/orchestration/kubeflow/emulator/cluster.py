"""A cluster: what of it outlives a run, and how it is set up."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.orchestration.kubeflow.emulator import mlmd
from tests.orchestration.kubeflow.emulator.bucket import Bucket


class PodError(Exception):
    """The pod cannot start."""


class Cluster:
    """Storage, metadata and settings.

    Args:
        folder: For everything that it keeps.
        workdir: What lies in the image's WORKDIR, which each pod gets a copy of.
        root: The default pipeline root; its bucket is the only one.
        claims: The folder behind each PersistentVolumeClaim.
        secrets: The values of each Secret.
        logs: Whether it keeps the logs of executors, as it does by default since 2.5.
        new_layout: Whether output files lie below the mount, as they do since 2.15.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workdir: Path | None = None,
        root: str = "minio://mlpipeline/v2/artifacts",
        claims: Mapping[str, Path] | None = None,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        logs: bool = True,
        new_layout: bool = True,
    ) -> None:
        self.folder = folder
        self.workdir = workdir
        self.root = root
        self.claims = dict(claims or {})
        self.secrets = dict(secrets or {})
        self.logs = logs
        self.new_layout = new_layout
        self.store = mlmd.Store()
        scheme, _, path = root.partition("://")
        name = path.split("/")[0]
        self.bucket = Bucket(folder / "buckets" / name, f"{scheme}://{name}/")

    def environment(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Returns the variables that an executor's platform entry takes from Secrets.

        Raises:
            PodError: If there is no such Secret, or it has no such key.
        """
        return {
            entry["envVar"]: self._secret(
                _constant(secret, "secretNameParameter", "secretName"), entry["secretKey"]
            )
            for secret in config.get("secretAsEnv", [])
            for entry in secret["keyToEnv"]
        }

    def _secret(self, name: str, key: str) -> str:
        if key not in self.secrets.get(name, {}):
            raise PodError(f"no key {key!r} in secret {name!r}")
        return self.secrets[name][key]

    @contextmanager
    def volumes(self, config: Mapping[str, Any]) -> Iterator[None]:
        """Makes the volumes of an executor's platform entry visible, and no others.

        Raises:
            PodError: If there is no such claim, or something is where it is to be mounted.
        """
        mounted: list[Path] = []
        try:
            for mount in config.get("pvcMount", []):
                name = _constant(mount, "pvcNameParameter", "constant")
                if name not in self.claims:
                    raise PodError(f"persistentvolumeclaim {name!r} not found")
                path = Path(mount["mountPath"])
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    path.symlink_to(self.claims[name], target_is_directory=True)
                except FileExistsError:
                    raise PodError(f"something is at {path} already") from None
                mounted.append(path)
            yield
        finally:
            for path in mounted:
                path.unlink()


def _constant(entry: Mapping[str, Any], parameter: str, legacy: str) -> str:
    """Returns a name as backends of either age read it; they must agree."""
    new = entry.get(parameter, {}).get("runtimeValue", {}).get("constant")
    old = entry.get(legacy)
    if new and old and new != old:
        raise PodError(f"{parameter} says {new!r}, {legacy} says {old!r}")
    if not (new or old):
        raise PodError(f"neither {parameter} nor {legacy} names one")
    return str(new or old)
