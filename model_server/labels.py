"""Version labels: names for versions, which a config may move only to versions that serve."""

from collections.abc import Callable, Mapping
from typing import Any

from model_server.status import Code, StatusError

Labels = Mapping[str, Mapping[str, int]]  # by model, by label


def resolve(
    config: Any,
    current: Labels,
    is_available: Callable[[str, int], bool],
    *,
    allow_unavailable: bool,
) -> Labels:
    """Returns the labels of a new config.

    Args:
        config: The new ModelServerConfig.
        current: The labels that hold now.
        is_available: Whether a version of a model serves now.
        allow_unavailable: A label that is new, or stays where it is, needs no such version.

    Returns:
        The version of each label, by model.

    Raises:
        StatusError: FAILED_PRECONDITION, a label may not point to its version.
    """
    labels: dict[str, dict[str, int]] = {}
    for model in config.model_config_list.config:
        before = current.get(model.name, {})
        for label, version in model.version_labels.items():
            is_moved = before.get(label, version) != version
            may_wait = allow_unavailable and not is_moved
            if not may_wait and not is_available(model.name, version):
                raise StatusError(
                    Code.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {model.name}, which "
                    "is not currently available for inference",
                )
        labels[model.name] = dict(model.version_labels)
    return labels
