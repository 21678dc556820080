"""What the Trainer runs: read, train the network and the linear baseline, save."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import tensorflow_transform as tft

from models.fitting import Fitted, fit_linear, fit_network, require_labels
from models.inputs import read_split
from models.network import ModelInput
from models.preprocessing import FIRST_VALUE_ID
from models.settings import HISTORY_FILE, LINEAR_FOLDER, TrainerSettings
from models.signatures import ServingModule, save
from usecase.features import Declaration, Feature

if TYPE_CHECKING:
    from tfx.components import FnArgs


def run_fn(fn_args: "FnArgs") -> None:
    """Trains and saves the models, called by TFX's Trainer.

    Args:
        fn_args: TFX's arguments; `custom_config["settings"]` is the JSON of `TrainerSettings`.

    Raises:
        UserError: If training diverges, or a label is missing.
    """
    settings = TrainerSettings.model_validate_json(fn_args.custom_config["settings"])
    declaration = settings.declaration
    transform_output = tft.TFTransformOutput(fn_args.transform_output)
    spec = transform_output.transformed_feature_spec()
    train = read_split(fn_args.train_files, spec, declaration.label_key)
    held_out = read_split(fn_args.eval_files, spec, declaration.label_key)
    require_labels(train, held_out)
    inputs = model_inputs(declaration, transform_output)
    keras.utils.set_random_seed(settings.training.seed)
    network = fit_network(
        inputs,
        settings.network,
        settings.training,
        train,
        held_out,
        checkpoint_dir=settings.checkpoint_dir,
        tensorboard_dir=fn_args.model_run_dir,
    )
    linear = fit_linear(inputs, settings.training, train, held_out)
    serving = Path(fn_args.serving_model_dir)
    for model, folder in ((network.model, serving), (linear.model, serving.parent / LINEAR_FOLDER)):
        save(ServingModule(model, transform_output, declaration), declaration, str(folder))
    _write_history(network, Path(fn_args.model_run_dir))


def model_inputs(
    declaration: Declaration, transform_output: tft.TFTransformOutput
) -> list[ModelInput]:
    """Returns the network's inputs, with the number of ids that each category can take."""
    inputs = []
    for feature in declaration.features:
        inputs.append(ModelInput(feature.transformed_name, _categories(feature, transform_output)))
        if feature.indicator_name:
            inputs.append(ModelInput(feature.indicator_name, 0))
    return inputs


def _categories(feature: Feature, transform_output: tft.TFTransformOutput) -> int:
    if feature.role == "numeric":
        return 0
    if feature.role == "bucketized":
        return feature.buckets + 1
    if feature.role == "boolean":
        return 3
    if feature.direct_range:
        lowest, highest = feature.direct_range
        return highest - lowest + 1 + FIRST_VALUE_ID
    return int(transform_output.vocabulary_size_by_name(feature.input_name)) + FIRST_VALUE_ID


def _write_history(fitted: Fitted, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    raw = {key: value for key, value in fitted._asdict().items() if key != "model"}
    (folder / HISTORY_FILE).write_text(json.dumps(raw), encoding="utf-8")
