"""A classify or regress request's JSON as tf.Examples."""

from array import array as Array  # noqa: N812
from collections.abc import Mapping
from typing import Any

from model_server.json_reader import format_error
from model_server.json_values import bytes_of, is_base64_object, type_of
from model_server.status import Code, StatusError

INT64_MAX = 2**63 - 1

# Message types are TensorFlow's; this file only fills those that it is given.
Message = Any


def fill_input(document: Mapping[str, Any], target: Message) -> None:
    """Fills an Input message from a request's body.

    Args:
        document: The request's body.
        target: The tensorflow.serving.Input to fill.

    Raises:
        StatusError: INVALID_ARGUMENT, where the body has no examples or a feature is of no type
            that an Example has.
    """
    examples = target.example_list.examples
    if "context" in document:
        _fill_example(document["context"], target.example_list_with_context.context)
        examples = target.example_list_with_context.examples
    if "examples" not in document:
        text = "When method is classify, key 'examples' is expected and was not found"
        raise format_error(document, text)
    values = document["examples"]
    if type(values) is not list:
        raise format_error(document, "Expecting 'examples' value to be an list/array")
    if not values:
        raise format_error(document, "'examples' value is an empty array")
    for value in values:
        _fill_example(value, examples.add())


def _fill_example(value: Any, example: Message) -> None:
    if type(value) is not dict:
        text = f"Example must be JSON object but got JSON {type_of(value)}"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    # A context without features is a context all the same.
    example.SetInParent()
    for name, content in value.items():
        _fill_feature(name, content, example.features.feature[name])


def _fill_feature(name: str, content: Any, feature: Message) -> None:
    elements = content if type(content) is list else [content]
    kind = ""
    for element in elements:
        found = _kind_of(name, element)
        if kind and found != kind:
            text = f"Unexpected element type in feature: {name} expecting type: {kind}"
            raise StatusError(Code.INVALID_ARGUMENT, text)
        kind = found
        _check_int64(name, element)
        if kind == "bytes":
            is_text = type(element) is str
            feature.bytes_list.value.append(element.encode() if is_text else bytes_of(element))
    if kind == "float":
        feature.float_list.value.extend(Array("f", elements))
    elif kind == "int64":
        feature.int64_list.value.extend(map(int, elements))


def _kind_of(name: str, element: Any) -> str:
    kind = {bool: "int64", int: "int64", float: "float", str: "bytes"}.get(type(element))
    if kind is None and is_base64_object(element):
        kind = "bytes"
    if kind is None:
        text = f"Feature: {name} has element with unexpected JSON type: {type_of(element)}"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    return kind


def _check_int64(name: str, element: Any) -> None:
    if type(element) is int and element > INT64_MAX:
        text = f"Feature: {name} has uint64 element. Only int64 is supported."
        raise StatusError(Code.INVALID_ARGUMENT, text)
