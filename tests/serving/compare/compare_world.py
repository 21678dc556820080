"""Rows with labels of every kind, and a server of the models of compare_models.py."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HEADER = ["x", "hour", "company", "tips", "fare", "y", "word", "fruit", "price", "note"]


class Data(NamedTuple):
    """Rows as a model's columns and labels, and the file that holds them."""

    path: Path
    columns: dict[str, Any]


def write_rows(path: Path, rows: int, seed: int = 0, **changes: Any) -> Data:
    """Writes rows: y is 1 with the probability sigmoid(2 x).

    tips and fare are such that y = tips > 0.2 fare; word is y in words, fruit has three classes by
    x, price is 3 x. tips are written as whole numbers.
    """
    random = np.random.default_rng(seed)
    x = random.normal(size=rows).astype(np.float32)
    y = (random.random(rows) < 1 / (1 + np.exp(-2 * x))).astype(int)
    columns = {
        "x": x,
        "hour": random.integers(0, 1000, rows),
        "company": np.where(x > 0, "Flash Cab", ""),
        "tips": 1 + 2 * y,
        "fare": np.full(rows, 10),
        "y": y,
        "word": np.where(y, "big", "small"),
        "fruit": np.where(x > 2, "plum", np.where(x > 0.5, "pear", "apple")),
        "price": 3 * x + random.normal(size=rows).round(3),
        "note": np.arange(rows),
    } | changes
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(zip(*(list(columns[name]) for name in HEADER), strict=True))
    return Data(path, columns)
