"""Where the files that a configuration names are."""

import importlib.util
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
    if path.startswith(PACKAGE_PREFIX):
        return _inside_package(path, what)
    candidates = [Path(path).expanduser().absolute(), PROJECT_ROOT / path]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise ConfigError(
        f"{what} not found: {path}",
        expected=f"a file at {candidates[0]}",
        fix="correct the path, or create the file",
    )


def _inside_package(path: str, what: str) -> Path:
    package, _, rest = path.removeprefix(PACKAGE_PREFIX).partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if rest and (Path(folder) / rest).is_file():
            return Path(folder) / rest
    raise ConfigError(
        f"{what} not found: {path}",
        expected=f'a file "{rest}" inside the installed package "{package}"',
        fix="correct the path, or install the package",
    )
