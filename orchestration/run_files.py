"""The JSON files of a run: written whole or not at all, and read as far as they can be."""

import json
from pathlib import Path
from typing import Any

# What a file of another version of this program raises, and one that is not there.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)


def write_json(path: Path, raw: dict[str, Any]) -> None:
    """Writes a file, whole or not at all.

    Raises:
        OSError: If it cannot be written; what was there before is there then.
    """
    incoming = path.with_name(f"{path.name}.new")
    incoming.write_text(json.dumps(raw, indent=1), encoding="utf-8")
    incoming.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Reads a file.

    Raises:
        OSError: If there is none.
        ValueError: If it is no JSON.
        TypeError: If it holds no object.
    """
    raw = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(raw, dict):
        raise TypeError(f"{path} holds no object")
    return raw
