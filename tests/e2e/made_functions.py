"""Functions of a user's own, as the made use cases name them; they read numbers alone."""

import tensorflow as tf

INT64_MIN = -(2**63)


def price_per_length(columns):
    """One number by another, float32; nothing where either is missing."""
    return columns["prix/€"] / columns["Länge (cm)"]


def in_sevens(columns):
    """A balance in sevens, float32; NaN where it is missing."""
    balance = columns["saldo (int)"]
    sevens = tf.cast(balance, tf.float32) / 7.0
    return tf.where(tf.equal(balance, INT64_MIN), float("nan"), sevens)


def is_warm(columns):
    """Whether it is above 20 degrees, int64; the lowest int64 where that is not known."""
    degrees = columns["température °C"]
    known = tf.cast(degrees > 20.0, tf.int64)
    unknown = tf.fill(tf.shape(known), tf.constant(INT64_MIN, tf.int64))
    return tf.where(tf.math.is_nan(degrees), unknown, known)


def rest_by_eleven(columns):
    """What is left of a balance by eleven, int64; the lowest int64 where it is missing."""
    balance = columns["saldo (int)"]
    return tf.where(tf.equal(balance, INT64_MIN), balance, tf.math.floormod(balance, 11))
