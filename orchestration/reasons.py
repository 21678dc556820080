"""Why a node ran again instead of being reused."""

import json
from collections.abc import Iterator
from typing import Any

from orchestration.records import Ingredients

FIRST_RUN = "first run"
ALWAYS = "always runs"
ASKED = "asked for"
LEFT_OUT = "not asked for"
MOST_NAMES = 3
# Levels of nesting that say nothing to a user.
WRAPPERS = ("custom_config", "settings", "declaration", "eval_config")
# Properties that are no part of the configuration, and what it means when they alone differ.
MEANINGS = {
    "data changed": {"input_fingerprint", "span"},
    "another version was pushed": {"version"},
    "another model server judges": {"settings.serving.server"},
}


def reason(before: Ingredients | None, now: Ingredients) -> str:
    """Compares a node with its last execution.

    Args:
        before: What it was made of then; None if it never ran.
        now: What it is made of now.

    Returns:
        One short phrase, for example "config changed: training.learning_rate".
    """
    if before is None:
        return FIRST_RUN
    if before.lock != now.lock:
        return "dependency lock changed"
    if changed := _changed(before.code, now.code):
        return "code changed: " + _names(changed)
    if changed := _changed(before.files, now.files):
        return "file changed: " + _names([name.rpartition("/")[2] for name in changed])
    if changed := _changed(before.config, now.config):
        for meaning, properties in MEANINGS.items():
            if properties.issuperset(changed):
                return meaning
        return "config changed: " + _names(list(dict.fromkeys(map(_short, changed))))
    if changed := _changed(before.inputs, now.inputs):
        # A gate's verdict, hidden by TFX behind an underscore, never differs alone.
        return "input changed: " + _names([c for c in changed if c[0] != "_"] or changed)
    return "its last result is gone"


def reused(made_by: str, run_id: str) -> str:
    """Returns "from run ..." for a run's id; its date only where it is not today's.

    Args:
        made_by: The run whose result is reused.
        run_id: The run that reuses it.
    """
    if not made_by:
        return "from an earlier run"
    date, _, time = made_by.partition("T")
    return "from run " + (time if time and date == run_id.partition("T")[0] else made_by)


def flatten(properties: dict[str, Any]) -> dict[str, str]:
    """Flattens a node's properties, JSON inside strings included, to "a.b.c" -> text."""
    return {path: text for name, value in properties.items() for path, text in _leaves(name, value)}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            yield path, value
            return
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(f"{path}.{key}", below)
    elif isinstance(value, list):
        names = [item.get("name") if isinstance(item, dict) else None for item in value]
        unique = None not in names and len(set(names)) == len(names)
        for name, below in zip(names if unique else range(len(value)), value, strict=True):
            yield from _leaves(f"{path}.{name}", below)
    else:
        yield path, str(value)


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))


def _short(path: str) -> str:
    return ".".join(part for part in path.split(".") if part not in WRAPPERS)


def _names(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
