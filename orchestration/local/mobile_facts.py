"""The one fact of each node that makes the model for phones."""

from pathlib import Path

from tfx.utils import path_utils

from components.tflite_exporter import ERROR_FILE
from components.verdict import Verdict
from orchestration.local.text import number
from orchestration.outcome import why
from serving.phone.metadata import MODEL_FILES


def exported(model: Path) -> str:
    """Returns the files of an exported model with their sizes, or why there are none.

    Args:
        model: Folder of the exporter's output.
    """
    folder = Path(path_utils.serving_model_dir(str(model)))
    error = folder / ERROR_FILE
    if error.is_file():
        lines = error.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"failed: {next(iter(lines), '')}"
    files = {variant: folder / name for variant, name in MODEL_FILES.items()}
    return " · ".join(
        f"{variant} {number(file.stat().st_size / 1e3, 0)} kB"
        for variant, file in files.items()
        if file.is_file()
    )


def judged(folder: Path) -> str:
    """Returns what the gate measured of the plain file, or why it refused.

    Args:
        folder: Where its verdict lies.
    """
    verdict = Verdict.read(folder)
    refused = [result for result in verdict.results if result.refuses]
    if refused:
        return f"refused: {why(refused[0])}"
    values = {result.metric: result.value for result in verdict.results}
    parts = ["passed"]
    if (difference := values.get("float32 difference")) is not None:
        parts.append(f"float32 within {number(difference)}")
    if (latency := values.get("float32 latency ms")) is not None:
        parts.append(f"{number(latency, 2)} ms a row")
    return " · ".join(parts)
