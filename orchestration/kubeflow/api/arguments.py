"""Runtime parameters, as a user gives them: NAME=VALUE."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from usecase.errors import UserError, did_you_mean

_BOOLEANS = {"true": True, "false": False}


def parse_arguments(
    given: Iterable[str], inputs: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Returns the values of a run, of the types that the pipeline declares.

    Args:
        given: NAME=VALUE each; a name twice is an error.
        inputs: The pipeline's parameters by name, with `parameterType` and `defaultValue`.

    Raises:
        UserError: If a name is not known, a value is not of its type, or one is missing.
    """
    values: dict[str, Any] = {}
    for argument in given:
        name, separator, text = argument.partition("=")
        if not separator:
            raise UserError(f'--param without a value: "{argument}"', expected="NAME=VALUE")
        if name not in inputs:
            fix = did_you_mean(name, inputs) if inputs else "this pipeline has none"
            raise UserError(f'no such parameter: "{name}"', fix=fix)
        if name in values:
            raise UserError(f'parameter "{name}" is given twice', fix="remove one of them")
        values[name] = typed(name, text, str(inputs[name].get("parameterType")))
    for name, definition in inputs.items():
        optional = "defaultValue" in definition or definition.get("isOptional")
        if name not in values and not optional:
            raise UserError(
                f'parameter "{name}" has no value, and no default', fix=f"--param {name}=VALUE"
            )
    return values


def typed(name: str, text: str, kind: str) -> Any:
    """Returns a value of a parameter's type.

    Args:
        name: The parameter, for the error.
        text: The value as written.
        kind: The type as a PipelineSpec names it, for example NUMBER_INTEGER.

    Raises:
        UserError: If the text is no such value.
    """
    try:
        return _value(text, kind)
    except ValueError:
        wanted = {
            "NUMBER_INTEGER": "an integer",
            "NUMBER_DOUBLE": "a number",
            "BOOLEAN": "true or false",
            "LIST": "a JSON list",
            "STRUCT": "a JSON object",
        }.get(kind, kind)
        raise UserError(
            f'parameter "{name}" cannot be "{text}"', expected=f"{wanted}: --param {name}=VALUE"
        ) from None


def _value(text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    if kind == "BOOLEAN":
        if text.lower() not in _BOOLEANS:
            raise ValueError(text)
        return _BOOLEANS[text.lower()]
    if kind in ("LIST", "STRUCT"):
        value = json.loads(text)
        if not isinstance(value, list if kind == "LIST" else dict):
            raise ValueError(text)
        return value
    # Python reads 1_000 and " 7 ", which nobody means here.
    if "_" in text or text != text.strip():
        raise ValueError(text)
    if kind == "NUMBER_INTEGER":
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
