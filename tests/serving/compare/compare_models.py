"""SavedModels to compare, each with version 1, the stable one, and version 2, the canary.

Where nothing else is said, they take x (float), hour (int64) and company (string), each [-1], and
answer with the probability sigmoid(2 x), as `serving_raw`; `transform_features` takes tf.Examples
and computes the label big_tip from the columns tips and fare.

* good: the canary is moved by a little noise. better: the stable version is, by much.
* reversed: the canary's probability is that of the other class; both answer with the class as well.
* slow: the canary is busy for a while.
* failing: the canary refuses rows with x over 2. refusing: both do.
* nan: the canary's answer is NaN where x is over 1.
* renamed, shaped: the canary's output has another name, another shape. more: it has one more.
* wider: the canary takes one more column.
* fruits: three classes, the canary confuses two of them; its label is a column.
* prices: a number, the canary's is further off.
* moving: both take their time, so that there is time to move a label.
* whole: the stable version answers with one number for all rows.
* crashing, on a server of its own: the canary ends the process.
"""

import tensorflow as tf

from tests.model_server.toy_models import save, signature
from tests.model_server.world import model_config, model_configs

tf1 = tf.compat.v1

FRUITS = ["apple", "pear", "plum"]
LABELS = (
    "model_version_policy { all {} } "
    'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
)
SLOW_SECONDS = 0.02
SHARED = (
    "good",
    "better",
    "reversed",
    "slow",
    "failing",
    "refusing",
    "nan",
    "renamed",
    "shaped",
    "more",
    "wider",
    "fruits",
    "prices",
    "moving",
    "whole",
)


def columns():
    return {
        "x": tf1.placeholder(tf.float32, [None], name="x"),
        "hour": tf1.placeholder(tf.int64, [None], name="hour"),
        "company": tf1.placeholder(tf.string, [None], name="company"),
    }


def transform():
    examples = tf1.placeholder(tf.string, [None], name="examples")
    missing = float("nan")
    spec = {
        "x": tf.io.FixedLenFeature([], tf.float32, missing),
        "tips": tf.io.VarLenFeature(tf.float32),
        "fare": tf.io.FixedLenFeature([], tf.float32, missing),
        "hour": tf.io.FixedLenFeature([], tf.int64, -1),
    }
    parsed = tf.io.parse_example(examples, spec)
    there = tf.sparse.to_dense(parsed["tips"], missing)
    tips = tf.concat([there, tf.fill([tf.size(examples), 1], missing)], 1)[:, 0]
    fare = parsed["fare"]
    label = tf.where(
        tf.math.is_nan(tips) | tf.math.is_nan(fare), missing, tf.cast(tips > 0.2 * fare, tf.float32)
    )
    outputs = {"x_xf": parsed["x"] / 2, "big_tip_xf": label, "hour_xf": parsed["hour"]}
    return signature({"examples": examples}, outputs)


def raw(answer):
    """What makes the signatures of a model that answers to columns."""

    def make():
        inputs = columns()
        return {
            "serving_raw": signature(inputs, answer(**inputs)),
            "transform_features": transform(),
        }

    return make


def noise(hour):
    """Nearly normal, and independent of all else where hours are."""
    return tf.sin(tf.cast(hour, tf.float32) * 12.9898) * 1.4


def probability(factor=2.0, noisy=0.0):
    def answer(x, hour, company):
        return {"probability": tf.sigmoid(factor * x + noisy * noise(hour))}

    return answer


def named(factor):
    def answer(x, hour, company):
        p = tf.sigmoid(factor * x)
        return {"probability": p, "class": tf.where(p >= 0.5, "big", "small")}

    return answer


def busy(seconds):
    """An operation that takes a while."""
    end = tf.timestamp() + seconds
    ended = tf.while_loop(lambda now: now < end, lambda _: tf.timestamp(), [tf.timestamp()])
    return ended[0] if isinstance(ended, list) else ended


def after(operation, answer):
    """An answer that is given once an operation has run."""

    def answered(x, hour, company):
        with tf.control_dependencies([operation(x)]):
            return answer(tf.identity(x), hour, company)

    return answered


def nan(x, hour, company):
    return {"probability": tf.where(x > 1, float("nan"), tf.sigmoid(2 * x))}


def renamed(x, hour, company):
    return {"score": tf.sigmoid(2 * x)}


def shaped(x, hour, company):
    return {"probability": tf.sigmoid(2 * x)[:, tf.newaxis]}


def more(x, hour, company):
    return {"probability": tf.sigmoid(2 * x), "certainty": tf.abs(x)}


def whole(x, hour, company):
    return {"total": tf.reduce_sum(x)}


def wider():
    inputs = {**columns(), "fare": tf1.placeholder(tf.float32, [None], name="fare")}
    return {"serving_raw": signature(inputs, {"probability": tf.sigmoid(2 * inputs["x"])})}


def fruits(confused):
    def answer(x, hour, company):
        logits = tf.stack(
            [tf.zeros_like(x), 4 * x - 2, 8 * x - 10], 1
        )  # pear from 0.5, plum from 2
        probabilities = tf.nn.softmax(logits)
        best = tf.argmax(probabilities, 1)
        if confused:
            best = tf.where(tf.equal(best, 2), tf.ones_like(best), best)
        return {"probabilities": probabilities, "class": tf.gather(tf.constant(FRUITS), best)}

    return answer


def price(off):
    def answer(x, hour, company):
        return {"prediction": 3 * x + off * noise(hour)}

    return answer


def assert_small(x):
    return tf1.debugging.assert_less(x, 2.0, message="x is too large")


def abort(x):
    return tf.raw_ops.Abort(error_msg="the canary does this")


VERSIONS = {
    "good": (raw(probability()), raw(probability(noisy=0.05))),
    "better": (raw(probability(noisy=2.0)), raw(probability())),
    "reversed": (raw(named(2.0)), raw(named(-2.0))),
    "slow": (raw(probability()), raw(after(lambda _: busy(SLOW_SECONDS), probability()))),
    "failing": (raw(probability()), raw(after(assert_small, probability()))),
    "refusing": (raw(after(assert_small, probability())),) * 2,
    "nan": (raw(probability()), raw(nan)),
    "renamed": (raw(probability()), raw(renamed)),
    "shaped": (raw(probability()), raw(shaped)),
    "more": (raw(probability()), raw(more)),
    "wider": (raw(probability()), wider),
    "fruits": (raw(fruits(False)), raw(fruits(True))),
    "prices": (raw(price(0.1)), raw(price(0.5))),
    "moving": (raw(after(lambda _: busy(0.01), probability())),) * 2,
    "whole": (raw(whole), raw(whole)),
    "crashing": (raw(probability()), raw(after(abort, probability()))),
}


def write(folder, name):
    """Writes the versions of a model; returns its entry in a server's configuration."""
    for version, make in enumerate(VERSIONS[name], 1):
        save(folder / name / str(version), make)
    return model_config(name, folder / name, LABELS)


def write_shared(folder):
    """Writes all models that one server serves; returns its configuration.

    Beside them: `alone`, whose labels are both version 1, and `unlabelled`.
    """
    entries = [write(folder, name) for name in SHARED]
    both_one = LABELS.replace('"canary" value: 2', '"canary" value: 1')
    entries.append(model_config("alone", folder / "good", both_one))
    entries.append(model_config("unlabelled", folder / "good"))
    return model_configs(*entries)
