"""An object store: keys and bytes, no folders."""

import shutil
from pathlib import Path

MOUNTS = {"minio://": "minio", "gs://": "gcs", "s3://": "s3"}


class NoStorageError(Exception):
    """A URI of no storage that the launcher knows."""


def local_path(root: Path, uri: str) -> Path:
    """Returns where the launcher puts what a URI names.

    Args:
        root: The pod's file system.
        uri: For example minio://bucket/key.

    Raises:
        NoStorageError: If its scheme is none of minio, gs and s3.
    """
    for scheme, mount in MOUNTS.items():
        if uri.startswith(scheme):
            return root / mount / uri.removeprefix(scheme)
    raise NoStorageError(f"unsupported storage scheme: {uri}")


class Bucket:
    """One bucket, kept in a folder.

    Args:
        folder: Where its objects are.
        address: For example minio://mlpipeline/.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address

    def key(self, uri: str) -> str:
        """Returns an object's key.

        Raises:
            NoStorageError: If the URI is of another bucket.
        """
        if not uri.startswith(self.address):
            raise NoStorageError(
                f"URI {uri!r} does not have expected bucket prefix {self.address!r}"
            )
        return uri.removeprefix(self.address)

    def upload(self, source: Path, uri: str) -> int:
        """Copies a file, or all files of a folder; returns how many.

        Raises:
            FileNotFoundError: If there is no such file or folder.
            NoStorageError: If the URI is of another bucket.
        """
        key = self.key(uri)
        if not source.exists():
            raise FileNotFoundError(source)
        files = [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file()]
        for file in files:
            target = self.folder / key / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        return len(files)

    def download(self, uri: str, target: Path) -> int:
        """Copies all objects whose key begins with the URI's, siblings too; returns how many."""
        prefix = self.key(uri)
        found = [
            p
            for p in (self.folder / prefix).parent.rglob("*")
            if p.is_file() and p.relative_to(self.folder).as_posix().startswith(prefix)
        ]
        for file in found:
            rest = file.relative_to(self.folder).as_posix().removeprefix(prefix)
            copy = Path(f"{target}{rest}")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return len(found)
