"""The one error that reaches the user: what happened, what was expected, how to mend it."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A fault that the user can mend; shown without a traceback.

    Args:
        what: What happened, one sentence.
        expected: What was expected instead; may be empty.
        fix: How to mend it; may be empty.
    """

    def __init__(self, what: str, expected: str = "", fix: str = "") -> None:
        super().__init__(what, expected, fix)  # all of them: Beam and pickle copy an error by these
        self.what = what
        self.expected = expected
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class ConfigError(UserError):
    """The configuration, or a file that it names, cannot be used."""


class DataError(UserError):
    """The data cannot be read at all."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `did you mean "x"?` for the nearest known word, else the known words."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "known: " + ", ".join(choices)
