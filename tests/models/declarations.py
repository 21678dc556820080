"""Short ways to declare features and labels, and to write columns down."""

import math

import numpy as np
import tensorflow as tf

from models.accelerators import Accelerator
from usecase.features import ROLE_DTYPES, Feature
from usecase.labels import LabelSpec
from usecase.roles import Crossed
from usecase.schema import Column

NAN = math.nan
ABSENT = None
INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
CPU = Accelerator("cpu", tf.distribute.get_strategy(), "float32", is_chief=True, description="cpu")


def declared(name, role, dtype, **domain):
    """Returns a feature that is a column; `domain` is what the schema says of it."""
    column = Column(name=name, dtype=dtype, **domain)
    return Feature(name=name, declared=role, columns=(column,), value=column)


def made(name, role, function, *features, **options):
    """Returns a feature that a function makes of other features' columns."""
    columns = tuple(column for feature in features for column in feature.columns)
    path = f"{function.__module__}.{function.__name__}"
    declared_role = role(function=path, columns=tuple(c.name for c in columns), **options)
    value = Column(name=name, dtype=ROLE_DTYPES[declared_role.role][0], optional=True)
    return Feature(name=name, declared=declared_role, columns=columns, value=value)


def crossed(name, left, right):
    return Feature(name=name, declared=Crossed(features=(left, right)), columns=(), value=None)


def label_column(dtype, *, name="label", task="binary", classes=(), **domain):
    """Returns a label that is a column."""
    column = Column(name=name, dtype=dtype, **domain)
    return LabelSpec(name=name, task=task, function=None, columns=(column,), classes=classes)


def sparse(values, dtype):
    """Returns a column as tf.Transform gives it; None is a row without a value."""
    rows = [row for row, value in enumerate(values) if value is not ABSENT]
    return tf.SparseTensor(
        np.array([[row, 0] for row in rows], np.int64).reshape(-1, 2),
        tf.constant([values[row] for row in rows], dtype),
        [len(values), 1],
    )


# What stands for a missing value in each column of the shared run, beside nothing at all and NaN.
SENTINELS = {
    **dict.fromkeys(("age", "seconds", "hour", "paid", "votes", "grade", "landed"), -1),
    **dict.fromkeys(("debt", "code", "delta", "floor", "unseen_log", "picked_up"), INT64_MIN),
    **dict.fromkeys(("color", "town", "member", "open", "unseen_word"), ""),
}


def is_missing(name, value):
    return value is ABSENT or value != value or (name in SENTINELS and value == SENTINELS[name])


def present(name, values):
    return [value for value in values if not is_missing(name, value)]
