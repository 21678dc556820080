"""The forms a JSON value has: what rapidjson calls its type, and bytes in base64."""

import base64
import binascii
from typing import Any

from model_server.json_writer import json_value
from model_server.status import Code, StatusError

BASE64_KEY = "b64"

_TYPES = {
    type(None): "Null",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}


def type_of(value: Any) -> str:
    """Names a JSON value's type.

    Args:
        value: The value, as parsed.

    Returns:
        Null, False, True, Object, Array, String or Number.
    """
    if isinstance(value, bool):
        return str(value)
    return _TYPES[type(value)]


def is_base64_object(value: Any) -> bool:
    """Says whether a value is `{"b64": "..."}`, with that key alone.

    Args:
        value: The value, as parsed.

    Returns:
        Whether it is.
    """
    return type(value) is dict and len(value) == 1 and type(value.get(BASE64_KEY)) is str


def decode_base64(text: str) -> bytes:
    """Reads base64; white space in it and padding do not matter.

    Args:
        text: What stands under "b64".

    Returns:
        The bytes.

    Raises:
        StatusError: INVALID_ARGUMENT, where it is not base64.
    """
    digits = "".join(text.split())
    if not digits.endswith("="):
        digits += "=" * (-len(digits) % 4)
    try:
        return base64.b64decode(digits, validate=True)
    except (binascii.Error, ValueError):
        raise StatusError(Code.INVALID_ARGUMENT, "Unable to base64 decode") from None


def bytes_of(value: Any) -> bytes:
    """Reads a base64 object.

    Args:
        value: What should be one.

    Returns:
        The bytes.

    Raises:
        StatusError: INVALID_ARGUMENT, where it is not one.
    """
    if not is_base64_object(value):
        text = f"JSON Value: {json_value(value)} not formatted correctly for base64 data"
        raise StatusError(Code.INVALID_ARGUMENT, text)
    return decode_base64(value[BASE64_KEY])
