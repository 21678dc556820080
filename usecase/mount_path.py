"""Where pods may see a volume: a folder of its own, which hides nothing that they need."""

import re
from pathlib import PurePosixPath

_SHORTEST = re.compile(r"(/(?!\.{1,2}(/|$))[^/\s:]+)+")  # Kubernetes refuses a colon
_EXAMPLE = "/mnt/pipeline"
# Whose folders they are, and why a volume may be neither there, nor above, nor below.
_TAKEN = {
    "Kubeflow's launcher, which takes what lies there for artifacts": ("/gcs", "/minio", "/s3"),
    "Kubeflow's launcher, whose own files it would hide": (
        "/.cache",
        "/.config",
        "/.local",
        "/kfp-launcher",
    ),
    "the image, whose files it would hide": (
        "/home/pipeline",
        "/opt/apache",
        "/opt/pipeline",
        "/pipeline",
    ),
    "the system": (
        *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc"),
        *("/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var"),  # noqa: S108, refused
    ),
}


def check_mount_path(text: str) -> str:
    """Checks where a volume is to be mounted.

    Args:
        text: The path, as pods see it.

    Returns:
        The same.

    Raises:
        ValueError: If it is no absolute path in its shortest form, or a folder of someone else's.
    """
    if not _SHORTEST.fullmatch(text):
        raise ValueError(
            f'expected an absolute path such as {_EXAMPLE}, without "//", ".", ".." and a last "/"'
        )
    path = PurePosixPath(text)
    for owner, folders in _TAKEN.items():
        for folder in map(PurePosixPath, folders):
            if path == folder or folder in path.parents or path in folder.parents:
                raise ValueError(
                    f"expected a folder of its own such as {_EXAMPLE}: {folder} belongs to {owner}"
                )
    return text
