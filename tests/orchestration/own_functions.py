"""Functions of a user's own, sound and not, for test_audit.py."""


def sound(columns):
    return columns["fare"] / (1.0 + columns["trip_miles"])


def hashes(columns):
    import tensorflow as tf

    texts = tf.strings.as_string(columns["trip_start_timestamp"])
    return tf.strings.to_hash_bucket_fast(texts, 10)


def divides_int64(columns):
    return columns["trip_start_timestamp"] // 3600


def misspells(columns):
    return columns["fair"]


def of_another_dtype(columns):
    return columns["trip_start_timestamp"]


def of_another_shape(columns):
    return columns["fare"][:, None]
