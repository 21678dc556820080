"""What a node depends on beside its inputs: code, the lock, and files that it reads by path.

TFX's cache key holds a node's inputs and properties, but neither the code that it runs nor the
contents of a file that it is given by path. The digests made here become flags of the executor,
which are part of the key, and tell why a node ran again.
"""

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from usecase.file_digest import sha256_of
from usecase.paths import PROJECT_ROOT, file_below, module_file

LOCKS = PROJECT_ROOT / "requirements"
STAMP = ".setup-stamp"  # tools/setup.sh begins it with the name of the lock
ROOMS = (
    "usecase",
    "ingestion",
    "models",
    "components",
    "pipeline",
    "orchestration",
    "serving",
    "model_server",
)


def file_digest(path: str | Path) -> str:
    """Returns the first 16 hex digits of a file's SHA-256."""
    return sha256_of(path)[:16]


def file_digests(paths: Iterable[Path]) -> dict[str, str]:
    """Returns the digest of each file by its path."""
    return {str(path): file_digest(path) for path in paths}


def combined(digests: dict[str, str]) -> str:
    """Returns one digest of many, whatever their order."""
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lock_digest() -> str:
    """Returns a digest of the lock that this environment was made from; of all, if none says so."""
    stamp = Path(sys.prefix) / STAMP
    name = stamp.read_text(encoding="utf-8").split()[0] if stamp.is_file() else ""
    mine = LOCKS / f"{name}.txt"
    locks = [mine] if mine.is_file() else sorted(LOCKS.glob("*.txt"))
    return combined({path.name: file_digest(path) for path in locks})


def project_code() -> dict[str, str]:
    """Returns the digest of every Python file of the project's packages."""
    files = [file for room in ROOMS for file in (PROJECT_ROOT / room).rglob("*.py")]
    return {_shown(file): file_digest(file) for file in files}


def code_of(modules: Iterable[str]) -> dict[str, str]:
    """Returns the digest of every project file that the modules import, directly or not.

    Args:
        modules: Dotted module names; modules from outside the project (a function of the user's)
            count too, as far as their own folder goes.
    """
    found: dict[str, str] = {}
    waiting = [path for module in modules if (path := module_file(module))]
    roots = {path.parent for path in waiting}
    while waiting:
        path = waiting.pop()
        if _shown(path) not in found and _is_ours(path, roots):
            found[_shown(path)] = file_digest(path)
            state = path.stat()
            waiting += _imports(path, state.st_mtime_ns, state.st_size)
    return found


def _is_ours(path: Path, roots: set[Path]) -> bool:
    if any(path.is_relative_to(PROJECT_ROOT / room) for room in ROOMS):
        return True
    # The locks stand for what is installed.
    return "site-packages" not in path.parts and any(path.is_relative_to(r) for r in roots)


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path)


@functools.cache
def _imports(path: Path, _mtime_ns: int, _size: int) -> tuple[Path, ...]:
    """Returns the files of the modules that a file imports; it is parsed once while it is the same.

    Every node asks for much the same files, and parsing them all takes a tenth of a second.
    """
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[Path]:
    """Yields the files of the modules that a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [module_file(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # A name may be a module of the package, or something inside of the module.
            names = ["", *(alias.name for alias in node.names)]
            found = [_from(path, node, name) for name in names]
        else:
            continue
        yield from (file for file in found if file)


def _from(path: Path, node: ast.ImportFrom, name: str) -> Path | None:
    parts = [*(node.module or "").split("."), name]
    dotted = [part for part in parts if part]
    if node.level == 0:
        return module_file(".".join(dotted))
    return file_below(path.parents[node.level - 1], dotted)
