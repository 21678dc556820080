"""Cron expressions, as Kubeflow's scheduler reads them: six fields, seconds first."""

import re
from typing import NamedTuple

from usecase.errors import UserError

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_PART = re.compile(r"(?P<first>\*|\?|\w+)(-(?P<last>\w+))?(/(?P<step>[0-9]{1,4}))?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,2}", re.ASCII)
EXAMPLE = '"0 2 * * *" is each day at 02:00'


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    words: tuple[str, ...] = ()
    open_day: bool = False  # whether "?" stands for "*"

    def number(self, text: str) -> int:
        if text.upper() in self.words:
            return self.lowest + self.words.index(text.upper())
        if not _NUMBER.fullmatch(text) or not self.lowest <= int(text) <= self.highest:
            raise ValueError(f'{self.name} has no "{text}"')
        return int(text)


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31, open_day=True),
    _Field("month", 1, 12, tuple(_MONTHS)),
    _Field("day of week", 0, 6, tuple(_DAYS), open_day=True),
)


def six_fields(text: str) -> str:
    """Returns a cron expression with its seconds: a 0 is put before one of five fields.

    Args:
        text: Five fields (minute, hour, day of month, month, day of week), or six with the second
            before them. Days of the week are 0 to 6, from Sunday on, or SUN to SAT.

    Raises:
        UserError: If it is none.
    """
    fields = text.split()
    if len(fields) == len(_FIELDS) - 1:
        fields = ["0", *fields]
    if len(fields) != len(_FIELDS):
        raise UserError(
            f'--cron "{text}" has {len(fields)} fields',
            f"five, or six with seconds first: {EXAMPLE}",
        )
    for field, value in zip(_FIELDS, fields, strict=True):
        wrong = _fault(field, value)
        if wrong:
            raise UserError(f'--cron "{text}": {wrong}', f"{_range(field)}; {EXAMPLE}")
    return " ".join(fields)


def _fault(field: _Field, value: str) -> str:
    try:
        _check(field, value)
    except ValueError as error:
        return str(error)
    return ""


def _check(field: _Field, value: str) -> None:
    for part in value.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f'{field.name} cannot be "{value}"')
        first, last, step = match["first"], match["last"], match["step"]
        if step is not None and int(step) == 0:
            raise ValueError(f"{field.name} has a step of 0")
        if first in "*?":
            if last is not None or (first == "?" and not field.open_day):
                raise ValueError(f'{field.name} cannot be "{value}"')
        elif last is None:
            field.number(first)
        elif field.number(first) > field.number(last):
            raise ValueError(f'{field.name} has "{part}", which runs backwards')


def _range(field: _Field) -> str:
    words = f", or {field.words[0]} to {field.words[-1]}" if field.words else ""
    return f"{field.name}: {field.lowest} to {field.highest}{words}"
