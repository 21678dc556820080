"""The AUC of a pushed model on serialized examples, in a process of its own.

`python -m benchmarks.pipeline.auc MODEL PATTERN` asks the signature `serving_default`, and prints
the area under the ROC curve. The label is the example's: a tip over a fifth of the fare.
"""

import sys
from typing import Any

BATCH = 1000


def main(model: str, pattern: str) -> None:
    """Prints the AUC."""
    import numpy as np
    import tensorflow as tf
    from sklearn.metrics import roc_auc_score

    answer = tf.saved_model.load(model).signatures["serving_default"]
    (name,) = answer.structured_input_signature[1]
    records = tf.data.TFRecordDataset(tf.io.gfile.glob(pattern), compression_type="GZIP")
    labels, scores = [], []
    for batch in records.batch(BATCH):
        labels += [_label(tf.train.Example.FromString(one)) for one in batch.numpy()]
        answers = answer(**{name: batch})
        found = answers.get("probability", answers.get("outputs"))
        scores.append(np.ravel(found))
    print(roc_auc_score(labels, np.concatenate(scores)))


def _label(example: Any) -> bool:
    tips, fare = (example.features.feature[name].float_list.value for name in ("tips", "fare"))
    return bool(tips and fare and tips[0] > 0.2 * fare[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
