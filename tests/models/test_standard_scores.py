"""Z-scores of one number alone, of two, and of none."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam

from models.standard_scores import StandardScores

VALUES = {"a": [1.0, 2.0, 4.0, math.nan, 9.0], "b": [-3e6, 5e6, 5e6, 1e6, math.nan]}


def transformed(names, folder):
    """Returns {name: its scores} as tf.Transform computes them, and that of a row without any."""
    spec = {name: tf.io.VarLenFeature(tf.float32) for name in names}
    metadata = tft.DatasetMetadata.from_feature_spec(spec)
    rows = [{name: [VALUES[name][row]] for name in names} for row in range(5)]
    rows.append({name: [] for name in names})

    def preprocessing(inputs):
        scores = StandardScores()
        for name in names:
            scores.add(name, inputs[name].values, inputs[name])
        return scores.outputs()

    with tft_beam.Context(temp_dir=str(folder)):
        (made, _), _ = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing)
    return {name: [float(row[name]) for row in made] for name in names}


@pytest.mark.parametrize("names", [["a"], ["b"], ["a", "b"]])
def test_each_number_has_its_own_mean_and_deviation(names, tmp_path):
    made = transformed(names, tmp_path)
    for name in names:
        learned = np.array([v for v in VALUES[name] if not math.isnan(v)])
        expected = (np.array(VALUES[name]) - learned.mean()) / learned.std()
        np.testing.assert_allclose(made[name], [*np.nan_to_num(expected), 0.0], rtol=2e-6)


def test_without_numbers_there_is_nothing_to_analyze():
    assert StandardScores().outputs() == {}
