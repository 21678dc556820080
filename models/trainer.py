"""What the Trainer runs: read, train the network and the linear baseline, save."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import tensorflow_transform as tft

from models.accelerators import Accelerator, pick
from models.categories import FIRST_VALUE_ID
from models.fitting import Fitted, Problem, fit_linear, fit_network, require_labels
from models.inputs import read_split
from models.network import ModelInput
from models.settings import (
    HISTORY_FILE,
    KERAS_FOLDER,
    LINEAR_FOLDER,
    NETWORK_FILE,
    TrainerSettings,
)
from models.signatures import ServingModule, save
from models.trials import tuned
from usecase.declaration import Declaration
from usecase.features import Feature
from usecase.roles import Crossed

if TYPE_CHECKING:
    from tfx.components import FnArgs

LOGGER = logging.getLogger(__name__)


def run_fn(fn_args: "FnArgs") -> None:
    """Trains and saves the models, called by TFX's Trainer.

    Args:
        fn_args: TFX's arguments; `custom_config["settings"]` is the JSON of `TrainerSettings`.

    Raises:
        UserError: If training diverges, a label is missing, or what is configured does not fit the
            hardware.
    """
    given = TrainerSettings.model_validate_json(fn_args.custom_config["settings"])
    settings = tuned(given, fn_args.hyperparameters)
    declaration = settings.declaration
    # Before anything else that TensorFlow does: workers can only be joined then.
    accelerator = pick(settings.training.precision)
    LOGGER.info("training on %s, %s", accelerator.description, accelerator.policy)
    transform_output = tft.TFTransformOutput(fn_args.transform_output)
    problem = read_problem(fn_args, declaration, transform_output)
    keras.utils.set_random_seed(settings.training.seed)
    network = fit_network(
        problem,
        settings.network,
        settings.training,
        accelerator,
        checkpoint_dir=settings.checkpoint_dir,
        tensorboard_dir=fn_args.model_run_dir,
    )
    linear = fit_linear(problem, settings.training, accelerator)
    if not accelerator.is_chief:
        return
    serving = Path(fn_args.serving_model_dir)
    for model, folder in ((network.model, serving), (linear.model, serving.parent / LINEAR_FOLDER)):
        save(ServingModule(model, transform_output, declaration), declaration, str(folder))
    keras_folder = serving.parent / KERAS_FOLDER
    keras_folder.mkdir(parents=True)
    network.model.save(keras_folder / NETWORK_FILE)
    _write_history(network, accelerator, Path(fn_args.model_run_dir))


def read_problem(
    fn_args: "FnArgs", declaration: Declaration, transform_output: tft.TFTransformOutput
) -> Problem:
    """Reads the transformed rows and all that the network must know of them.

    Raises:
        UserError: If a row has no label.
    """
    spec, key = transform_output.transformed_feature_spec(), declaration.label.key
    train = read_split(fn_args.train_files, spec, key)
    held_out = read_split(fn_args.eval_files, spec, key)
    require_labels(train, held_out)
    return Problem(model_inputs(declaration, transform_output), declaration.label, train, held_out)


def model_inputs(
    declaration: Declaration, transform_output: tft.TFTransformOutput
) -> list[ModelInput]:
    """Returns the network's inputs, with the number of ids that each category can take."""
    inputs = [ModelInput(name, 0) for feature in declaration.features for name in feature.numbers]
    ids = {
        feature.name: ModelInput(feature.transformed_name, _categories(feature, transform_output))
        for feature in declaration.features
        if feature.has_id
    }
    inputs += ids.values()
    for feature in declaration.features:
        if isinstance(feature.declared, Crossed):
            left, right = (ids[name] for name in feature.declared.features)
            combinations = left.categories * right.categories
            inputs.append(
                ModelInput(feature.transformed_name, combinations, (left.name, right.name))
            )
    return inputs


def _categories(feature: Feature, transform_output: tft.TFTransformOutput) -> int:
    if not feature.has_vocabulary:
        return feature.most_ids
    return int(transform_output.vocabulary_size_by_name(feature.vocabulary_name)) + FIRST_VALUE_ID


def _write_history(fitted: Fitted, accelerator: Accelerator, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    raw = {key: value for key, value in fitted._asdict().items() if key != "model"}
    raw["device"] = accelerator.description
    (folder / HISTORY_FILE).write_text(json.dumps(raw), encoding="utf-8")
