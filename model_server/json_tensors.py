"""A predict request's JSON as named arrays: `instances` by rows or `inputs` by columns."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model_server.json_arrays import Shape, check, fast_array, no_array, to_array
from model_server.json_reader import format_error
from model_server.json_values import is_base64_object
from model_server.json_writer import json_value
from model_server.status import Code, StatusError

Arrays = dict[str, np.ndarray]


def predict_inputs(
    document: Mapping[str, Any], dtypes: Mapping[str, int], signature: str = ""
) -> tuple[Arrays, bool]:
    """Reads the inputs of a predict request.

    Args:
        document: The request's body.
        dtypes: TensorFlow's type number for every input of the signature.
        signature: The signature's name, for the error where it has no inputs.

    Returns:
        The arrays by input, and whether the request is in row format.

    Raises:
        StatusError: INVALID_ARGUMENT where they do not fit the signature; UNIMPLEMENTED for a type
            that JSON cannot give.
    """
    if not dtypes:
        text = f"Failed to get input map for signature: {signature or 'DEFAULT'}"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    if "instances" in document:
        if "inputs" in document:
            text = (
                "Not formatted correctly expecting only one of 'inputs' or 'instances' "
                "keys to exist "
            )
            raise format_error(document, text)
        return _rows(document, dtypes), True
    if "inputs" in document:
        return _columns(document["inputs"], dtypes), False
    raise StatusError(Code.INVALID_ARGUMENT, "Missing 'inputs' or 'instances' key")


def _columns(value: Any, dtypes: Mapping[str, int]) -> Arrays:
    if type(value) is not dict or is_base64_object(value):
        if len(dtypes) > 1:
            text = (
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
            raise StatusError(Code.INVALID_ARGUMENT, text)
        ((name, dtype),) = dtypes.items()
        return {name: to_array(value, dtype)}
    arrays = {}
    for name in sorted(dtypes):
        if name not in value:
            text = f"Missing named input: {name} in 'inputs' object."
            raise StatusError(Code.INVALID_ARGUMENT, text)
        arrays[name] = to_array(value[name], dtypes[name])
    return arrays


def _rows(document: Mapping[str, Any], dtypes: Mapping[str, int]) -> Arrays:
    instances = document["instances"]
    if type(instances) is not list:
        raise format_error(document, "Excepting 'instances' to be an list/array")
    if not instances:
        raise format_error(document, "No values in 'instances' array")
    if type(instances[0]) is not dict and len(dtypes) > 1:
        text = (
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
        raise StatusError(Code.INVALID_ARGUMENT, text)
    arrays = _fast_rows(instances, dtypes)
    if arrays is None:
        _check_rows(instances, dtypes)
        raise no_array(instances, dtypes.values())
    return arrays


def _is_object(value: Any) -> bool:
    return type(value) is dict and not is_base64_object(value)


def _fast_rows(instances: Sequence[Any], dtypes: Mapping[str, int]) -> Arrays | None:
    """The arrays, or nothing where something is wrong with a row."""
    if not _is_object(instances[0]):
        name = min(dtypes)
        array = fast_array(instances, dtypes[name])
        return None if array is None else {name: array}
    names = dtypes.keys()
    if not all(_is_object(each) and each.keys() == names for each in instances):
        return None
    arrays = {}
    for name, dtype in dtypes.items():
        array = fast_array([each[name] for each in instances], dtype)
        if array is None:
            return None
        arrays[name] = array
    return arrays


def _check_rows(instances: Sequence[Any], dtypes: Mapping[str, int]) -> None:
    shapes: dict[str, Shape] = {}
    of_objects = _is_object(instances[0])
    for i, element in enumerate(instances):
        if _is_object(element) != of_objects:
            expected, got = ("object", "list") if of_objects else ("value/list", "object")
            text = f"Expecting {expected} but got {got} at item {i} of input list"
            raise StatusError(Code.INVALID_ARGUMENT, text)
        if of_objects:
            _check_object(i, element, dtypes, shapes)
        else:
            _check_item(f"element: {i}", element, min(dtypes), dtypes, shapes)


def _check_object(
    i: int, element: Mapping[str, Any], dtypes: Mapping[str, int], shapes: dict[str, Shape]
) -> None:
    for key, value in element.items():
        _check_item(f"element: {i} key: {key}", value, key, dtypes, shapes)
    if element.keys() != dtypes.keys():
        text = (
            f"Failed to process element: {i} of 'instances' list. JSON object: "
            f"{json_value(element)} keys must be equal to: {','.join(sorted(dtypes))}"
        )
        raise StatusError(Code.INVALID_ARGUMENT, text)


def _check_item(
    where: str, value: Any, name: str, dtypes: Mapping[str, int], shapes: dict[str, Shape]
) -> None:
    try:
        if name not in dtypes:
            text = f"JSON object: does not have named input: {name}"
            raise StatusError(Code.INVALID_ARGUMENT, text)
        shape = check(value, dtypes[name])
        _check_shape(shape, shapes.setdefault(name, shape))
    except StatusError as error:
        text = f"Failed to process {where} of 'instances' list. Error: {error}"
        raise StatusError(Code.INVALID_ARGUMENT, text) from None


def _check_shape(shape: Shape, expected: Shape) -> None:
    size, expected_size = math.prod(shape), math.prod(expected)
    if size != expected_size:
        text = f"Expecting tensor size: {expected_size} but got: {size}"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    if shape != expected:
        text = f"Expecting shape {_shown(expected)} but got: {_shown(shape)}"
        raise StatusError(Code.INVALID_ARGUMENT, text)


def _shown(shape: Shape) -> str:
    return f"[{','.join(map(str, shape))}]"
