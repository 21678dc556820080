"""The model that this machine's pipeline pushed, where nobody names one."""

from pathlib import Path

from serving.errors import ServingError

PUSHED = Path("outputs") / "serving"  # the local runner's, in the folder that it is run from


def only_model(folder: Path, option: str) -> Path:
    """Returns the only folder in a folder of models.

    Args:
        folder: Where each model has a folder of its versions.
        option: How the command line names a model, for the error.

    Raises:
        ServingError: If there is none, or there are several.
    """
    found = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise ServingError(
            f"there is no model in {folder}",
            expected="a pushed model",
            fix=f"push one (python local_runner.py run), or name one: {option}",
        )
    raise ServingError(
        f"there are several models in {folder}: {', '.join(p.name for p in found)}",
        expected="one of them",
        fix=f"choose: {option}",
    )
