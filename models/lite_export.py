"""Converts a trained model for phones, in all its variants.

Run as a process of its own, because TFLite's converter may abort it:
`python -m models.lite_export < request.json`; standard error says what went wrong.
"""

import json
import sys
import tempfile
import traceback
from pathlib import Path

import keras
import numpy.typing  # noqa: F401, ai-edge-quantizer reads it from numpy without importing it
import tensorflow as tf
import tensorflow_transform as tft
from ai_edge_quantizer import qtyping, quantizer, recipe_manager

from models.conversion import conversion_fault
from models.lite import LiteModule
from models.lite_metadata import SIGNATURE, describe, embed
from models.settings import KERAS_FOLDER, NETWORK_FILE, ExportRequest
from serving.phone.metadata import METADATA_FILE, MODEL_FILES

# Below it, weights of half the size save less than the vocabularies and the operations weigh.
FLOAT16_PARAMETERS = 100_000


def export(request: ExportRequest) -> None:
    """Writes `model.tflite`, its quantised variants and `metadata.json` into the request's folder.

    * float32: as it was trained.
    * int8: weights of large layers as 8-bit integers ("dynamic range").
    * float16: the weights of dense layers alone, and only of networks with more than
      `FLOAT16_PARAMETERS` weights. TFLite's own converter would round the boundaries of buckets
      too, and put values into other buckets.
    """
    network = keras.saving.load_model(
        Path(request.model) / KERAS_FOLDER / NETWORK_FILE, compile=False
    )
    transform_output = tft.TFTransformOutput(request.transform_graph)
    module = LiteModule(network, transform_output, request.declaration)
    described = describe(
        request.name,
        request.declaration,
        transform_output,
        parameters=network.count_params(),
        saved_model_sha256=request.saved_model_sha256,
    )
    variants = {
        variant: embed(model, described)
        for variant, model in _convert(module, network.count_params()).items()
    }
    folder = Path(request.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for variant, model in variants.items():
        (folder / MODEL_FILES[variant]).write_bytes(model)
    (folder / METADATA_FILE).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


def _convert(module: LiteModule, parameters: int) -> dict[str, bytes]:
    """Returns the content of each variant's file."""
    with tempfile.TemporaryDirectory() as folder:
        signatures = {SIGNATURE: module.concrete_function()}
        tf.saved_model.save(module, folder, signatures=signatures)
        plain = _converter(folder).convert()
        converter = _converter(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        variants = {"float32": plain, "int8": converter.convert()}
    if parameters > FLOAT16_PARAMETERS:
        variants["float16"] = _with_float16_weights(plain)
    return variants


def _converter(folder: str) -> tf.lite.TFLiteConverter:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter


def _with_float16_weights(model: bytes) -> bytes:
    recipe = recipe_manager.RecipeManager()
    recipe.add_quantization_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.FULLY_CONNECTED,
        algorithm_key="float_casting",
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=16,
                symmetric=True,
                granularity=qtyping.QuantGranularity.TENSORWISE,
                dtype=qtyping.TensorDataType.FLOAT,
            ),
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        ),
    )
    done = quantizer.Quantizer(bytearray(model), recipe.get_quantization_recipe()).quantize()
    return bytes(done.quantized_model)


def main() -> int:
    """Reads the request from standard input; returns the exit status."""
    request = ExportRequest.model_validate_json(sys.stdin.read())
    try:
        export(request)
    except Exception as error:  # noqa: BLE001, the converter raises of many kinds
        traceback.print_exc()
        print(f"error: {conversion_fault(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
