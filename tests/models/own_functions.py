"""Features of the user's own; -1 and the lowest int64 are missing values."""

import tensorflow as tf

INT64_MIN = -(2**63)


def load(columns):
    """Age times weight, float32; -100 without an age, nothing without a weight."""
    age, weight = columns["age"], columns["weight"]
    return tf.where(tf.equal(age, -1), -100.0, tf.cast(age, tf.float32) * weight)


def in_sevens(columns):
    """The debt in sevens, float32."""
    debt = columns["debt"]
    return tf.where(tf.equal(debt, INT64_MIN), float("nan"), tf.cast(debt, tf.float32) / 7.0)


def last_digit(columns):
    """What is left of the debt by five, int64."""
    debt = columns["debt"]
    return tf.where(tf.equal(debt, INT64_MIN), debt, tf.math.floormod(debt, 5))


def initial(columns):
    """The first letter of the colour, a string."""
    return tf.strings.substr(columns["color"], 0, 1)


def heavy(columns):
    """Whether the weight is over 70, int64."""
    weight = columns["weight"]
    known = tf.cast(weight > 70.0, tf.int64)
    return tf.where(tf.math.is_nan(weight), tf.fill(tf.shape(known), tf.int64.min), known)


def as_integers(columns):
    """Of another type than a number's role takes."""
    return columns["age"]


def in_rows(columns):
    """Of another shape than [batch]."""
    return tf.expand_dims(columns["weight"], 1)


def on_average(columns):
    """One value for the whole batch."""
    return tf.reduce_mean(columns["weight"])
