"""Transform's graph as part of a model that is saved."""

from collections.abc import Mapping

import tensorflow as tf
import tensorflow_transform as tft


class TransformGraph(tf.Module):
    """Maps raw columns to transformed features, and can be saved with a model.

    A tracked layer of TFT's (a tf_keras model) would be traced through AutoGraph for seconds. The
    graph that it wraps is all that has to be saved; a method hides the layer itself.

    Args:
        transform_output: Output of Transform.
    """

    def __init__(self, transform_output: tft.TFTransformOutput) -> None:
        super().__init__()
        layer = transform_output.transform_features_layer()
        self._graph = layer._saved_model_loader._imported  # noqa: SLF001
        self._call = layer.__call__

    def __call__(self, columns: Mapping[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
        """Returns the features, [batch] each, that can be computed of the columns, [batch, 1]."""
        return dict(self._call(dict(columns)))
