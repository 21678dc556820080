"""Which of a model's signatures a request goes to, and what each of them takes."""

from collections.abc import Callable, Iterable, Mapping

from serving.errors import ServingError, did_you_mean
from serving.remote.model_metadata import ModelMetadata, Signature, TensorInfo

DEFAULT, RAW = "serving_default", "serving_raw"
# What exporters call the one input that takes serialized tf.Examples.
SERIALIZED = frozenset(("inputs", "input", "tf_example", "tf_examples", "serialized"))


def examples_input(signature: Signature) -> str | None:
    """Returns the name of the input that takes serialized tf.Examples; None if there is none."""
    if len(signature.inputs) != 1:
        return None
    ((name, tensor),) = signature.inputs.items()
    one_dimension = tensor.shape is None or len(tensor.shape) == 1
    named = name in SERIALIZED or "example" in name
    return name if tensor.dtype == "string" and one_dimension and named else None


def for_predict(metadata: ModelMetadata, wanted: str | None) -> Signature:
    """Returns the signature to predict with.

    Unless one is wanted, that is the one of dense raw columns, `serving_raw`; else one of several
    named inputs, else `serving_default`, else the only one.

    Args:
        metadata: Of the model.
        wanted: The name of a signature, or None.

    Raises:
        ServingError: If it is not there, or none can be picked.
    """
    if wanted is not None:
        return _named(metadata, wanted)
    signatures = metadata.signatures
    named = [s for s in signatures.values() if len(s.inputs) > 1 and s.method == "predict"]
    several = [DEFAULT] if any(s.name == DEFAULT for s in named) else [s.name for s in named[:1]]
    for name in (RAW, *several, DEFAULT):
        if name in signatures:
            return signatures[name]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    raise ServingError(
        f'no signature of model "{metadata.model}" can be picked for predict',
        expected=f'"{RAW}" or "{DEFAULT}", or one with several named inputs',
        fix=f"name one: {told(metadata)}",
    )


def for_classify(metadata: ModelMetadata, wanted: str | None) -> Signature:
    """Returns the signature to classify with.

    Raises:
        ServingError: If the one that is wanted cannot, or none can.
    """
    return _for_examples(metadata, wanted, "classify", _classifies)


def for_regress(metadata: ModelMetadata, wanted: str | None) -> Signature:
    """Returns the signature to regress with.

    Raises:
        ServingError: If the one that is wanted cannot, or none can.
    """
    return _for_examples(metadata, wanted, "regress", _regresses)


def method_of(metadata: ModelMetadata, name: str) -> str:
    """Returns "classify" or "regress" of a signature for multi-inference.

    Raises:
        ServingError: If it has another method, or is not there.
    """
    signature = metadata.signatures.get(name)
    if signature is None or signature.method not in ("classify", "regress"):
        what = "is not there" if signature is None else f'has the method "{signature.method}"'
        raise ServingError(
            f'signature "{name}" {what}: it cannot be a task of multi-inference',
            expected="signatures whose method is classify or regress",
            fix=f"there are: {told(metadata)}",
        )
    return signature.method


def column_types(metadata: ModelMetadata) -> dict[str, str]:
    """Returns the types of columns that the model's dense signatures tell of, by input name."""
    found: dict[str, set[str]] = {}
    for signature in metadata.signatures.values():
        if examples_input(signature) is None:
            for name, tensor in signature.inputs.items():
                found.setdefault(name, set()).add(tensor.dtype)
    return {name: dtypes.pop() for name, dtypes in found.items() if len(dtypes) == 1}


def known_columns(metadata: ModelMetadata, signature: Signature) -> list[str] | None:
    """Returns the input names of all columns that a signature of tf.Examples reads, if known.

    They are those of a dense signature with the same outputs: it answers the same question.
    """
    for other in metadata.signatures.values():
        same = set(other.outputs) == set(signature.outputs)
        if same and other.method == "predict" and examples_input(other) is None:
            return list(other.inputs)
    return None


def told(metadata: ModelMetadata) -> str:
    """Returns all signatures with their inputs, for an error."""
    return "; ".join(
        f"{s.name} ({', '.join(map(str, s.inputs.values())) or 'no input'})"
        for s in metadata.signatures.values()
    )


def _named(metadata: ModelMetadata, wanted: str) -> Signature:
    if wanted not in metadata.signatures:
        raise ServingError(
            f'model "{metadata.model}" has no signature "{wanted}"',
            expected=f"one of: {told(metadata)}",
            fix=did_you_mean(wanted, metadata.signatures),
        )
    return metadata.signatures[wanted]


def _for_examples(
    metadata: ModelMetadata,
    wanted: str | None,
    method: str,
    fits: Callable[[Signature], bool],
) -> Signature:
    candidates = [s for s in metadata.signatures.values() if s.method == method or fits(s)]
    if wanted is not None:
        found = [_named(metadata, wanted)]
    else:
        by_default = [s for s in candidates if s.name == DEFAULT]
        found = by_default or [s for s in candidates if s.method == method] or candidates
    if len(found) == 1 and found[0] in candidates:
        return found[0]
    if wanted is None and len(found) > 1:
        raise ServingError(
            f'model "{metadata.model}" has several signatures that {method}',
            expected="the name of one",
            fix=f"choose: {_names(found)}",
        )
    which = f'signature "{wanted}"' if wanted else "no signature"
    raise ServingError(
        f'{which} of model "{metadata.model}" can{"not" if wanted else ""} {method}',
        expected=f"one of: {_names(candidates)}; there are: {told(metadata)}",
        fix="use predict",
    )


def _names(signatures: Iterable[Signature]) -> str:
    return ", ".join(s.name for s in signatures) or "none"


def _classifies(signature: Signature) -> bool:
    names = set(signature.outputs)
    return _takes_inputs(signature.inputs) and bool(names) and names <= {"classes", "scores"}


def _regresses(signature: Signature) -> bool:
    return _takes_inputs(signature.inputs) and set(signature.outputs) == {"outputs"}


def _takes_inputs(inputs: Mapping[str, TensorInfo]) -> bool:
    """Whether inputs are as TensorFlow Serving looks for them where the method does not say."""
    return set(inputs) == {"inputs"} and inputs["inputs"].dtype == "string"
