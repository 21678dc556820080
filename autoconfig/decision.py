"""What becomes of a column, and why."""

from typing import Any, NamedTuple

from usecase.schema import DType


class Decision(NamedTuple):
    """What becomes of a column.

    Attributes:
        name: Its name.
        role: Its role with options, as the configuration has them; None if it is left out.
        dtype: Its type in the schema.
        why: The reason in words.
        values: The strings of its domain in the schema; of truth, (false, true).
        categorical: Whether its integers are categories.
    """

    name: str
    role: dict[str, Any] | None
    dtype: DType
    why: str
    values: tuple[str, ...] = ()
    categorical: bool = False

    @property
    def open(self) -> "Decision":
        """The same without a domain."""
        return self._replace(values=())

    @property
    def line(self) -> str:
        """The decision in one line."""
        shown = " ".join(self.name.split()) or '""'
        if self.role is None:
            return f"{shown}: left out, {self.why}"
        options = [f"{k} {_shown(v)}" for k, v in self.role.items() if k != "role"]
        role = self.role["role"] + (f" ({', '.join(options)})" if options else "")
        return f"{shown}: {role}, {self.why}"


def _shown(value: Any) -> str:
    return "/".join(value) if isinstance(value, list) else str(value)
