"""Which models to serve: ModelServerConfig, read from text and held to the server's rules."""

from collections.abc import Collection
from typing import Any

from tensorflow_serving.config import model_server_config_pb2

from model_server import config_protos
from model_server.status import invalid

ModelServerConfig = model_server_config_pb2.ModelServerConfig
ModelConfig = model_server_config_pb2.ModelConfig
TENSORFLOW = "tensorflow"
_TYPE_TENSORFLOW = model_server_config_pb2.ModelType.Value("TENSORFLOW")


def single(name: str, base_path: str) -> Any:
    """Returns the config of one model, as --model_name and --model_base_path give it."""
    config = ModelServerConfig()
    config.model_config_list.config.add(name=name, base_path=base_path, model_platform=TENSORFLOW)
    return config


def read(path: str) -> Any:
    """Reads a --model_config_file.

    Args:
        path: The file, in text format.

    Returns:
        The ModelServerConfig, not validated.

    Raises:
        StatusError: It cannot be read or parsed.
    """
    return config_protos.read(path, ModelServerConfig)


def platform(model: Any) -> str:
    """Returns a model's platform, from the deprecated model_type too; empty when it has neither."""
    if model.model_type:
        return TENSORFLOW if model.model_type == _TYPE_TENSORFLOW else "other"
    return model.model_platform


def validate(config: Any, current: Any) -> None:
    """Checks a list of models.

    Args:
        config: The new ModelServerConfig.
        current: The one that is served now.

    Raises:
        StatusError: It breaks a rule; nothing of it must be taken over.
    """
    models = config.model_config_list.config
    _check_names(models)
    for model in models:
        _check_base_path(model)
    before = {model.name: platform(model) for model in current.model_config_list.config}
    for model in models:
        if model.name in before and platform(model) != before[model.name]:
            raise invalid(
                f"Illegal to change a model's platform. For model {model.name} platform was "
                f"{before[model.name]} and new platform requested is {platform(model)}"
            )
    for model in models:
        _check_platform(model)


def _check_names(models: Collection[Any]) -> None:
    seen: set[str] = set()
    for model in models:
        if model.name in seen:
            raise invalid(f"Illegal to list model {model.name} multiple times in config list")
        seen.add(model.name)


def _check_base_path(model: Any) -> None:
    if not model.base_path.startswith("/") and "://" not in model.base_path:
        raise invalid(
            f"Expected model {model.name} to have an absolute path or URI; "
            f"got base_path()={model.base_path}"
        )


def _check_platform(model: Any) -> None:
    if model.model_type and model.model_platform:
        raise invalid(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            f"ModelServerConfig::model_platform, model name is {model.name}"
        )
    if not platform(model):
        raise invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f"ModelServerConfig::model_platform, model name is {model.name}"
        )
    if platform(model) != TENSORFLOW:
        raise invalid(f"Model {model.name} requests unsupported platform {platform(model)}")
