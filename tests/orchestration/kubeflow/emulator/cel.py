"""The part of Google's Common Expression Language that conditions of tasks are written in.

Evaluated as Kubeflow's driver does: over the ExecutorInput, whose fields have the names of the
proto. Numbers keep their type: an int and a double have no overload in common.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2

TOKEN = re.compile(
    r"\s*(?:(?P<double>\d+\.\d+)|(?P<int>\d+)|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\].-]))"
)
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
CONSTANTS = {"true": True, "false": False, "null": None}


class CelError(Exception):
    """The condition does not compile, or cannot be evaluated: the driver fails."""


def condition(text: str, executor_input: Mapping[str, Any]) -> bool:
    """Evaluates a condition.

    Args:
        text: The condition.
        executor_input: As JSON, with the names of JSON (parameterValues).

    Raises:
        CelError: If it is malformed, asks for what is not there, or is no bool.
    """
    parser = _Parser(text, {"inputs": executor_input.get("inputs", {})})
    value = parser.disjunction()
    if parser.tokens:
        raise CelError(f"Syntax error: extraneous input {parser.tokens[0][1]!r} in {text!r}")
    if not isinstance(value, bool):
        raise CelError(f"evaluation error: return type is not bool, got {value!r}")
    return value


class _Message:
    """A proto message: its fields are known, and unset ones have a value."""

    def __init__(self, value: Mapping[str, Any], descriptor: Any) -> None:
        self.value = value
        self.fields = descriptor.fields_by_name

    def select(self, name: str) -> Any:
        if name not in self.fields:
            raise CelError(f"undefined field '{name}'")
        field = self.fields[name]
        return _of_field(self.value.get(field.json_name), field)


def _of_field(value: Any, field: Any) -> Any:
    of = field.message_type
    if of is None:
        return "" if value is None else value
    if of.full_name.startswith("google.protobuf."):  # Struct and Value are plain JSON
        return {} if value is None else _plain(value)
    if of.GetOptions().map_entry:
        of_value = of.fields_by_name["value"]
        return {key: _of_field(each, of_value) for key, each in (value or {}).items()}
    if isinstance(value, list):
        return [_Message(each, of) for each in value]
    return _Message(value or {}, of)


def _plain(value: Any) -> Any:
    """JSON has but one kind of number, a double."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return float(value) if type(value) is int else value


class _Parser:
    """Parses and evaluates at once, by recursive descent."""

    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        self.tokens = _tokens(text)
        descriptor = pipeline_spec_pb2.ExecutorInput.DESCRIPTOR
        self.names = {
            name: _of_field(value, descriptor.fields_by_name[name]) for name, value in names.items()
        }

    def disjunction(self) -> Any:
        value = self._conjunction()
        while self._take("||"):
            other = self._conjunction()
            value = _bool(value) or _bool(other)
        return value

    def _conjunction(self) -> Any:
        value = self._comparison()
        while self._take("&&"):
            other = self._comparison()
            value = _bool(value) and _bool(other)
        return value

    def _comparison(self) -> Any:
        value = self._unary()
        if self.tokens and self.tokens[0][1] in COMPARISONS:
            sign = self.tokens.pop(0)[1]
            other = self._unary()
            if type(value) is not type(other):
                raise CelError(
                    f"no such overload: {type(value).__name__} {sign} {type(other).__name__}"
                )
            return COMPARISONS[sign](value, other)
        return value

    def _unary(self) -> Any:
        if self._take("!"):
            return not _bool(self._unary())
        if self._take("-"):
            return -self._unary()
        return self._member(self._primary())

    def _primary(self) -> Any:
        if self._take("("):
            value = self.disjunction()
            self._expect(")")
            return value
        kind, text = self.tokens.pop(0) if self.tokens else ("end", "")
        if kind == "double":
            return float(text)
        if kind == "int":
            return int(text)
        if kind == "string":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "name" and text in CONSTANTS:
            return CONSTANTS[text]
        if kind == "name" and text in self.names:
            return self.names[text]
        raise CelError(f"undeclared reference or syntax error at {text!r}")

    def _member(self, value: Any) -> Any:
        while True:
            if self._take("."):
                value = _select(value, self.tokens.pop(0)[1] if self.tokens else "")
            elif self._take("["):
                key = self.disjunction()
                self._expect("]")
                value = _index(value, key)
            else:
                return value

    def _take(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise CelError(f"Syntax error: missing {sign!r}")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise CelError(f"Syntax error: token recognition error at {text[at:]!r}")
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return found


def _select(value: Any, name: str) -> Any:
    if isinstance(value, _Message):
        return value.select(name)
    return _index(value, name)


def _index(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list) and type(key) is int and 0 <= key < len(value):
        return value[key]
    raise CelError(f"evaluation error: no such key: {key}")


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CelError("no such overload: not a bool")
    return value
