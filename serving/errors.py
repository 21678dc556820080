"""The one error of this room: what happened, what was expected, how to mend it."""

import difflib
from collections.abc import Iterable


class ServingError(Exception):
    """A fault of a file or of rows that the caller can mend.

    It has the shape of `usecase.errors.UserError`, which this room does without so that it can be
    copied to where it is needed.

    Args:
        what: What happened, one sentence.
        expected: What was expected instead; may be empty.
        fix: How to mend it; may be empty.
    """

    def __init__(self, what: str, expected: str = "", fix: str = "") -> None:
        super().__init__(what, expected, fix)  # all of them: pickle copies an error by these
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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns `did you mean "x"?` for the nearest known word, else the known words."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "known: " + ", ".join(choices)
