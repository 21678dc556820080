"""GetModelMetadata: the signatures of a model, as they were saved."""

from typing import Any

from tensorflow_serving.apis import get_model_metadata_pb2

from model_server.status import Code, StatusError

SIGNATURE_DEF = "signature_def"


def get_model_metadata(core: Any, request: Any) -> Any:
    """Answers a GetModelMetadataRequest.

    Args:
        core: Where the models are: anything with `use(model_spec)`.
        request: The GetModelMetadataRequest.

    Returns:
        The GetModelMetadataResponse.

    Raises:
        StatusError: It cannot be answered.
    """
    if not request.HasField("model_spec"):
        raise StatusError(Code.INVALID_ARGUMENT, "Missing ModelSpec")
    if not request.metadata_field:
        raise StatusError(
            Code.INVALID_ARGUMENT,
            "GetModelMetadataRequest must specify at least one metadata_field",
        )
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise StatusError(Code.INVALID_ARGUMENT, f"Metadata field {field} is not supported")
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with core.use(request.model_spec) as servable:
        for name, definition in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(definition)
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
