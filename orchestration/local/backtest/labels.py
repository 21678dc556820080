"""Whether each span has labels by which a model can be judged."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from components import examples
from models.labels import label_of
from usecase.config import SPLITS
from usecase.errors import DataError
from usecase.labels import LabelSpec

WIDER = "cut longer spans with --by year, or train on more of them with --train"


def require_labels(label: LabelSpec, examples_uri: Path, later: Iterable[str]) -> None:
    """Checks the labels of the splits that are trained on, and of each later span.

    Raises:
        DataError: If one has no row with a label, or rows of one class alone.
    """
    for split in (*SPLITS, *later):
        where = f"the {split} split of the training spans" if split in SPLITS else split
        found = _distinct(label, examples_uri, split)
        if not len(found):
            raise DataError(
                f"{where} has no row with a label",
                expected="rows with labels in every span",
                fix=WIDER,
            )
        if label.task != "regression" and len(found) == 1:
            name = label.classes[int(found[0])] if label.classes else f"{found[0]:g}"
            raise DataError(
                f'{where} has rows of one class alone: "{label.name}" is {name} in all of them',
                expected="rows of two classes at least, by which a model can be judged",
                fix=WIDER,
            )


def _distinct(label: LabelSpec, examples_uri: Path, split: str) -> np.ndarray:
    """Returns the values that labels have, without missing ones."""
    spec = {c.name: tf.io.VarLenFeature(tf.as_dtype(c.dtype)) for c in label.columns}
    found = np.zeros(0, np.float32)
    try:
        for serialized in examples.batches(examples_uri, split):
            labels = label_of(label, tf.io.parse_example(serialized, spec)).numpy()
            found = np.union1d(found, labels[np.isfinite(labels)])
    except tf.errors.InvalidArgumentError as error:
        raise DataError(
            f'the label "{label.name}" cannot be read: its columns have not the type of the schema',
            fix="correct the schema, or the rows",
        ) from error
    return found
