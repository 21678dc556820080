"""Asks a .tflite for its answers in a process without TensorFlow, as a phone would.

`python -m components.tflite_probe < request.json`, with the keys

* `model`: the file;
* `signature`: the signature to run;
* `rows`: a folder of `<set>-<number>.npz`, one array [rows] an input;
* `answers`: the .npz to write: `<set>`, the answers to each set, [rows] or [rows, classes];
  `<set>:one`, those to its first rows, asked for one by one; `none`, the answer to no row;
  `milliseconds`, the median time of an answer to one row.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ONE_BY_ONE = 32  # rows of each set
WARM_UP, TIMED = 10, 100  # answers to one row
LONGEST_TIMED = 5.0  # seconds

Rows = dict[str, np.ndarray]


def probe(model: str, signature: str, rows: Path) -> dict[str, np.ndarray]:
    """Returns the answers of a model, by the names above."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=model).get_signature_runner(signature)
    answers: dict[str, list[np.ndarray]] = {}
    for name, batch in _batches(rows):
        if name not in answers:
            singles = [_part(batch, k, k + 1) for k in range(min(ONE_BY_ONE, _length(batch)))]
            answers[f"{name}:one"] = [_answer(runner, single) for single in singles]
        answers.setdefault(name, []).append(_answer(runner, batch))
    return {
        **{name: np.concatenate(parts) for name, parts in answers.items()},
        "none": _answer(runner, _part(batch, 0, 0)),
        "milliseconds": np.array(_milliseconds(runner, _part(batch, 0, 1))),
    }


def _batches(folder: Path) -> Iterator[tuple[str, Rows]]:
    for path in sorted(folder.glob("*.npz")):
        # Strings are objects to NumPy; the gate wrote them a moment ago.
        with np.load(path, allow_pickle=True) as file:
            yield path.stem.partition("-")[0], dict(file)


def _answer(runner: Any, rows: Rows) -> np.ndarray:
    (answer,) = runner(**rows).values()
    return np.array(answer)


def _milliseconds(runner: Any, row: Rows) -> float:
    seconds: list[float] = []
    while len(seconds) < WARM_UP + TIMED and sum(seconds) < LONGEST_TIMED:
        started = time.perf_counter()
        runner(**row)
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds[WARM_UP:] or seconds)


def _part(rows: Rows, start: int, stop: int) -> Rows:
    return {name: values[start:stop] for name, values in rows.items()}


def _length(rows: Rows) -> int:
    return len(next(iter(rows.values())))


def main() -> None:
    """Reads the request from standard input."""
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # an import of it fails from here
    request = json.loads(sys.stdin.read())
    answers = probe(request["model"], request["signature"], Path(request["rows"]))
    np.savez(request["answers"], **answers)


if __name__ == "__main__":
    main()
