"""A JSON object, read field by field with the types that are expected of it."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from serving.errors import ServingError

FIX = "take metadata that belong to this version of the project"


class Fields:
    """One JSON object of a document; whatever is not as it should be is a `ServingError`.

    Args:
        data: The object.
        where: Names it in an error: a file, then the keys that lead to it.
    """

    def __init__(self, data: Any, where: str) -> None:
        self.where = where
        if not isinstance(data, Mapping):
            raise self.wrong("is no object", "a JSON object")
        self._data = data

    def wrong(self, what: str, expected: str) -> ServingError:
        """Returns the error that says what is wrong with this object."""
        return ServingError(f"metadata not readable: {self.where} {what}", expected, FIX)

    def text(self, key: str) -> str:
        """Returns a string that is not empty."""
        value = self._data.get(key)
        if not isinstance(value, str) or not value:
            raise self._not(key, "text")
        return value

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """Returns a string that is one of those known."""
        value = self._data.get(key)
        if value not in known:
            raise self._not(key, " or ".join(f'"{k}"' for k in known))
        return str(value)

    def count(self, key: str) -> int:
        """Returns an integer of 0 or more."""
        value = self._data.get(key)
        if not is_integer(value) or value < 0:
            raise self._not(key, "an integer of 0 or more")
        return int(value)

    def number(self, key: str) -> float:
        """Returns a number."""
        value = self._data.get(key)
        if not is_integer(value) and not isinstance(value, float):
            raise self._not(key, "a number")
        try:
            return float(value)
        except OverflowError:
            raise self._not(key, "a number that a float holds") from None

    def raw(self, key: str) -> Any:
        """Returns whatever stands there; None if nothing does."""
        return self._data.get(key)

    def items(self, key: str) -> list[Any]:
        """Returns a list."""
        value = self._data.get(key)
        if not isinstance(value, list):
            raise self._not(key, "a list")
        return value

    def inner(self, key: str) -> "Fields":
        """Returns an object that is there."""
        return Fields(self._data.get(key), f"{self.where}: {key}")

    def table(self, key: str) -> "dict[str, Fields]":
        """Returns an object of objects; an empty one where it is not there."""
        inner, names = self._names(key)
        return {name: inner.inner(name) for name in names}

    def texts(self, key: str) -> dict[str, str]:
        """Returns an object of strings; an empty one where it is not there."""
        inner, names = self._names(key)
        return {name: inner.text(name) for name in names}

    def numbers(self, key: str) -> dict[str, float]:
        """Returns an object of numbers; an empty one where it is not there."""
        inner, names = self._names(key)
        return {name: inner.number(name) for name in names}

    def _names(self, key: str) -> "tuple[Fields, list[str]]":
        data = self._data.get(key, {})
        return Fields(data, f"{self.where}: {key}"), list(data)

    def _not(self, key: str, expected: str) -> ServingError:
        there = f"{self._data[key]!r:.80}" if key in self._data else "missing"
        return self.wrong(f"has {key}: {there}", expected)


def is_integer(value: Any) -> TypeGuard[int]:
    """Returns whether a value is an integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)
