"""The versions of a model on a file system, and which of them its policy wants served."""

import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from model_server.status import Code, StatusError

_log = logging.getLogger(__name__)
_NUMBER = re.compile(r"[+-]?[0-9]+")
_INT64 = range(-(2**63), 2**63)


def find_versions(name: str, base_path: str, policy: Any) -> dict[int, str]:
    """Looks which versions of a model should be served now.

    Args:
        name: The model's name, for what is logged.
        base_path: The folder of its versions.
        policy: Its ServableVersionPolicy; unset means the latest one.

    Returns:
        The path of each such version; none when there is no version, which is logged.

    Raises:
        StatusError: The base path is not there, which says nothing about the versions.
    """
    versions = versions_among(children(name, base_path))
    wanted = choose(name, versions, policy)
    if not wanted:
        _log.warning(
            "No versions of servable %s found under base path %s. Did you forget to name your "
            "leaf directory as a number (eg. '/1/')?",
            name,
            base_path,
        )
    return {version: os.path.join(base_path, versions[version]) for version in wanted}


def children(name: str, base_path: str) -> list[str]:
    """Lists what is in a base path.

    Args:
        name: The model's name.
        base_path: A folder, or a URI that TensorFlow's file systems know.

    Returns:
        The names, sorted.

    Raises:
        StatusError: The base path is not there.
    """
    try:
        if "://" not in base_path:
            return sorted(child.name for child in Path(base_path).iterdir())
        import tensorflow as tf  # a local path costs no import of it

        if not tf.io.gfile.isdir(base_path):
            raise FileNotFoundError(base_path)
        return sorted(child.strip("/") for child in tf.io.gfile.listdir(base_path))
    except FileNotFoundError:
        reason = f"NOT_FOUND: {base_path} not found"
    except Exception as error:  # noqa: BLE001 - a remote file system fails in its own ways
        reason = str(error)
    raise StatusError(
        Code.INVALID_ARGUMENT,
        f"Could not find base path {base_path} for servable {name} with error {reason}",
    )


def versions_among(names: Iterable[str]) -> dict[int, str]:
    """Returns the names that are 64-bit numbers by their version; `00000123` is 123."""
    found: dict[int, str] = {}
    for name in names:
        if not _NUMBER.fullmatch(name) or int(name) not in _INT64:
            continue
        version = int(name)
        if version in found:
            _log.warning(
                "Duplicate version directories detected. Version %d will be loaded from %s, %s "
                "will be ignored.",
                version,
                name,
                found[version],
            )
        found[version] = name
    return found


def choose(name: str, versions: Iterable[int], policy: Any) -> list[int]:
    """Applies a version policy.

    Args:
        name: The model's name, for what is logged.
        versions: The versions that are there.
        policy: A ServableVersionPolicy.

    Returns:
        Those to serve, the highest first.
    """
    there = sorted(versions, reverse=True)
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return there
    if choice != "specific":
        return there[: max(policy.latest.num_versions, 1)]
    asked = set(policy.specific.versions)
    for version in sorted(asked.difference(there)):
        _log.warning(
            "Version %d of servable %s, which was requested to be served as a 'specific' version "
            "in the servable's version policy, was not found in the file system",
            version,
            name,
        )
    return [version for version in there if version in asked]
