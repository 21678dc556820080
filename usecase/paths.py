"""Where the files that a configuration names are."""

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from usecase.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
PACKAGE_PREFIX = "pkg:"


def resolve(path: str, what: str) -> Path:
    """Returns the absolute path of a file that the configuration names.

    Relative paths are looked up in the current directory, then beside this project;
    `pkg:PACKAGE/FILE` inside an installed package, which is not imported.

    Args:
        path: The path as written.
        what: What the file is, for the error.

    Raises:
        ConfigError: If there is no such file.
    """
    inside_package = path.startswith(PACKAGE_PREFIX)
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        for candidate in candidates(path):
            if candidate.is_file() if inside_package else candidate.exists():
                return candidate
    if inside_package:
        package, _, rest = path.removeprefix(PACKAGE_PREFIX).partition("/")
        raise ConfigError(
            f"{what} not found: {path}",
            expected=f'a file "{rest}" inside the installed package "{package}"',
            fix="correct the path, or install the package",
        )
    raise ConfigError(
        f"{what} not found: {path}",
        expected=f"a file at {Path(path).absolute()}",
        fix="correct the path, or create the file",
    )


def candidates(path: str) -> Iterator[Path]:
    """Yields the absolute paths that a path of the configuration may mean, the first choice first.

    Raises:
        OSError, RuntimeError, ValueError: If the path cannot be one.
    """
    if path.startswith(PACKAGE_PREFIX):
        package, _, rest = path.removeprefix(PACKAGE_PREFIX).partition("/")
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
        for folder in (spec.submodule_search_locations or []) if spec else []:
            yield Path(folder) / rest
        return
    yield Path(path).expanduser().absolute()
    yield PROJECT_ROOT / path


def module_file(module: str) -> Path | None:
    """Returns the file of a module without running it or any package around it.

    Args:
        module: A dotted name.

    Returns:
        The Python file; None for what is built in, compiled, or not there.
    """
    top, *below = module.split(".")
    try:
        spec = importlib.util.find_spec(top) if top else None
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        return _python_file(spec.origin) if not below else None
    return file_below(Path(next(iter(spec.submodule_search_locations))), below)


def file_below(folder: Path, names: list[str]) -> Path | None:
    """Returns the file of a module below a package's folder; of the package if none is named."""
    path = folder.joinpath(*names)
    for candidate in (path / "__init__.py", path.with_name(path.name + ".py")):
        if candidate.is_file():
            return candidate
    return None


def _python_file(origin: str | None) -> Path | None:
    return Path(origin) if origin and origin.endswith(".py") else None
