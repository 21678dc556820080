"""HandleReloadConfigRequest: replaces the models that are served."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tensorflow_serving.apis import model_management_pb2

from model_server.core import Core
from model_server.status import Code, StatusError

_log = logging.getLogger(__name__)


def handle_reload_config_request(
    core: Core,
    request: Any,
    timeout: float | None = None,
    counts: Callable[[], Mapping[str, int]] = dict,
) -> Any:
    """Replaces the config, and answers when its new models are available.

    Args:
        core: The models.
        request: A ReloadConfigRequest.
        timeout: Seconds to wait for the new models; None waits for good.
        counts: Gives the value of each metric, for those that the request names.

    Returns:
        A ReloadConfigResponse whose status is OK, with by how much each named metric rose.

    Raises:
        StatusError: The config is refused, and the old one stays; or a new model failed to load.
    """
    before = counts()
    try:
        if request.config.WhichOneof("config") != "model_config_list":
            raise StatusError(
                Code.INVALID_ARGUMENT,
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported",
            )
        core.reload(request.config, timeout)
    except StatusError as error:
        _log.error("ReloadConfig failed: %s", error.message)
        raise
    response = model_management_pb2.ReloadConfigResponse()
    response.status.SetInParent()
    for name, rise in _rises(request.metric_names, before, counts()):
        response.metric.add(name=name, int64_value_increase=rise)
    return response


def _rises(
    names: Iterable[str], before: Mapping[str, int], after: Mapping[str, int]
) -> Iterable[tuple[str, int]]:
    for name in names:
        if name in after:
            yield name, after[name] - before.get(name, 0)
