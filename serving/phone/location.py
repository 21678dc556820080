"""Where a model's file is, what belongs to it, and whether it is the one that was pushed."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from serving.contract import Metadata
from serving.errors import ServingError, did_you_mean
from serving.phone.metadata import (
    METADATA_FILE,
    MODEL_FILES,
    read_embedded_metadata,
    read_metadata,
)


class Found(NamedTuple):
    """A model's file.

    Attributes:
        path: Where it is.
        content: What is in it.
        metadata: What is known of it.
    """

    path: Path
    content: bytes
    metadata: Metadata


def find_model(path: str | Path, variant: str = "float32") -> Found:
    """Reads a model's file and its metadata.

    Args:
        path: A folder of one pushed version, or of numbered versions, of which the highest is
            taken; or one .tflite file, which has its metadata inside of it.
        variant: Which file of a folder; a path of one file says so itself.

    Raises:
        ServingError: If there is no such folder, file or variant, or the file is not the one that
            the metadata describe.
    """
    place = Path(path).expanduser()
    if place.is_file():
        content = _read(place)
        return Found(place, content, read_embedded_metadata(content, str(place)))
    folder = version_folder(place)
    metadata = read_metadata(folder)
    file = folder / _file_name(folder, metadata, variant)
    content = _read(file)
    if hashlib.sha256(content).hexdigest() != metadata.files[file.name].sha256:
        raise ServingError(
            f"{file}: the file is damaged or was replaced",
            expected=f"the SHA-256 that {METADATA_FILE} names",
            fix="copy the whole folder of the version anew",
        )
    return Found(file, content, metadata)


def version_folder(place: Path) -> Path:
    """Returns the folder of the version that a path means.

    Raises:
        ServingError: If there is none.
    """
    if not place.is_dir():
        raise ServingError(
            f"no such folder or file: {place}",
            expected="a pushed version, the folder of its versions, or a .tflite file",
            fix="check the path",
        )
    versions = [p for p in place.iterdir() if p.name.isdecimal() and p.is_dir()]
    is_version = any((place / name).exists() for name in (METADATA_FILE, *MODEL_FILES.values()))
    if is_version or not versions:
        return place
    return max(versions, key=lambda p: int(p.name))


def _file_name(folder: Path, metadata: Metadata, variant: str) -> str:
    """Returns the name of a variant's file."""
    if variant not in MODEL_FILES:
        raise ServingError(
            f'there is no variant "{variant}"',
            expected=" or ".join(MODEL_FILES),
            fix=did_you_mean(variant, MODEL_FILES),
        )
    name = MODEL_FILES[variant]
    there = {file.variant for n, file in metadata.files.items() if (folder / n).is_file()}
    if name not in metadata.files or variant not in there:
        reason = metadata.left_out.get(name)
        raise ServingError(
            f"no variant {variant} in {folder}{f': {reason}' if reason else ''}",
            expected=f"one of those that are there: {', '.join(sorted(there)) or 'none'}",
            fix="choose one of them, or copy the whole folder of the version",
        )
    return name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServingError(
            f"model not readable: {path} ({error})", fix="check the file and its permissions"
        ) from error
