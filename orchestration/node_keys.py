"""Adds to each node's cache key what TFX leaves out: its code, its files and the lock."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from orchestration import fingerprints
from pipeline.stage_names import SERVING_GATE
from usecase.declaration import Declaration

# What a node starts as a process, and nobody imports.
STARTED = {SERVING_GATE: "model_server.__main__"}


@dataclasses.dataclass(frozen=True)
class NodeKey:
    """Digests of what a node depends on beside its inputs and properties.

    Attributes:
        code: Of each project file that it runs.
        files: Of each file that it is given by path.
        lock: Of the dependency locks.
    """

    code: dict[str, str]
    files: dict[str, str]
    lock: str

    def flags(self) -> list[str]:
        """Returns the key as flags of an executor, which ignores them."""
        digests = {"code": fingerprints.combined(self.code), "lock": self.lock}
        if self.files:
            digests["files"] = fingerprints.combined(self.files)
        return [f"--{name}_digest={digest}" for name, digest in digests.items()]


def add_keys(nodes: Iterable[Any], declaration: Declaration) -> dict[str, NodeKey]:
    """Makes the keys of nodes part of their executors' specs.

    Args:
        nodes: TFX components.
        declaration: Whose functions count as code of every node that is told of them.

    Returns:
        The key of each node, by its id.
    """
    lock = fingerprints.lock_digest()
    keys = {}
    for node in nodes:
        texts = [value for value in node.exec_properties.values() if isinstance(value, str)]
        modules = [node.executor_spec.class_path.rpartition(".")[0]]
        modules += _function_modules(texts, declaration.functions)
        modules += [STARTED[node.id]] if node.id in STARTED else []
        files = {text: fingerprints.file_digest(text) for text in texts if _is_file(text)}
        keys[node.id] = NodeKey(fingerprints.code_of(modules), files, lock)
        node.executor_spec.add_extra_flags(keys[node.id].flags())
    return keys


def _function_modules(texts: Iterable[str], functions: Iterable[str]) -> Iterator[str]:
    """Yields the modules of the functions that properties name by a dotted path."""
    for text in texts:
        if all(part.isidentifier() for part in text.split(".")) and "." in text:
            yield text.rpartition(".")[0]
        yield from (f.rpartition(".")[0] for f in functions if f in text)


def _is_file(text: str) -> bool:
    return text.startswith("/") and Path(text).is_file()
