"""Where the fields of a text-format proto stand in its text; needs nothing but Python itself.

https://protobuf.dev/reference/protobuf/textformat-spec/
"""

import re
from typing import NamedTuple

BLANK = re.compile(r"(?:\s|#[^\n]*)*")
NAME = re.compile(r"\[[^\]]*\]|[A-Za-z_]\w*")
STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
SCALAR = re.compile(r"-?[ \t]*[\w.+-]+")
CLOSING = {"{": "}", "<": ">", "[": "]"}
# What brackets are not to be looked for in, and the brackets.
PIECE = re.compile(STRING.pattern + r"|#[^\n]*|[][{}<>]")


class Entry(NamedTuple):
    """One field of a message, as it is written.

    Attributes:
        name: Of the field.
        start: Where its name begins.
        end: Behind its value.
        stop: Behind the comma or semicolon after it; `end` if there is none.
        body: Inside of its braces; None if it is no message.
        is_list: Whether it is written as `[...]`.
    """

    name: str
    start: int
    end: int
    stop: int
    body: tuple[int, int] | None
    is_list: bool


def entries(text: str, start: int, end: int) -> list[Entry]:
    """Returns the fields of the message that stands between two places, in their order.

    Raises:
        ValueError: If that is no text-format proto.
    """
    found = []
    place = _past_blank(text, start)
    while place < end:
        entry = _entry(text, place, end)
        found.append(entry)
        place = _past_blank(text, entry.stop)
    return found


def _entry(text: str, start: int, end: int) -> Entry:
    name = NAME.match(text, start, end)
    if name is None:
        raise ValueError(f"no field at {text[start : start + 20]!r}")
    place = _past_blank(text, name.end())
    if text[place : place + 1] == ":":
        place = _past_blank(text, place + 1)
    opening = text[place : place + 1]
    body = None
    if opening in ("{", "<", "["):
        value_end = _past_brackets(text, place)
        body = None if opening == "[" else (place + 1, value_end - 1)
    else:
        value_end = _past_scalar(text, place)
    if value_end > end:
        raise ValueError(f'field "{name[0]}" has no end')
    separator = _past_blank(text, value_end)
    has_separator = separator < end and text[separator] in ",;"
    stop = separator + 1 if has_separator else value_end
    return Entry(name[0], start, value_end, stop, body, opening == "[")


def _past_blank(text: str, place: int) -> int:
    match = BLANK.match(text, place)
    return match.end() if match else place


def _past_scalar(text: str, place: int) -> int:
    """Returns where a scalar ends; strings that follow each other are one."""
    string = STRING.match(text, place)
    if string is None:
        scalar = SCALAR.match(text, place)
        if scalar is None:
            raise ValueError(f"no value at {text[place : place + 20]!r}")
        return scalar.end()
    while string:
        place = string.end()
        string = STRING.match(text, _past_blank(text, place))
    return place


def _past_brackets(text: str, place: int) -> int:
    awaited: list[str] = []
    while piece := PIECE.search(text, place):
        place = piece.end()
        if piece[0] in CLOSING:
            awaited.append(CLOSING[piece[0]])
        elif piece[0] in CLOSING.values():
            if not awaited or piece[0] != awaited.pop():
                raise ValueError(f"unexpected {piece[0]}")
            if not awaited:
                return place
    raise ValueError("a bracket is not closed")
