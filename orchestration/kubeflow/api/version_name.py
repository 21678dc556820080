"""What a pipeline's version is called on the cluster: after the commit that it came from."""

import shutil
import subprocess
from pathlib import Path

from orchestration.kubeflow.api.package import Package


def version_name(package: Package, folder: Path | None) -> tuple[str, bool]:
    """Returns the name of a version, and whether it has changes that no commit has.

    One commit compiles to several pipelines, by config, data and image; so the digest of what was
    compiled is a part of the name, and one name always means one and the same pipeline. Files that
    git does not follow are no changes: what `compile` wrote is one of them.

    Args:
        package: The pipeline.
        folder: The project it was compiled from; None if that is not known.

    Returns:
        For example "taxi-1a2b3c4d5e6f-89abcdef", with "-dirty" where there are changes; without a
        commit "taxi-89abcdef".
    """
    commit, is_dirty = _commit(folder) if folder else ("", False)
    parts = [package.name, commit, "dirty" if is_dirty else "", package.digest]
    return "-".join(part for part in parts if part), is_dirty


def _commit(folder: Path) -> tuple[str, bool]:
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    # The project's own repository, not one that a virtual environment happens to lie in.
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not commit or not top or Path(top.strip()).resolve() != folder.resolve():
        return "", False
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return commit.strip(), bool(changes)


def _git(folder: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run(  # noqa: S603, git with our own arguments
        [git, "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else ""
