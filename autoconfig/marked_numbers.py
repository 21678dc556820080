"""Numbers that people read and ExampleGen does not: 1,234 or 12,50, $5, 12%, 3.5 kg."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from autoconfig.numbers_in_text import NUMBER

_SPACES = " \u00a0\u202f\u2009"  # which may not break a line, or are narrow
_THOUSANDS = rf"[0-9]{{1,3}}(?:[,'\u2019{_SPACES}][0-9]{{3}})+(?:\.[0-9]*)?"
_DECIMAL_COMMA = rf"[0-9]+,[0-9]+|[0-9]{{1,3}}(?:[.'\u2019{_SPACES}][0-9]{{3}})+,[0-9]+"
_BARE = r"[0-9]+\.?[0-9]*|\.[0-9]+"
_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|BRL"
_MONEY = "¤"  # stands for every sign of a currency
_MARKED = re.compile(
    rf"""\s*(?P<open>\()?\s*(?P<sign>[+\-\u2212]?)\s*
    (?:{_CODES}|[A-Z]{{0,3}}{_MONEY})?\s*(?P<inner>[+\-\u2212]?)\s*
    (?P<digits>{_THOUSANDS}|{_DECIMAL_COMMA}|{_BARE})\s*
    (?:{_MONEY}|[%\u2030]|{_CODES}|(?P<unit>[^\W\d_]{{1,12}}[\u00b2\u00b3]?))?\s*(?(open)\))\s*""",
    re.VERBOSE,
)


class Marked(NamedTuple):
    """A number with marks.

    Attributes:
        text: As it is written.
        plain: As it would be read.
    """

    text: str
    plain: str

    @property
    def holds(self) -> str:
        """What a column of such texts holds, in words."""
        with_what = "a comma" if "," in self.text else "other marks"
        return f"numbers with {with_what} such as {self.text}, which are read as text"

    @property
    def mend(self) -> str:
        """How to write them, in words."""
        return f"write {self.text} as {self.plain}, with no mark but a point"


def marked_number(texts: Iterable[str]) -> Marked | None:
    """Returns one of the texts that are no numbers, if marks alone make them so; else None.

    A word behind the digits is a mark where all texts have the same: of 7 and 7a, or 3 kg and 4 lb,
    nobody knows what they count.
    """
    given = list(texts)
    others = [text for text in given if not re.match(NUMBER, text)]
    found = [_MARKED.fullmatch(_of_one_currency(text)) for text in others]
    parts = [match for match in found if match]
    units = {match["unit"] for match in parts}
    some_are_plain = len(others) < len(given)
    if not parts or len(parts) < len(found) or len(units) > 1:
        return None
    if units != {None} and some_are_plain:
        return None
    shown = next((k for k, match in enumerate(parts) if "," in match["digits"]), 0)
    return Marked(others[shown].strip(), _plain(parts[shown], _is_decimal(parts)))


def _of_one_currency(text: str) -> str:
    return "".join(_MONEY if unicodedata.category(char) == "Sc" else char for char in text)


def _is_decimal(parts: Iterable[re.Match[str]]) -> bool:
    """Returns whether commas stand where others write a point: 12,50 tells, 1,234 does not."""
    digits = [match["digits"] for match in parts]
    return any("," in text and not re.fullmatch(_THOUSANDS, text) for text in digits)


def _plain(match: re.Match[str], is_decimal: bool) -> str:
    digits = re.sub(rf"['\u2019{_SPACES}]", "", match["digits"])
    digits = digits.replace(".", "").replace(",", ".") if is_decimal else digits.replace(",", "")
    below_zero = match["open"] or {match["sign"], match["inner"]} & {"-", "\u2212"}
    return f"-{digits}" if below_zero else digits
