"""A folder of numbered model versions, as TensorFlow Serving watches it."""

import hashlib
import json
import shutil
import time
import uuid
from pathlib import Path

from serving.pushed import PUSH_RECORD, Push, versions

INCOMING_PREFIX = "incoming-"  # no number, so that no reader takes it for a version
STALE_SECONDS = 3600.0  # without a change, until an unfinished copy counts as left behind
METADATA_FILE = "metadata.json"
ORIGIN_KEY = "saved_model_sha256"
# Warm-up records, and where a version is from: no trainer writes them.
ADDED_BY_A_PUSH = PUSH_RECORD.parts[0]
RUN_VARIABLE = "PIPELINE_RUN_ID"  # of the environment: the run, where TFX does not know it


def latest_version(folder: str | Path) -> int | None:
    """Returns the newest version, None if there is none."""
    return max(versions(folder), default=None)


def digest(model: str | Path, *, leaving_out: str = "") -> str:
    """Returns a SHA-256 of a model's files, names and contents; of nothing if it is not there.

    Args:
        model: The model's folder.
        leaving_out: A folder right below it that does not count.
    """
    root = Path(model)
    result = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if path.relative_to(root).parts[0] == leaving_out:
            continue
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
            result.update(len(part).to_bytes(8, "big") + part)
    return result.hexdigest()


def origin(version: str | Path) -> str:
    """Returns the digest of the SavedModel that a version was made of.

    A version for phones names it in its metadata file; any other is that SavedModel itself, and
    what a push added does not count.
    """
    try:
        metadata = json.loads((Path(version) / METADATA_FILE).read_text(encoding="utf-8"))
        return str(metadata[ORIGIN_KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return digest(version, leaving_out=ADDED_BY_A_PUSH)


def next_version(
    model: str | Path, folder: str | Path, sibling: str | Path | None, now: int
) -> int:
    """Returns the number of a new version, higher than every version that the folder holds.

    One model goes by one number at both of its destinations, in whichever order it gets there.

    Args:
        model: What is to be pushed.
        folder: Where to.
        sibling: The other destination, which need not exist; None where there is but one.
        now: Seconds since 1970.
    """
    own = latest_version(folder) or 0
    others = versions(sibling) if sibling else []
    ahead = [version for version in reversed(others) if version > own]
    made_of = origin(model) if ahead else ""
    for version in ahead:
        if origin(Path(str(sibling)) / str(version)) == made_of:
            return version
    return max([now, own + 1, *(version + 1 for version in others[-1:])])


def publish(
    model: str | Path, folder: str | Path, version: int, record: Push | None = None
) -> Path:
    """Copies a model in whole: under a name that is no number, then renamed.

    A reader never sees half a model, and neither a crash nor a kill leaves one. What a killed copy
    left behind is removed by a later one, once it is too old to be another run's that is still at
    work: on a cluster, nothing keeps two of them apart.

    Args:
        model: The SavedModel.
        folder: The push destination, on a local file system; it is created.
        version: The new version.
        record: Where it is from, which is written into it; None if it holds the model alone.

    Returns:
        The folder of the new version.

    Raises:
        FileExistsError: If the version is already there.
        OSError: If it cannot be written, for example because the disk is full.
    """
    destination = Path(folder)
    destination.mkdir(parents=True, exist_ok=True)
    _sweep(destination)
    target = destination / str(version)
    if target.exists():
        raise FileExistsError(f"version {version} is already in {destination}")
    incoming = destination / f"{INCOMING_PREFIX}{version}-{uuid.uuid4().hex}"
    try:
        shutil.copytree(model, incoming)
        if record is not None:
            _write(record, incoming / PUSH_RECORD)
        incoming.rename(target)
    except BaseException as error:
        shutil.rmtree(incoming, ignore_errors=True)
        if isinstance(error, shutil.Error):  # a list of all files, of which one says enough
            _, _, why = error.args[0][0]
            raise OSError(f"version {version} could not be copied: {why}") from error
        raise
    return target


def _sweep(destination: Path) -> None:
    """Removes what interrupted copies left behind."""
    for left_over in destination.glob(f"{INCOMING_PREFIX}*"):
        if time.time() - _last_change(left_over) > STALE_SECONDS:
            if left_over.is_dir():
                shutil.rmtree(left_over, ignore_errors=True)
            else:
                left_over.unlink(missing_ok=True)


def _last_change(path: Path) -> float:
    """Returns when the newest file of a tree changed, in seconds since 1970."""
    found = [path, *path.rglob("*")]
    return max((p.lstat().st_mtime for p in found if p.is_symlink() or p.exists()), default=0.0)


def _write(record: Push, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record._asdict()) + "\n", encoding="utf-8")
