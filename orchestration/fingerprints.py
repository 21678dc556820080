"""What a node depends on beside its inputs: code, the lock, and files that it reads by path.

TFX's cache key holds a node's inputs and properties, but neither the code that it runs nor the
contents of a file that it is given by path. The digests made here become flags of the executor,
which are part of the key, and tell why a node ran again.
"""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

from usecase.paths import PROJECT_ROOT

LOCKS = PROJECT_ROOT / "requirements"


def file_digest(path: str | Path) -> str:
    """Returns the first 16 hex digits of a file's SHA-256."""
    result = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            result.update(block)
    return result.hexdigest()[:16]


def combined(digests: dict[str, str]) -> str:
    """Returns one digest of many, whatever their order."""
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lock_digest() -> str:
    """Returns a digest of the dependency locks."""
    return combined({path.name: file_digest(path) for path in sorted(LOCKS.glob("*.txt"))})


def project_code() -> dict[str, str]:
    """Returns the digest of every Python file of the project's packages and runners."""
    packages = [p.parent for p in PROJECT_ROOT.glob("*/__init__.py")]
    files = [f for package in packages for f in package.rglob("*.py")]
    return {
        _shown(f): file_digest(f) for f in files if "tests" not in f.relative_to(PROJECT_ROOT).parts
    }


def code_of(modules: Iterable[str]) -> dict[str, str]:
    """Returns the digest of every project file that the modules import, directly or not.

    Args:
        modules: Dotted module names; modules from outside the project (a function of the user's)
            count too, as far as their own folder goes.
    """
    found: dict[Path, None] = {}
    waiting = [origin for module in modules if (origin := _origin(module))]
    roots = {PROJECT_ROOT, *(path.parent for path in waiting)}
    while waiting:
        path = waiting.pop()
        if path in found or not _is_ours(path, roots):
            continue
        found[path] = None
        waiting += [origin for name in _imports(path) if (origin := _origin(name))]
    return {_shown(path): file_digest(path) for path in found}


def _is_ours(path: Path, roots: set[Path]) -> bool:
    if "site-packages" in path.parts:
        return False
    return any(path.is_relative_to(root) for root in roots)


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path)


@functools.cache
def _origin(module: str) -> Path | None:
    """Returns the file of a module without importing it, None for built-ins and names inside."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def _imports(path: Path) -> Iterator[str]:
    """Yields the modules that a file names in imports, wherever in the file they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if _is_project_name(name))


@functools.cache
def _is_project_name(name: str) -> bool:
    """Whether a module could be ours, so that no other package has to be imported to find out."""
    origin = _origin(name.partition(".")[0])
    return origin is not None and "site-packages" not in origin.parts and _not_stdlib(origin)


def _not_stdlib(origin: Path) -> bool:
    return not origin.is_relative_to(Path(ast.__file__).parent)
