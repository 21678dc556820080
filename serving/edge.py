"""A model for phones, run on this machine: LiteRT's interpreter and numpy, and no TensorFlow."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from serving.contract import CLASS, Metadata
from serving.errors import ServingError
from serving.phone.embedded import no_litert
from serving.phone.location import find_model
from serving.rows import tensors

BATCH_ROWS = 1024  # what the interpreter computes in one piece, so that memory stays bounded


class EdgeModel:
    """A .tflite file with the types, missing values and classes that its metadata tell of.

    One object may be used by several threads, which wait for one another.

    Args:
        path: A folder of one pushed version, or of numbered versions, of which the highest is
            taken; or one .tflite file, which has its metadata inside of it.
        variant: Which file of a folder: "float32", "float16" or "int8".
        threads: How many the interpreter computes with.

    Attributes:
        path: The file.
        metadata: What is known of it.

    Raises:
        ServingError: If there is no such file, it is not what its metadata describe, or
            ai-edge-litert is not installed.
    """

    def __init__(self, path: str | Path, variant: str = "float32", threads: int = 1) -> None:
        found = find_model(path, variant)
        self.path: Path = found.path
        self.metadata: Metadata = found.metadata
        self._lock = threading.Lock()  # the interpreter keeps a batch's tensors in itself
        self._run = _runner(found.content, self.metadata, threads, str(found.path))

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Returns the model's answers, one a row.

        Args:
            rows: A list of dicts, one a row; or a mapping of columns to sequences or arrays of
                one length; or a pandas DataFrame. Columns go by the data's names or by the
                inputs'. What is left out, None or NaN is missing.

        Returns:
            By name: `probability`, float32 [rows], `probabilities`, float32 [rows, classes], or
            `prediction`, float32 [rows]; and where the label has classes, `class`, text or int64
            [rows].

        Raises:
            ServingError: If a name is not known, a value has the wrong type, or lengths differ;
                the interpreter has seen nothing then.
        """
        columns = tensors(self.metadata.inputs, rows)
        count = len(next(iter(columns.values())))
        output = self.metadata.output
        answers = np.empty((count, *output.row_shape), np.float32)
        for start in range(0, count, BATCH_ROWS):
            batch = slice(start, start + BATCH_ROWS)
            part = {name: values[batch] for name, values in columns.items()}
            with self._lock:
                answers[batch] = self._run(**part)[output.name]
        return {output.name: answers, **_classes(self.metadata, answers)}


def _classes(metadata: Metadata, answers: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the class of each row, where classes have names."""
    label = metadata.label
    if not label.classes:
        return {}
    if label.task == "multiclass":
        ids = answers.argmax(axis=1)
    else:
        ids = (answers >= label.decision_threshold).astype(np.int64)
    return {CLASS: np.array(label.classes)[ids]}


def _runner(content: bytes, metadata: Metadata, threads: int, where: str) -> Any:
    """Returns the function that runs the signature on arrays by name."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise no_litert() from error
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        runner = interpreter.get_signature_runner(metadata.signature)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
    except (ValueError, RuntimeError) as error:
        raise ServingError(
            f"{where} cannot be run ({error})",
            expected="a .tflite file of this project, and one thread or more",
            fix="copy the whole folder of the version anew",
        ) from error
    found = {name: details["dtype"] for name, details in inputs.items()}
    if found != _expected(metadata) or metadata.output.name not in outputs:
        raise ServingError(
            f"{where} has other inputs or outputs than its metadata say",
            expected=f"{', '.join(sorted(_expected(metadata)))}; {metadata.output.name}",
            fix="take file and metadata of the same version",
        )
    return runner


def _expected(metadata: Metadata) -> dict[str, Any]:
    """Returns the dtypes of the inputs as the interpreter tells them."""
    dtypes = {"float32": np.float32, "int64": np.int64, "string": np.bytes_}
    return {tensor.name: dtypes[tensor.dtype] for tensor in metadata.inputs}
