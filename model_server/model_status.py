"""GetModelStatus: the state of a model's versions."""

from typing import Any

from tensorflow_serving.apis import get_model_status_pb2

from model_server.core import Core
from model_server.states import VersionState
from model_server.status import Code, StatusError


def get_model_status(core: Core, request: Any) -> Any:
    """Answers which versions of a model there are, the newest first.

    Args:
        core: The models.
        request: A GetModelStatusRequest; a version label in it says nothing.

    Returns:
        A GetModelStatusResponse with every version that ever was, or with the one asked for.

    Raises:
        StatusError: NOT_FOUND when there is none, INVALID_ARGUMENT without a model spec.
    """
    if not request.HasField("model_spec"):
        raise StatusError(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    spec = request.model_spec
    versions = core.versions(spec.name)
    if spec.WhichOneof("version_choice") == "version":
        asked = spec.version.value
        versions = [each for each in versions if each.version == asked]
        missing = f"Could not find version {asked} of model {spec.name}"
    else:
        missing = f"Could not find any versions of model {spec.name}"
    if not versions:
        raise StatusError(Code.NOT_FOUND, missing)
    response = get_model_status_pb2.GetModelStatusResponse()
    for version in versions:
        _add(response, version)
    return response


def _add(response: Any, version: VersionState) -> None:
    added = response.model_version_status.add(version=version.version, state=int(version.state))
    added.status.error_code = int(version.code)
    added.status.error_message = version.message
