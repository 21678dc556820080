"""JSON as the server takes it: with NaN and Infinity, and with rapidjson's words for errors."""

import re
from typing import Any

import rapidjson

from model_server.json_writer import json_value
from model_server.status import Code, StatusError

# Numbers as the C++ library has them: an integer beyond 64 bits is a double.
NUMBERS = rapidjson.NM_NAN | rapidjson.NM_NATIVE

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_ERROR = re.compile(r"Parse error at offset (\d+): (.*)", re.DOTALL)


def parse(body: bytes) -> Any:
    """Reads a JSON document.

    Args:
        body: Its bytes, in UTF-8.

    Returns:
        The value, of Python's own types.

    Raises:
        StatusError: INVALID_ARGUMENT, where it is no JSON.
    """
    if not body:
        raise StatusError(Code.INVALID_ARGUMENT, "JSON Parse error: The document is empty")
    try:
        return rapidjson.loads(body.removeprefix(BYTE_ORDER_MARK), number_mode=NUMBERS)
    except UnicodeDecodeError as error:
        raise _refused("Invalid encoding in string.", error.start) from None
    except RecursionError as error:
        offset, _ = _parts(error)
        raise _refused("The document is nested too deeply.", offset) from None
    except ValueError as error:
        offset, text = _parts(error)
        raise _refused(text, offset) from None


def parse_object(body: bytes) -> dict[str, Any]:
    """Reads a request's body, which must be one JSON object.

    Args:
        body: Its bytes, in UTF-8.

    Returns:
        The object.

    Raises:
        StatusError: INVALID_ARGUMENT, where it is no JSON or no object.
    """
    value = parse(body)
    if not isinstance(value, dict):
        raise format_error(value, "Is not object")
    return value


def format_error(value: Any, text: str) -> StatusError:
    """Makes the error about a JSON value that has not the form it should have.

    Args:
        value: The value.
        text: What is wrong with it.

    Returns:
        The error, to be raised.
    """
    return StatusError(Code.INVALID_ARGUMENT, f"JSON Value: {json_value(value)} {text}")


def signature_name(document: dict[str, Any]) -> str:
    """Finds the signature that a request asks for.

    Args:
        document: The request's body.

    Returns:
        The name, empty where it has none.

    Raises:
        StatusError: INVALID_ARGUMENT, where it is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise format_error(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def _parts(error: Exception) -> tuple[int, str]:
    found = _ERROR.fullmatch(str(error))
    return (int(found[1]), found[2]) if found else (0, str(error))


def _refused(text: str, offset: int) -> StatusError:
    return StatusError(Code.INVALID_ARGUMENT, f"JSON Parse error: {text} at offset: {offset}")
