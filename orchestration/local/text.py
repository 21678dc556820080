"""Text for terminals: durations, numbers, widths, glyphs, and lines of styled spans."""

import dataclasses
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TextIO

MAX_PLACES = 17
MAX_LOSS = 0.05  # of a small number, by rounding; beyond it, two significant digits are shown


class Span(NamedTuple):
    """A piece of a line, in one style (in the words of rich, for example "bold red")."""

    text: str
    style: str = ""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of output.

    Attributes:
        spans: Its pieces.
        hang: Prose may be wrapped on a terminal, between words and indented by so many columns;
            None where it must stay whole, as paths and commands do.
    """

    spans: tuple[Span, ...] = ()
    hang: int | None = None

    @classmethod
    def of(cls, *spans: Span | str, hang: int | None = None) -> "Line":
        """Returns a line of spans and plain strings."""
        return cls(tuple(Span(s) if isinstance(s, str) else s for s in spans), hang)

    @property
    def text(self) -> str:
        """The line without styles."""
        return "".join(span.text for span in self.spans).rstrip()

    def fit(self, width: int, ellipsis: str) -> "Line":
        """Returns the line, cut where it is wider than the given columns."""
        if cells(self.text) <= width:
            return self
        kept: list[Span] = []
        room = width
        for span in self.spans:
            if cells(span.text) >= room:
                kept.append(Span(shorten(span.text + " " * room, room, ellipsis), span.style))
                break
            kept.append(span)
            room -= cells(span.text)
        return Line(tuple(kept), self.hang)


@dataclasses.dataclass(frozen=True)
class Glyphs:
    """The signs that a stream can show.

    Attributes:
        ok: Before what went well.
        bad: Before what did not.
        warning: Before what did not, where nothing hangs on it.
        skipped: Before what was left out.
        waiting: Before what is still to come.
        spinner: The frames of the running node.
        replacements: What stands for each character that the stream cannot show.
    """

    ok: str = "✔"
    bad: str = "✘"
    warning: str = "⚠"
    skipped: str = "-"
    waiting: str = "·"
    spinner: str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
    replacements: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def width(self) -> int:
        """Columns of the widest sign."""
        return max(len(self.ok), len(self.bad), len(self.warning), len(self.waiting))

    @property
    def ellipsis(self) -> str:
        """The sign of a cut."""
        return self.show("…")

    def show(self, text: str) -> str:
        """Returns text, its signs replaced where need be, its control characters always."""
        text = "".join(self.replacements.get(letter, letter) for letter in text)
        return "".join(letter if letter.isprintable() else "?" for letter in text)

    def prose(self, text: str) -> str:
        """Returns text on one line, every run of white space a single blank."""
        return self.show(" ".join(text.split()))


UNICODE = Glyphs()
ASCII = Glyphs(
    ok="ok",
    bad="x",
    warning="!",
    waiting=".",
    spinner="|/-\\",
    replacements={
        "✔": "ok",
        "✘": "x",
        "⚠": "!",
        "·": "|",
        "—": "-",
        "–": "-",
        "−": "-",
        "≥": ">=",
        "≤": "<=",
        "…": "...",
        "→": "->",
    },
)


def glyphs_for(stream: TextIO) -> Glyphs:
    """Returns the signs that the stream's encoding has."""
    try:
        ("✔✘⚠·≥≤—−…" + UNICODE.spinner).encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def encodable(text: str, stream: TextIO) -> str:
    """Returns text that the stream can write: escapes stand for letters that it lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def cells(text: str) -> int:
    """Returns the columns that a text takes on a terminal."""
    return sum(_letter_cells(letter) for letter in text)


def _letter_cells(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def pad(text: str, width: int) -> str:
    """Returns text with blanks after it, up to the given columns."""
    return text + " " * (width - cells(text))


def shorten(text: str, width: int, ellipsis: str) -> str:
    """Returns text of at most `width` columns, ending in the ellipsis where it was cut."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room <= 0:
        return ellipsis[: max(width, 0)]
    kept = ""
    for letter in text:
        room -= _letter_cells(letter)
        if room < 0:
            break
        kept += letter
    return kept.rstrip() + ellipsis


def duration(seconds: float, *, tenths: bool = False) -> str:
    """Returns "9s" (with tenths "9.0s"), "2m 05s" or "1h 02m"."""
    if not math.isfinite(seconds):
        return "?"
    seconds = max(seconds, 0.0)
    if tenths and round(seconds, 1) < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest}s"
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def places(values: Iterable[float | None]) -> int:
    """Returns the digits after the point that suit all of the values."""
    known = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(known, default=0.0)
    if all(value.is_integer() for value in map(float, known)) or largest >= 1000:
        return 0
    return 3 if largest < 10 else 2 if largest < 100 else 1


def number(value: float | None, digits: int | None = None, *, signed: bool = False) -> str:
    """Returns a number for people: thousands in groups, as many digits as tell something.

    Args:
        value: The number; None where there is none.
        digits: Digits after the point; by default those that suit the size of the number.
        signed: Whether a number above zero gets a plus.
    """
    if value is None:
        return "n/a"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "−inf"
    size = abs(value)
    text = f"{size:,.{places([size]) if digits is None else digits}f}"
    lost = abs(float(text.replace(",", "")) - size)
    if size >= 1e15 or (size and lost > (size * MAX_LOSS if digits is None else size * 0.999)):
        text = f"{size:.2g}"
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return sign + text


def number_pair(value: float | None, limit: float, *, signed: bool = False) -> tuple[str, str]:
    """Returns both numbers alike, with enough digits to tell one from the other."""
    digits = places([value, limit])
    for more in range(digits, MAX_PLACES + 1):
        pair = number(value, more, signed=signed), number(limit, more, signed=signed)
        if value is None or value != value or value == limit or pair[0] != pair[1]:
            return pair
    return repr(value), repr(limit)
